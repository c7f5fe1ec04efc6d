import Base

/// Writes a whole reply of the legacy completions. Source: wire-formats §11.
package struct CompletionsReplyEncoder: ReplyEncoder {
  private let context: ReplyContext
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client's request.
  package init(_ context: ReplyContext) {
    self.context = context
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    losses += reply.losses
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("id", context.id ?? Identifier.make("cmpl-"))
    writer.member("object", "text_completion")
    writer.member("created", reply.head.created ?? context.created)
    writer.member("model", context.model)
    writer.key("choices")
    writer.beginArray()
    for candidate in reply.candidates { write(candidate, isComplete: reply.isComplete, &writer) }
    writer.endArray()
    if let usage = reply.usage {
      writer.key("usage")
      usage.writeChat(&writer)
    }
    writer.endObject()
    return writer.bytes
  }

  private mutating func write(_ candidate: Reply.Candidate, isComplete: Bool, _ writer: inout JSONWriter) {
    var text = ""
    for (number, part) in candidate.parts.enumerated() {
      switch part {
      case .text(let more, _), .refusal(let more): text += more
      case .reasoning, .call, .result, .media, .opaque: losses.append(Loss("content[\(number)]", .dropped))
      }
    }
    // What broke off has no reason to tell.
    let finish = candidate.finish ?? (isComplete ? .stop : nil)
    if let loss = finish?.completionsLoss(sequence: candidate.stopSequence) { losses.append(loss) }
    writer.beginObject()
    writer.member("index", candidate.index)
    writer.member("text", text)
    writer.member("logprobs", JSON.null)
    writer.key("finish_reason")
    if let finish { writer.value(finish.completions) } else { writer.null() }
    writer.endObject()
  }
}
