import Base

/// Writes a whole Messages reply: what its stream folds to. Source: wire-formats §3.3, §6.3.
package struct AnthropicReplyEncoder: ReplyEncoder {
  private let model: String
  private let id: String
  /// What changed its meaning on the way, the upstream's side included.
  package private(set) var losses: [Loss] = []

  /// An encoder for a reply.
  package init(_ context: ReplyContext) {
    model = context.model
    id = context.id ?? Identifier.make("msg_")
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    losses += reply.losses
    for candidate in reply.candidates where candidate.index != 0 { losses.append(Loss("choices[\(candidate.index)]", .dropped)) }
    let candidate = reply.candidates.first { $0.index == 0 } ?? Reply.Candidate(0)
    var content = AnthropicContent(candidate, isBlocked: reply.head.isBlocked)
    losses += content.losses
    if !candidate.logprobs.isEmpty { losses.append(Loss("logprobs", .dropped)) }
    if reply.usage == nil { losses.append(Loss("usage", .synthesized)) }
    let finish = AnthropicFinish(
      candidate.finish ?? .stop, sequence: candidate.stopSequence, refusal: content.refusal, hasCalls: content.hasCalls)
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    AnthropicReplyMembers.head(id: id, model: model, &writer)
    content.write(&writer)
    AnthropicReplyMembers.end(finish, finish.explanation, &writer)
    writer.key("usage")
    (reply.usage ?? Usage()).writeMessages(&writer)
    writer.endObject()
    return writer.bytes
  }
}

/// The parts of a candidate as blocks.
private struct AnthropicContent {
  private var blocks: [AnthropicBlock] = []
  private var ids = CallIDs(.messages)
  private var calls = 0
  private(set) var refusal = ""
  private(set) var losses: [Loss] = []

  var hasCalls: Bool { blocks.contains { if case .call = $0 { true } else { false } } }

  init(_ candidate: Reply.Candidate, isBlocked: Bool) {
    let last = candidate.parts.lastIndex { if case .call = $0 { true } else { false } }
    for (number, part) in candidate.parts.enumerated() {
      switch part {
      case .text(let text, let citations):
        if !text.isEmpty { blocks.append(.text(text)) }
        if !citations.isEmpty { lose("annotations") }
      case .refusal(let text):
        refusal += text
        if !text.isEmpty, !isBlocked { blocks.append(.text(text)) }
      case .reasoning(let reasoning): add(reasoning)
      case .call(let call): add(call, isCut: number == last && candidate.finish == .length)
      case .media(let media): lose(media.kind.rawValue)
      case .result, .opaque: lose("content[\(number)]")
      }
    }
  }

  mutating func write(_ writer: inout JSONWriter) {
    writer.key("content")
    writer.beginArray()
    for block in blocks { block.write(&writer) }
    writer.endArray()
  }

  private mutating func add(_ reasoning: Reasoning) {
    let signature = reasoning.signature?.messages
    if reasoning.signature != nil, signature == nil { lose("signature") }
    guard !reasoning.text.isEmpty || signature != nil else { return }
    blocks.append(.thinking(reasoning.text, signature: signature ?? ""))
  }

  private mutating func add(_ call: ToolCall, isCut: Bool) {
    let number = calls
    calls += 1
    if isCut, call.kind == .function, ArgumentText(call.arguments).object == nil { return lose("tool_calls[\(number)]") }
    if let signature = call.signature { sign(signature) }
    let id = ids.outgoing(call.id)
    if id != call.id { losses.append(Loss("tool_calls[\(number)].id", call.id.isEmpty ? .synthesized : .renamed)) }
    let (input, loss) = AnthropicInput.object(call.arguments, call.kind, number: number)
    if let loss { losses.append(loss) }
    blocks.append(.call(id: id, name: call.name, input: input))
  }

  /// A call's signature closes the thought before it, or stands in an empty one. Source: wire-formats §2.7.
  private mutating func sign(_ signature: Signature) {
    guard let text = AnthropicBlockQueue.text(next: signature) else { return lose("signature") }
    guard case .thinking(let thought, let known) = blocks.last, known.isEmpty || known == text else {
      return blocks.append(.thinking("", signature: text))
    }
    blocks[blocks.count - 1] = .thinking(thought, signature: text)
  }

  private mutating func lose(_ path: String) {
    let loss = Loss(path, .dropped)
    if !losses.contains(loss) { losses.append(loss) }
  }
}
