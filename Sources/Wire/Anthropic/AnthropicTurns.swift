import Base

/// Makes a conversation's messages into the system prompt and the turns of a Messages body. Source: wire-formats §2.7–§2.11.
struct AnthropicTurns {
  private(set) var system: [AnthropicBlock] = []
  private(set) var turns: [AnthropicTurn] = []
  private(set) var names: ToolNames
  private(set) var losses: [Loss] = []
  private let wire: ClientWire
  private let capabilities: Capabilities
  private let media: AnthropicMedia

  init(_ chat: Chat, for model: TargetModel, names: ToolNames) throws(Fault) {
    self.names = names
    wire = chat.wire
    capabilities = model.capabilities
    media = AnthropicMedia(chat: chat.wire, model: model)
    let history = AnthropicHistory(chat.messages, from: chat.wire)
    let arranged = Turns(history.messages)
    losses = history.losses + arranged.losses
    try read(arranged.messages)
    for position in turns.indices { turns[position].putReasoningFirst() }
    try endWithoutSpace()
  }

  private mutating func read(_ messages: [Message]) throws(Fault) {
    let start = messages.firstIndex { $0.role != .system } ?? messages.count
    for message in messages[..<start] { system += try blocks(of: message) }
    for position in start..<messages.count {
      let message = messages[position]
      guard message.role == .system else {
        add(try turn(message))
        continue
      }
      let next = messages[position...].first { $0.role != .system }
      try add(system: message, mayStay: next.map { $0.role == .assistant } ?? true)
    }
  }

  /// Adds a turn; one of the same role as the last becomes part of it.
  private mutating func add(_ turn: AnthropicTurn) {
    guard !turn.isEmpty else { return }
    guard let last = turns.indices.last, turns[last].role == turn.role else { return turns.append(turn) }
    turns[last].results += turn.results
    turns[last].blocks += turn.blocks
    turns[last].path = turn.path
  }

  /// A system turn may stand behind a user's turn, at the end or before an assistant's; else it is a user's words.
  private mutating func add(system message: Message, mayStay: Bool) throws(Fault) {
    let follows = turns.last?.role == .user || turns.last?.role == .system
    let stays = capabilities.midSystem && mayStay && follows
    var turn = AnthropicTurn(stays ? .system : .user, at: message.path)
    if stays {
      turn.blocks = try blocks(of: message)
    } else {
      turn.blocks = [.text(Emulation.system(message.text(separator: "\n")))]
      losses.append(Loss(message.path.text("role"), .downgraded))
    }
    add(turn)
  }

  private mutating func turn(_ message: Message) throws(Fault) -> AnthropicTurn {
    var turn = AnthropicTurn(message.role, at: message.path)
    for content in message.contents {
      guard case .result(let result) = content.part else {
        turn.blocks += try blocks(of: content)
        continue
      }
      turn.results.append(try block(of: result, content.path))
    }
    return turn
  }

  private mutating func blocks(of message: Message) throws(Fault) -> [AnthropicBlock] {
    var blocks: [AnthropicBlock] = []
    for content in message.contents { blocks += try self.blocks(of: content) }
    return blocks
  }

  private mutating func blocks(of content: Message.Content) throws(Fault) -> [AnthropicBlock] {
    switch content.part {
    case .text(let text, _), .refusal(let text): return text.isEmpty ? [] : [.text(text)]
    case .media(let media): return [try self.media.block(media, at: content.path, &losses)]
    case .call(let call): return [block(of: call, content.path)]
    case .result(let result): return [try block(of: result, content.path)]
    case .reasoning(let reasoning):
      switch reasoning.signature?.origin {
      case .anthropic: return [.thinking(reasoning.text, signature: reasoning.signature?.value ?? "")]
      case .anthropicRedacted: return [.redacted(reasoning.signature?.value ?? "")]
      default: return drop(content.path)
      }
    case .opaque: return drop(content.path)
    }
  }

  private mutating func drop(_ path: SourcePath) -> [AnthropicBlock] {
    losses.append(Loss(path.text(), .dropped))
    return []
  }

  private mutating func block(of call: ToolCall, _ path: SourcePath) -> AnthropicBlock {
    let name = names.upstream(call.name)
    if call.signature != nil { losses.append(Loss(path.text(wire == .gemini ? "thoughtSignature" : "extra_content"), .dropped)) }
    guard call.kind == .function else { return .call(id: call.id, name: name, input: ["input": JSON(call.arguments)]) }
    let input = ArgumentText(call.arguments).object
    if input == nil { losses.append(Loss(path.text(wire.member(.arguments)), .emulated)) }
    return .call(id: call.id, name: name, input: input ?? ArgumentText.emulated(call.arguments))
  }

  private mutating func block(of result: ToolResult, _ path: SourcePath) throws(Fault) -> AnthropicBlock {
    var content: [AnthropicBlock] = []
    for part in result.parts {
      // A call or a result has no place inside a result.
      if case .result = part { continue }
      if case .call = part { continue }
      content += try blocks(of: Message.Content(part, at: path))
    }
    return .result(id: result.id, content, isError: result.isError)
  }

  /// The last turn may be the assistant's, whose answer goes on from there; its text must not end in white space.
  private mutating func endWithoutSpace() throws(Fault) {
    guard let last = turns.indices.last, turns[last].role == .assistant else { return }
    let path = turns[last].path
    guard capabilities.prefill else {
      throw Fault(
        .invalid, "This model can't go on from an assistant's message; end with a user's.", code: "unsupported_content", param: path.text())
    }
    guard let end = turns[last].blocks.indices.last, case .text(let text) = turns[last].blocks[end] else { return }
    let trimmed = text.reversed().drop(while: \.isWhitespace).reversed()
    guard trimmed.count < text.count else { return }
    losses.append(Loss(path.text(wire == .gemini ? "parts" : "content"), .truncated))
    if trimmed.isEmpty { turns[last].blocks.removeLast() } else { turns[last].blocks[end] = .text(String(trimmed)) }
    if turns[last].isEmpty { turns.removeLast() }
  }
}
