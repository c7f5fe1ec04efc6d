import Base

extension ChatRequestEncoder {
  /// Writes the turns. Source: wire-formats §2.9, §2.10, §5.
  ///
  /// Results become messages of their own. What can't stand in them (images, files) waits for the user message that follows, or gets one.
  mutating func writeMessages() throws(Fault) {
    let turns = Turns(chat.messages)
    losses += turns.losses
    var waiting: [ChatContent] = []
    var count = 0
    writer.key("messages")
    writer.beginArray()
    for message in turns.messages {
      let isResults = message.contents.contains(where: \.part.isResult)
      if message.role != .user || isResults, !waiting.isEmpty {
        write("user", waiting)
        waiting = []
      }
      count += 1
      switch message.role {
      case .system: write("system", try parts(of: message))
      case .assistant: if try !writeAnswer(message) { count -= 1 }
      case .user where isResults: waiting = try writeResults(message)
      case .user:
        let parts = try parts(of: message)
        if waiting.isEmpty, parts.isEmpty { count -= 1 } else { write("user", waiting + parts) }
        waiting = []
      }
    }
    if !waiting.isEmpty { write("user", waiting) }
    writer.endArray()
    guard count > 0 else { throw noMessages() }
  }

  private func noMessages() -> Fault {
    let list =
      switch chat.wire {
      case .chat, .messages: "messages"
      case .responses: "input"
      case .gemini: "contents"
      case .completions: "prompt"
      }
    return Fault(.invalid, "There is no message left that could be sent; give it some text.", code: "unsupported_content", param: list)
  }

  private mutating func write(_ role: String, _ parts: [ChatContent]) {
    writer.beginObject()
    writer.member("role", role)
    writer.key("content")
    ChatContent.write(parts, &writer)
    writer.endObject()
  }

  /// The parts of a user's or a system turn.
  private mutating func parts(of message: Message) throws(Fault) -> [ChatContent] {
    var parts: [ChatContent] = []
    for content in message.contents {
      switch content.part {
      case .text(let text, _), .refusal(let text): parts.append(.text(text))
      case .media(let media): parts.append(try self.content(media, at: content.path))
      case .reasoning, .call, .result, .opaque: drop(content)
      }
    }
    return parts
  }

  private mutating func drop(_ content: Message.Content) {
    let loss = Loss(content.path.text(), .dropped)
    if losses.last != loss { losses.append(loss) }
  }

  // MARK: Results

  /// Writes a message for each result; gives what must stand in a user message behind them.
  private mutating func writeResults(_ message: Message) throws(Fault) -> [ChatContent] {
    var behind: [ChatContent] = []
    for content in message.contents {
      switch content.part {
      case .result(let result): try writeResult(result, content.path, &behind)
      case .media(let media): behind.append(try self.content(media, at: content.path))
      case .text(let text, _): behind.append(.text(text))
      default: drop(content)
      }
    }
    return behind
  }

  private mutating func writeResult(_ result: ToolResult, _ path: SourcePath, _ behind: inout [ChatContent]) throws(Fault) {
    let id = ids.outgoing(result.id)
    var texts: [String] = []
    var kind: Media.Kind?
    for (position, part) in result.parts.enumerated() {
      if case .text(let text, _) = part { texts.append(text) }
      guard case .media(let media) = part else { continue }
      let content = try self.content(media, at: path)
      if case .text(let text) = content {
        texts.append(text)
        continue
      }
      kind = kind ?? media.kind
      behind.append(.text(media.kind == .image ? Emulation.image(of: id) : "[\(media.kind.rawValue) from tool result \(id)]"))
      behind.append(content)
      losses.append(Loss(path.text(mediaMember(position, result)), .emulated))
    }
    var text = texts.joined(separator: "\n")
    if text.isEmpty, let kind { text = kind == .image ? Emulation.imageBelow : "[\(kind.rawValue) attached below]" }
    writer.beginObject()
    writer.member("role", "tool")
    writer.member("tool_call_id", id)
    writer.member("content", failed(result, text, path))
    writer.endObject()
  }

  /// Where a medium stands in a result, by the client's words.
  private func mediaMember(_ position: Int, _ result: ToolResult) -> String {
    switch chat.wire {
    case .responses: return "output[\(position)]"
    case .gemini:
      let before = result.parts.prefix(position).count { if case .media = $0 { true } else { false } }
      return "functionResponse.parts[\(before)]"
    default: return "content[\(position)]"
    }
  }

  /// A result's text, with the mark of a failure where only that tells it. A Gemini result's object tells it by itself.
  private mutating func failed(_ result: ToolResult, _ text: String, _ path: SourcePath) -> String {
    if let object = result.object {
      guard object.count == 1, let output = object["output"]?.string else { return ArgumentText.compact(object) }
      return output
    }
    guard result.isError else { return text }
    if text != Emulation.noResult { losses.append(Loss(path.text(chat.wire.member(.isError)), .emulated)) }
    return Emulation.error(text)
  }

  // MARK: Answers

  /// Writes an assistant's turn; false when nothing of it is left.
  private mutating func writeAnswer(_ message: Message) throws(Fault) -> Bool {
    var texts: [ChatContent] = []
    var refusal = ""
    var calls: [(call: ToolCall, path: SourcePath)] = []
    var thoughts: [Reasoning] = []
    for content in message.contents {
      switch content.part {
      case .text(let text, _): texts.append(.text(text))
      case .refusal(let text): if isOfficial { refusal += text } else { texts.append(.text(text)) }
      case .call(let call): calls.append((call, content.path))
      case .reasoning(let thought):
        if replays(thought) { thoughts.append(thought) } else { drop(content) }
      case .media(let media): throw Self.unfit("\(media.kind.rawValue) in the assistant's own turns", content.path)
      case .result, .opaque: drop(content)
      }
    }
    guard !texts.isEmpty || !refusal.isEmpty || !calls.isEmpty || !thoughts.isEmpty else { return false }
    writer.beginObject()
    writer.member("role", "assistant")
    writer.key("content")
    if !texts.isEmpty {
      ChatContent.write(texts, &writer)
    } else if calls.isEmpty, refusal.isEmpty {
      writer.value("")
    } else {
      writer.null()
    }
    if !refusal.isEmpty { writer.member("refusal", refusal) }
    writeThoughts(thoughts)
    if !calls.isEmpty { write(calls) }
    writer.endObject()
    return true
  }

  /// Whether a thought goes back up: its text where the dialect insists on it, its signature where it is a Chat upstream's own.
  private func replays(_ thought: Reasoning) -> Bool {
    dialect.reasoningReplay == .required && !thought.text.isEmpty || isOwn(thought)
  }

  /// Whether a thought is signed by a Chat upstream. The official API knows no `reasoning_details`.
  private func isOwn(_ thought: Reasoning) -> Bool {
    guard !isOfficial, let origin = thought.signature?.origin else { return false }
    return origin == .chat || origin == .chatEncrypted
  }

  /// Source: wire-formats §2.7, §4 `reasoning_replay`.
  private mutating func writeThoughts(_ thoughts: [Reasoning]) {
    if dialect.reasoningReplay == .required { writer.member("reasoning_content", thoughts.map(\.text).joined()) }
    let own = thoughts.filter(isOwn)
    if !own.isEmpty { ChatMembers.details(own, from: 0, &writer) }
  }

  private mutating func write(_ calls: [(call: ToolCall, path: SourcePath)]) {
    writer.key("tool_calls")
    writer.beginArray()
    for (call, path) in calls { write(call, path) }
    writer.endArray()
  }

  private mutating func write(_ call: ToolCall, _ path: SourcePath) {
    let id = ids.outgoing(call.id)
    if id != call.id { losses.append(Loss(path.text(chat.wire.member(.callID)), call.id.isEmpty ? .synthesized : .renamed)) }
    let isCustom = call.kind == .freeform && dialect.customTools
    let type = isCustom ? "custom" : "function"
    let name = upstreamName(call.name)
    writer.beginObject()
    writer.member("id", id)
    writer.member("type", type)
    writer.key(type)
    writer.beginObject()
    writer.member("name", name)
    if isCustom { writer.member("input", call.arguments) } else { writer.member("arguments", Self.arguments(call)) }
    writer.endObject()
    write(call.signature, path)
    writer.endObject()
  }

  /// The arguments' text; free text becomes the one parameter that stands for it. Source: wire-formats §2.11, §4 `custom_tools`.
  private static func arguments(_ call: ToolCall) -> String {
    guard call.kind == .freeform else { return call.arguments.isEmpty ? "{}" : call.arguments }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("input", call.arguments)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// A Gemini signature on a call goes up only as the Chat client's own member. Source: wire-formats §2.7.
  private mutating func write(_ signature: Signature?, _ path: SourcePath) {
    guard let signature else { return }
    if chat.wire == .chat {
      ChatMembers.extra(signature, &writer)
    } else {
      losses.append(Loss(path.text(chat.wire == .gemini ? "thoughtSignature" : "signature"), .dropped))
    }
  }
}
