import Base

/// Writes events as a Chat stream. Source: wire-formats §3.1, §7.2.
package struct ChatStreamEncoder: Sendable {
  /// What an open part is on this wire.
  private enum Open: Sendable {
    case text, refusal, silent
    case reasoning(text: String, signature: Signature?)
    case call(number: Int, isFreeform: Bool, hasArguments: Bool)
  }

  private let model: String
  private let showsUsage: Bool
  private var id: String?
  private var created: Int
  private var extra: [ReplyHead.Extra] = []
  private var parts: [Place: Open] = [:]
  private var callCounts: [Int: Int] = [:]
  private var detailCounts: [Int: Int] = [:]
  private var usage: Usage?
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client that asked for `model`; `id` nil takes the upstream's, or a new one. `created` is Unix time in seconds.
  ///
  /// `showsUsage`: the client asked for `stream_options.include_usage`.
  package init(model: String, id: String? = nil, created: Int, showsUsage: Bool) {
    self.model = model
    self.id = id
    self.created = created
    self.showsUsage = showsUsage
  }

  /// Appends the events of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .start(let head): start(head)
    case .candidate(let index):
      chunk(index, &bytes) { delta in
        delta.member("role", "assistant")
        delta.member("content", "")
      }
    case .open(let place, let part): open(place, part, &bytes)
    case .delta(let place, let text): grow(place, text, &bytes)
    case .signature(let place, let signature): sign(place, signature, &bytes)
    case .citation(let place, let citation): chunk(place.candidate, &bytes) { ChatMembers.annotations([citation], &$0) }
    case .close(let place): close(place, &bytes)
    case .logprobs(let index, let json): chunk(index, &bytes, choice: { $0.member("logprobs", json) }, delta: { _ in })
    case .finish(let index, let reason, let sequence):
      if let loss = reason.chatLoss(sequence: sequence) { losses.append(loss) }
      chunk(index, &bytes, finish: reason.chat) { _ in }
    case .usage(let usage): self.usage = usage
    case .loss(let loss): losses.append(loss)
    case .end: end(&bytes)
    }
  }

  private mutating func start(_ head: ReplyHead) {
    id = id ?? head.id
    created = head.created ?? created
    extra = head.extra
  }

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    switch part {
    case .text(let text, let citations):
      parts[place] = .text
      grow(place, text, &bytes)
      if !citations.isEmpty { chunk(place.candidate, &bytes) { ChatMembers.annotations(citations, &$0) } }
    case .refusal(let text):
      parts[place] = .refusal
      grow(place, text, &bytes)
    case .reasoning(let reasoning):
      parts[place] = .reasoning(text: "", signature: reasoning.signature)
      grow(place, reasoning.text, &bytes)
    case .call(let call): open(place, call, &bytes)
    case .media(let media):
      parts[place] = .silent
      guard media.kind == .image else { return losses.append(Loss(media.kind.rawValue, .dropped)) }
      chunk(place.candidate, &bytes) { ChatMembers.images([media], &$0) }
    case .result, .opaque:
      parts[place] = .silent
      losses.append(Loss("content[\(place.part)]", .dropped))
    }
  }

  private mutating func open(_ place: Place, _ call: ToolCall, _ bytes: inout [UInt8]) {
    let number = callCounts[place.candidate, default: 0]
    callCounts[place.candidate] = number + 1
    parts[place] = .call(number: number, isFreeform: call.kind == .freeform, hasArguments: !call.arguments.isEmpty)
    chunk(place.candidate, &bytes) { ChatMembers.calls([call], from: number, &$0) }
  }

  private mutating func grow(_ place: Place, _ text: String, _ bytes: inout [UInt8]) {
    guard !text.isEmpty, let part = parts[place] else { return }
    switch part {
    case .text: chunk(place.candidate, &bytes) { $0.member("content", text) }
    case .refusal: chunk(place.candidate, &bytes) { $0.member("refusal", text) }
    case .reasoning(let known, let signature):
      parts[place] = .silent  // releases the text, so that it grows in place
      parts[place] = .reasoning(text: known + text, signature: signature)
      chunk(place.candidate, &bytes) { $0.member("reasoning_content", text) }
    case .call(let number, let isFreeform, _):
      parts[place] = .call(number: number, isFreeform: isFreeform, hasArguments: true)
      chunk(place.candidate, &bytes) { ChatMembers.arguments(text, isFreeform: isFreeform, of: number, &$0) }
    case .silent: break
    }
  }

  private mutating func sign(_ place: Place, _ signature: Signature, _ bytes: inout [UInt8]) {
    switch parts[place] {
    case .reasoning(let text, _): parts[place] = .reasoning(text: text, signature: signature)
    case .call(let number, _, _): chunk(place.candidate, &bytes) { ChatMembers.signature(signature, of: number, &$0) }
    case nil: detail(place, Reasoning(signature: signature), &bytes)  // came behind the part
    default: break
    }
  }

  private mutating func close(_ place: Place, _ bytes: inout [UInt8]) {
    switch parts.removeValue(forKey: place) {
    case .reasoning(let text, let signature?): detail(place, Reasoning(text, signature: signature), &bytes)
    case .call(let number, isFreeform: false, hasArguments: false):
      chunk(place.candidate, &bytes) { ChatMembers.arguments("{}", isFreeform: false, of: number, &$0) }
    default: break
    }
  }

  private mutating func detail(_ place: Place, _ reasoning: Reasoning, _ bytes: inout [UInt8]) {
    let number = detailCounts[place.candidate, default: 0]
    detailCounts[place.candidate] = number + 1
    chunk(place.candidate, &bytes) { ChatMembers.details([reasoning], from: number, &$0) }
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    if showsUsage {
      if usage == nil { losses.append(Loss("usage", .synthesized)) }
      let usage = usage ?? Usage()
      event(&bytes) { writer in
        writer.key("choices")
        writer.beginArray()
        writer.endArray()
        writer.key("usage")
        usage.writeChat(&writer)
      }
    }
    bytes += Array("data: [DONE]\n\n".utf8)
  }

  // MARK: Chunks

  private mutating func chunk(
    _ index: Int, _ bytes: inout [UInt8], finish: String? = nil, choice: (inout JSONWriter) -> Void = { _ in },
    delta: (inout JSONWriter) -> Void
  ) {
    let hasUsage = showsUsage
    event(&bytes) { writer in
      writer.key("choices")
      writer.beginArray()
      writer.beginObject()
      writer.member("index", index)
      writer.key("delta")
      writer.beginObject()
      delta(&writer)
      writer.endObject()
      choice(&writer)
      writer.key("finish_reason")
      if let finish { writer.value(finish) } else { writer.null() }
      writer.endObject()
      writer.endArray()
      if hasUsage {
        writer.key("usage")
        writer.null()
      }
    }
  }

  private mutating func event(_ bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    let name = id ?? Identifier.make("chatcmpl-")
    id = name
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", name)
    writer.member("object", "chat.completion.chunk")
    writer.member("created", created)
    writer.member("model", model)
    for member in extra { writer.member(member.name, member.value) }
    members(&writer)
    writer.endObject()
    bytes += "data: ".utf8
    bytes += writer.bytes
    bytes += "\n\n".utf8
  }
}
