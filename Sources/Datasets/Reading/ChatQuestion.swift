import Base

/// Reads a Chat request. Source: formats/datasets.md §9.1.
struct ChatQuestion {
  private(set) var question = Question()

  init(_ body: JSON, _ notes: inout Notes) {
    for (position, message) in (body["messages"] ?? .null).elements.enumerated() { read(message, position, &notes) }
    for (position, tool) in (body["tools"] ?? .null).elements.enumerated() { readTool(tool, position, &notes) }
    for function in (body["functions"] ?? .null).elements {
      notes.warn(.legacyFunctions)
      add(function, &notes)
    }
    question.parallelCalls = body["parallel_tool_calls"]?.bool
    let last = body["messages"]?.elements.reduce(nil as JSON?) { $1 }
    let isContinued = last?["prefix"]?.bool == true || body["continue_final_message"]?.bool == true
    question.isPrefilled = isContinued && last?["role"]?.string == "assistant"
  }

  private mutating func read(_ message: JSON, _ position: Int, _ notes: inout Notes) {
    let place = "messages[\(position)]"
    switch message["role"]?.string {
    case "system", "developer": question.messages.append(Spoken(.system, parts(message["content"], place, &notes)))
    case "user": question.messages.append(Spoken(.client, parts(message["content"], place, &notes)))
    case "assistant": question.messages.append(Spoken(.model, ChatParts.model(message, place, isReply: false, &notes)))
    case "tool":
      let id = message["tool_call_id"]?.string
      result(SpokenResult(id: id?.isEmpty == true ? nil : id, name: message["name"]?.string, content: content(message, place, &notes)))
    case "function":
      notes.warn(.legacyFunctions)
      result(SpokenResult(id: nil, name: message["name"]?.string, content: content(message, place, &notes)))
    case let role: notes.refuse(.unknownRole, "\(place).role: \(Shown.word(role))")
    }
  }

  private mutating func result(_ result: SpokenResult) { question.messages.append(Spoken(.client, [.result(result)])) }

  private func content(_ message: JSON, _ place: String, _ notes: inout Notes) -> Content {
    Content(parts(message["content"], place, &notes))
  }

  private func parts(_ content: JSON?, _ place: String, _ notes: inout Notes) -> [SpokenPart] {
    ChatParts.parts(content, place, isModel: false, &notes)
  }

  // MARK: Tools

  private mutating func readTool(_ tool: JSON, _ position: Int, _ notes: inout Notes) {
    switch tool["type"]?.string {
    case "function", nil: add(tool["function"] ?? tool, &notes)
    case let type? where ToolKinds.isClientSide(type): notes.refuse(.unsupportedToolType, "tools[\(position)]: \(Shown.word(type))")
    default: notes.warn(.serverToolDropped)
    }
  }

  private mutating func add(_ function: JSON, _ notes: inout Notes) {
    question.tools.append(
      ToolDefinition(
        name: notes.text(function["name"]), description: notes.text(function["description"]), parameters: function["parameters"]))
  }
}

/// Which tools without a schema run at the client: their calls can't be written as functions.
enum ToolKinds {
  static func isClientSide(_ type: String) -> Bool {
    exact.contains(type) || families.contains { type.hasPrefix($0) }
  }

  /// Source: the tools of the official clients openai 3.57.0 and anthropic 2.13.0.
  private static let exact: Set<String> = ["custom", "local_shell", "shell", "apply_patch", "computer", "computer_use_preview"]
  private static let families = ["bash_", "text_editor_", "computer_", "memory_"]
}

/// Names from a client, as they may stand in a detail.
enum Shown {
  static func word(_ text: String?) -> String {
    guard let text else { return "none" }
    let letters = text.unicodeScalars.prefix(64).filter { $0.value >= 0x20 && $0.value != 0x7F }
    return "“" + String(String.UnicodeScalarView(letters)) + "”"
  }
}
