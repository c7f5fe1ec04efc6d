import Base

extension ChatRequest {
  /// Reads a member about tools, of today or the old ones; false for others.
  static func readTools(_ name: String, _ value: JSON, _ chat: inout Chat) throws(Fault) -> Bool {
    switch name {
    case "tools":
      for (position, tool) in value.elements.enumerated() { try readTool(tool, SourcePath("tools", position), &chat) }
    case "functions":
      for (position, function) in value.elements.enumerated() {
        try functionShape.check(function) { "functions[\(position)]" }
        chat.tools.append(self.function(function, SourcePath("functions", position)))
      }
    case "tool_choice": chat.toolChoice = try choice(value)
    case "function_call" where chat.toolChoice == nil: chat.toolChoice = try legacyChoice(value)
    case "function_call": break
    case "parallel_tool_calls": chat.parallelCalls = value.bool
    default: return false
    }
    return true
  }

  private static func readTool(_ tool: JSON, _ path: SourcePath, _ chat: inout Chat) throws(Fault) {
    switch tool["type"]?.string {
    case "function": chat.tools.append(function(tool["function"] ?? .null, path))
    case "custom":
      let custom = tool["custom"] ?? .null
      chat.tools.append(
        Tool(
          custom["name"]?.string ?? "", description: custom["description"]?.string, .freeform(format: present(custom["format"])), at: path))
    default: chat.losses.append(Loss(path.text(), .dropped))
    }
  }

  private static func function(_ function: JSON, _ path: SourcePath) -> Tool {
    Tool(
      function["name"]?.string ?? "", description: function["description"]?.string,
      .function(parameters: present(function["parameters"]), strict: function["strict"]?.bool), at: path)
  }

  private static func choice(_ value: JSON) throws(Fault) -> ToolChoice {
    if let word = value.string { return try self.word(word, "tool_choice", [("none", .none), ("auto", .auto), ("required", .required)]) }
    switch value["type"]?.string {
    case "function": return .named(try name(value, "function"))
    case "custom": return .named(try name(value, "custom"))
    case "allowed_tools":
      let allowed = value["allowed_tools"] ?? .null
      try allowedShape.check(allowed) { "tool_choice.allowed_tools" }
      let names = (allowed["tools"] ?? .null).elements.compactMap { $0.at("function.name")?.string ?? $0.at("custom.name")?.string }
      return .allowed(names, isRequired: allowed["mode"]?.string == "required")
    default:
      throw Fault(
        .invalid, "This model doesn't support this choice of tools; name a function, or use none, auto or required.",
        code: "unsupported_parameter", param: "tool_choice")
    }
  }

  private static func legacyChoice(_ value: JSON) throws(Fault) -> ToolChoice {
    if let word = value.string { return try self.word(word, "function_call", [("none", .none), ("auto", .auto)]) }
    guard let name = value["name"]?.string else { throw RequestShape.missing("function_call.name") }
    return .named(name)
  }

  private static func word(_ word: String, _ member: String, _ known: [(word: String, choice: ToolChoice)]) throws(Fault) -> ToolChoice {
    if let found = known.first(where: { $0.word == word }) { return found.choice }
    let words = known.map(\.word).joined(separator: ", ")
    throw Fault(
      .invalid, "Invalid value for '\(member)': expected one of \(words), but got '\(word.prefix(64))'.", code: "invalid_value",
      param: member)
  }

  private static func name(_ choice: JSON, _ type: String) throws(Fault) -> String {
    guard let name = choice.at("\(type).name")?.string else { throw RequestShape.missing("tool_choice.\(type).name") }
    return name
  }

  private static let functionShape = RequestShape(
    ["name": .string, "description": .string, "parameters": .object], required: ["name"])
  private static let allowedShape = RequestShape(["mode": .string, "tools": .array], required: ["mode", "tools"])
}
