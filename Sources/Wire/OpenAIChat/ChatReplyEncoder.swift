import Base

/// Writes a whole Chat reply. Source: wire-formats §3.1, §6.1.
package struct ChatReplyEncoder: ReplyEncoder {
  private let model: String
  private let id: String?
  private let created: Int
  private let takesID: Bool
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client of another wire's upstream: the id is the gateway's own. Source: wire-formats §2.5.
  package init(_ context: ReplyContext) {
    model = context.model
    id = context.id
    created = context.created
    takesID = false
  }

  /// An encoder for the same wire, for a client that asked for `model`; `id` nil takes the upstream's, or a new one. `created` is Unix
  /// time in seconds.
  package init(model: String, id: String? = nil, created: Int) {
    self.model = model
    self.id = id
    self.created = created
    takesID = true
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    losses += reply.losses
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("id", id ?? (takesID ? reply.head.id : nil) ?? Identifier.make("chatcmpl-"))
    writer.member("object", "chat.completion")
    writer.member("created", reply.head.created ?? created)
    writer.member("model", model)
    for member in reply.head.extra { writer.member(member.name, member.value) }
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
    writer.beginObject()
    writer.member("index", candidate.index)
    writer.key("message")
    var message = ChatMessage(candidate.parts)
    if !takesID { message.fitIDs() }
    losses += message.losses
    message.write(&writer)
    writer.key("logprobs")
    if candidate.logprobs.isEmpty { writer.null() } else { write(candidate.logprobs, &writer) }
    // What broke off has no reason to tell.
    let finish = candidate.finish ?? (isComplete ? .stop : nil)
    if let loss = finish?.chatLoss(sequence: candidate.stopSequence) { losses.append(loss) }
    writer.key("finish_reason")
    if let finish { writer.value(finish.chat) } else { writer.null() }
    writer.endObject()
  }

  /// Writes the pieces of a stream's logprobs as one.
  private func write(_ pieces: [JSON], _ writer: inout JSONWriter) {
    writer.beginObject()
    for name in ["content", "refusal"] {
      let lists = pieces.compactMap { $0[name] }.filter { $0.kind == .array }
      writer.key(name)
      if lists.isEmpty {
        writer.null()
        continue
      }
      writer.beginArray()
      for list in lists {
        for element in list.elements { writer.value(element) }
      }
      writer.endArray()
    }
    writer.endObject()
  }
}

/// The parts of a candidate, sorted into the members of a Chat message.
private struct ChatMessage {
  private var text = ""
  private var hasText = false
  private var refusal: String?
  private var thoughts: [Reasoning] = []
  private var calls: [ToolCall] = []
  private var citations: [Citation] = []
  private var images: [Media] = []
  private(set) var losses: [Loss] = []

  init(_ parts: [Part]) {
    for (number, part) in parts.enumerated() {
      switch part {
      case .text(let more, let cited):
        text += more
        hasText = true
        citations += cited
      case .refusal(let words): refusal = (refusal ?? "") + words
      case .reasoning(let thought): thoughts.append(thought)
      case .call(let call): calls.append(call)
      case .media(let media) where media.kind == .image: images.append(media)
      case .result, .media, .opaque: losses.append(Loss("content[\(number)]", .dropped))
      }
    }
  }

  /// Cuts the ids that this wire is too short for. Source: wire-formats §2.5.
  mutating func fitIDs() {
    for (number, call) in calls.enumerated() {
      calls[number].id = CallIDs.shown(call.id, .chat)
      if calls[number].id != call.id { losses.append(Loss("tool_calls[\(number)].id", .renamed)) }
    }
  }

  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", "assistant")
    writer.key("content")
    if hasText { writer.value(text) } else { writer.null() }
    writer.key("refusal")
    if let refusal { writer.value(refusal) } else { writer.null() }
    let thinking = thoughts.map(\.text).joined()
    if !thinking.isEmpty { writer.member("reasoning_content", thinking) }
    let signed = thoughts.filter { $0.signature != nil }
    if !signed.isEmpty { ChatMembers.details(signed, from: 0, &writer) }
    if !calls.isEmpty { ChatMembers.calls(calls, from: nil, &writer) }
    if !citations.isEmpty { ChatMembers.annotations(citations, &writer) }
    if !images.isEmpty { ChatMembers.images(images, from: 0, &writer) }
    writer.endObject()
  }
}
