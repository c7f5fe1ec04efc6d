import Base

/// Writes a whole Gemini reply: what the stream of the same events folds to. Source: wire-formats §3.4, §6.4.
package struct GeminiReplyEncoder: ReplyEncoder {
  private let context: ReplyContext
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client that asked with this context; its reply's id is the gateway's own.
  package init(_ context: ReplyContext) {
    self.context = context
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    losses += reply.losses
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("candidates")
    writer.beginArray()
    for candidate in reply.candidates { write(candidate, &writer) }
    writer.endArray()
    writer.member("modelVersion", context.model)
    writer.member("responseId", context.id ?? Identifier.make(""))
    if let usage = reply.usage {
      writer.key("usageMetadata")
      usage.writeGemini(&writer)
    }
    writer.endObject()
    return writer.bytes
  }

  private mutating func write(_ candidate: Reply.Candidate, _ writer: inout JSONWriter) {
    let finish = candidate.finish ?? .stop
    if let loss = finish.chatLoss(sequence: candidate.stopSequence) { losses.append(loss) }
    writer.beginObject()
    writer.member("content", ["role": "model", "parts": .array(parts(candidate, finish))])
    writer.member("index", candidate.index)
    writer.member("finishReason", finish.gemini)
    let tokens = GeminiLogprobs.tokens(candidate.logprobs)
    if !tokens.isEmpty {
      var average = GeminiAverage()
      average.add(tokens)
      if let value = average.value { writer.member("avgLogprobs", value) }
      GeminiLogprobs.write(tokens, &writer)
    }
    writer.endObject()
  }

  private mutating func parts(_ candidate: Reply.Candidate, _ finish: FinishReason) -> [JSON] {
    var parts: [JSON] = []
    var number = 0
    let lastCall = candidate.parts.lastIndex { if case .call = $0 { true } else { false } }
    for (position, part) in candidate.parts.enumerated() {
      switch part {
      case .text(let text, let citations):
        if !citations.isEmpty { lose("annotations") }
        if !text.isEmpty { parts.append(["text": JSON(text)]) }
      case .refusal(let text): if !text.isEmpty { parts.append(["text": JSON(text)]) }
      case .reasoning(let reasoning): if let thought = thought(reasoning) { parts.append(thought) }
      case .call(let call):
        let isCut = position == lastCall && (finish == .length || finish == .contextWindow) && !GeminiParts.isWhole(call)
        if isCut { losses.append(Loss("tool_calls[\(number)]", .dropped)) } else { parts.append(self.part(of: call, number)) }
        number += 1
      case .media(let media):
        guard let made = GeminiParts.media(media) else {
          lose(media.kind.rawValue)
          continue
        }
        parts.append(made)
      case .result, .opaque: lose("content[\(position)]")
      }
    }
    return parts
  }

  private mutating func lose(_ path: String) {
    let loss = Loss(path, .dropped)
    if !losses.contains(loss) { losses.append(loss) }
  }

  private mutating func part(of call: ToolCall, _ number: Int) -> JSON {
    var bytes: [UInt8] = []
    if let loss = GeminiParts.call(call, number: number, into: &bytes) { losses.append(loss) }
    return (try? JSON(parsing: bytes)) ?? [:]  // what was written is JSON
  }

  private mutating func thought(_ reasoning: Reasoning) -> JSON? {
    let signature = reasoning.signature.flatMap(GeminiSignature.text)
    if reasoning.signature != nil, signature == nil { lose("signature") }
    guard !reasoning.text.isEmpty || signature != nil else { return nil }
    var members: [(String, JSON)] = [("text", JSON(reasoning.text)), ("thought", true)]
    if let signature { members.append(("thoughtSignature", JSON(signature))) }
    return .object(members)
  }
}
