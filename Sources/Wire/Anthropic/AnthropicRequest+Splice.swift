package import Base

extension AnthropicRequest {
  /// The client's own body for a Messages upstream, as splices: the model's name, and what this model or any Anthropic model refuses.
  ///
  /// Every byte that isn't concerned stays as it is. Bodies for `count_tokens` go the same way. `.invalid` for a conversation that ends
  /// in the assistant's turn, or holds documents, where the model takes none. Source: wire-formats §2.1, §2.2, §2.7, §5.3.
  package static func splice(_ body: JSON, for model: TargetModel) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    var edit = JSONEdit(body)
    var splice = AnthropicSplice(model.capabilities)
    edit.set("model", to: JSON(model.name), in: body)
    if model.capabilities.sampling == .none { splice.dropSampling(body, &edit) }
    if model.capabilities.toolChoice == .autoOnly { splice.freeChoice(body, &edit) }
    if let messages = body["messages"], messages.kind == .array, messages.count > 0 {
      try splice.change(messages, system: body["system"], in: body, &edit)
    }
    return (edit.bytes(), splice.losses)
  }
}

/// The changes inside a Messages body that stays one.
struct AnthropicSplice {
  private(set) var losses: [Loss] = []
  private let capabilities: Capabilities
  /// The messages as they go up; most as they came.
  private var messages: [JSON] = []
  private var isChanged = false
  private var raised: [JSON] = []

  init(_ capabilities: Capabilities) {
    self.capabilities = capabilities
  }

  mutating func dropSampling(_ body: JSON, _ edit: inout JSONEdit) {
    for name in ["temperature", "top_p", "top_k"] {
      guard let value = body[name] else { continue }
      edit.remove(name, from: body)
      let isUsual = value.isNull || (name != "top_k" && value.double == 1)
      if !isUsual { losses.append(Loss(name, .dropped)) }
    }
  }

  /// A choice that forces a call becomes a free one.
  mutating func freeChoice(_ body: JSON, _ edit: inout JSONEdit) {
    guard let choice = body["tool_choice"], let type = choice["type"], ["any", "tool"].contains(type.string) else { return }
    edit.set("type", to: "auto", in: choice)
    edit.remove("name", from: choice)
    losses.append(Loss("tool_choice", .downgraded))
  }

  mutating func change(_ list: JSON, system: JSON?, in body: JSON, _ edit: inout JSONEdit) throws(Fault) {
    for (position, message) in list.elements.enumerated() { try add(message, at: position) }
    guard let last = messages.last else {
      throw Fault(.invalid, "No message is left to answer.", code: "unsupported_content", param: "messages")
    }
    if !capabilities.prefill, last["role"]?.string == "assistant" {
      throw Fault(
        .invalid, "This model can't go on from an assistant's message; end with a user's.", code: "unsupported_content", param: "messages")
    }
    guard isChanged else { return }
    if isInUnsignedLoop, body.at("thinking.type")?.string == "enabled" {
      edit.remove("thinking", from: body)
      losses.append(Loss("thinking", .dropped))
    }
    edit.replace(list, with: .array(messages))
    guard !raised.isEmpty else { return }
    let own = system.map { system in system.string.map { [Self.text($0)] } ?? Array(system.elements) } ?? []
    edit.set("system", to: .array(own + raised), in: body)
  }

  private mutating func add(_ message: JSON, at position: Int) throws(Fault) {
    if message["role"]?.string == "system", !capabilities.midSystem { return addSystem(message, at: position) }
    guard let content = message["content"], content.kind == .array else { return messages.append(message) }
    var blocks: [JSON] = []
    var hasChanges = false
    for (number, block) in content.elements.enumerated() {
      switch block["type"]?.string {
      case "thinking":
        let kept = Self.thinking(block)
        if kept == nil { losses.append(Loss("messages[\(position)].content[\(number)]", .dropped)) }
        hasChanges = hasChanges || kept?.isSame != true
        if let kept { blocks.append(kept.block) }
      case "document" where !capabilities.documents:
        throw AnthropicBlockReader.unsupported("This model can't take documents.", "messages[\(position)].content[\(number)]")
      default: blocks.append(block)
      }
    }
    guard hasChanges else { return messages.append(message) }
    isChanged = true
    guard !blocks.isEmpty else { return }
    var edit = JSONEdit(message)
    edit.replace(content, with: .array(blocks))
    messages.append((try? JSON(parsing: edit.bytes())) ?? message)  // an edited value is JSON
  }

  /// Whether the last turn answers calls of a turn whose reasoning had to go: thinking with a budget is refused then.
  /// Source: wire-formats §2.6.
  private var isInUnsignedLoop: Bool {
    func has(_ message: JSON?, _ types: Set<String>) -> Bool {
      (message?["content"] ?? .null).elements.contains { types.contains($0["type"]?.string ?? "") }
    }
    let assistant = messages.last { $0["role"]?.string == "assistant" }
    return has(messages.last, ["tool_result"]) && !has(assistant, ["thinking", "redacted_thinking"])
  }

  /// A thinking block as it goes up, nil for one that Anthropic never signed: it would refuse the whole request.
  private static func thinking(_ block: JSON) -> (block: JSON, isSame: Bool)? {
    guard let text = block["signature"]?.string, !text.isEmpty else { return nil }
    guard text.hasPrefix("apus1:") else { return (block, true) }
    guard let signature = Signature(envelope: text) else { return nil }
    switch signature.origin {
    case .anthropic:
      return (["type": "thinking", "thinking": block["thinking"] ?? "", "signature": JSON(signature.value)], false)
    case .anthropicRedacted: return (["type": "redacted_thinking", "data": JSON(signature.value)], false)
    default: return nil
    }
  }

  /// A system turn where the model takes none: in front it joins the system prompt, later it is a user's words.
  private mutating func addSystem(_ message: JSON, at position: Int) {
    isChanged = true
    let content = message["content"] ?? .null
    if messages.isEmpty {
      raised += content.string.map { [Self.text($0)] } ?? Array(content.elements)
      return
    }
    let text = content.string ?? content.elements.compactMap { $0["text"]?.string }.joined(separator: "\n")
    losses.append(Loss("messages[\(position)].role", .downgraded))
    messages.append(["role": "user", "content": JSON(Emulation.system(text))])
  }

  private static func text(_ text: String) -> JSON { ["type": "text", "text": JSON(text)] }
}
