import Base

/// Reads a Responses request. Source: formats/datasets.md §9.1.
struct ResponsesQuestion {
  private(set) var question = Question()
  private var hasText = false

  /// `history` are the items that a previous response stands for; nil where they aren't known.
  init(_ body: JSON, history: [JSON]? = nil, _ notes: inout Notes) {
    if let text = body["instructions"], text.kind == .string { question.messages.append(Spoken(.system, [.text(notes.text(text))])) }
    if body["previous_response_id"]?.present != nil, history == nil { notes.refuse(.missingHistory, "previous_response_id") }
    if body["conversation"]?.present != nil { notes.refuse(.missingHistory, "conversation") }
    if body["prompt"]?.present != nil { notes.refuse(.missingHistory, "prompt") }
    for (position, item) in (history ?? []).enumerated() { read(item, "history[\(position)]", &notes) }
    let input = body["input"] ?? .null
    if input.kind == .string { question.messages.append(Spoken(.client, [.text(notes.text(input))])) }
    for (position, item) in input.elements.enumerated() { read(item, "input[\(position)]", &notes) }
    for (position, tool) in (body["tools"] ?? .null).elements.enumerated() { readTool(tool, position, &notes) }
    question.parallelCalls = body["parallel_tool_calls"]?.bool
  }

  private mutating func read(_ item: JSON, _ place: String, _ notes: inout Notes) {
    let type = item["type"]?.string
    switch type ?? (item["role"] == nil && item["id"] != nil ? "item_reference" : "message") {
    case "message": message(item, place, &notes)
    case "item_reference": notes.refuse(.missingHistory, place)
    case "function_call_output":
      let id = item["call_id"]?.string
      let parts = ChatParts.parts(item["output"], "\(place).output", isModel: false, &notes)
      let result = SpokenResult(id: id?.isEmpty == true ? nil : id, name: nil, content: Content(parts))
      question.messages.append(Spoken(.client, [.result(result)]))
    default:
      let parts = ResponsesItems.parts(item, place, isReply: false, &notes)
      if !parts.isEmpty { addToModel(parts) }
    }
  }

  private mutating func message(_ item: JSON, _ place: String, _ notes: inout Notes) {
    let content = item["content"]
    switch item["role"]?.string {
    case "user": question.messages.append(Spoken(.client, ChatParts.parts(content, "\(place).content", isModel: false, &notes)))
    case "system", "developer":
      question.messages.append(Spoken(.system, ChatParts.parts(content, "\(place).content", isModel: false, &notes)))
    case "assistant":
      let parts = ChatParts.parts(content, "\(place).content", isModel: true, &notes)
      // A second message is a neighbour; thoughts and calls belong to the turn.
      if hasText, question.messages.last?.side == .model { question.messages.append(Spoken(.model, parts)) } else { addToModel(parts) }
      hasText = true
    case let role: notes.refuse(.unknownRole, "\(place).role: \(Shown.word(role))")
    }
  }

  private mutating func addToModel(_ parts: [SpokenPart]) {
    if let last = question.messages.indices.last, question.messages[last].side == .model {
      question.messages[last].parts += parts
    } else {
      question.messages.append(Spoken(.model, parts))
      hasText = false
    }
  }

  private mutating func readTool(_ tool: JSON, _ position: Int, _ notes: inout Notes) {
    switch tool["type"]?.string {
    case "function":
      question.tools.append(
        ToolDefinition(name: notes.text(tool["name"]), description: notes.text(tool["description"]), parameters: tool["parameters"]))
    case let type? where ToolKinds.isClientSide(type): notes.refuse(.unsupportedToolType, "tools[\(position)]: \(Shown.word(type))")
    default: notes.warn(.serverToolDropped)
    }
  }
}

/// Reads items of the model that are no messages, those of requests and those of replies.
enum ResponsesItems {
  static func parts(_ item: JSON, _ place: String, isReply: Bool, _ notes: inout Notes) -> [SpokenPart] {
    switch item["type"]?.string ?? "" {
    case "function_call":
      let call = CallTurn(
        id: notes.text(item["call_id"]), name: notes.text(item["name"]), arguments: ChatParts.arguments(item["arguments"], &notes))
      return [.call(call)]
    case "reasoning":
      let thoughts = texts(item["content"], &notes)
      let summary = thoughts.isEmpty ? texts(item["summary"], &notes) : thoughts
      if summary.isEmpty, item["encrypted_content"]?.present != nil { notes.warn(.redactedThinkingDropped) }
      return summary.map { .reasoning($0) }
    case let type where clientCalls.contains(type): notes.refuse(.unsupportedToolType, "\(place): \(Shown.word(type))")
    case let type: notes.refuse(.serverTool, "\(place): \(Shown.word(type))")
    }
    return []
  }

  private static func texts(_ list: JSON?, _ notes: inout Notes) -> [String] {
    (list ?? .null).elements.map { notes.text($0["text"]) }.filter { !$0.isEmpty }
  }

  /// Calls that are no functions and run at the client.
  private static let clientCalls: Set<String> = [
    "custom_tool_call", "custom_tool_call_output", "computer_call", "computer_call_output", "local_shell_call", "local_shell_call_output",
    "shell_call", "shell_call_output", "apply_patch_call", "apply_patch_call_output",
  ]
}
