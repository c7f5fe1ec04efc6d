import Base

extension ResponsesRequest {
  /// Reads a member about tools; false for others.
  static func readTools(_ name: String, _ value: JSON, _ chat: inout Chat) throws(Fault) -> Bool {
    switch name {
    case "tools":
      for (position, tool) in value.elements.enumerated() { readTool(tool, SourcePath("tools", position), &chat) }
    case "tool_choice": chat.toolChoice = try choice(value, &chat)
    case "parallel_tool_calls": chat.parallelCalls = value.bool
    default: return false
    }
    return true
  }

  /// Tools are flat here; the vendor's own can't travel. Source: wire-formats §5.2.
  private static func readTool(_ tool: JSON, _ path: SourcePath, _ chat: inout Chat) {
    let name = tool["name"]?.string ?? ""
    let description = tool["description"]?.string
    switch tool["type"]?.string {
    case "function":
      let kind = Tool.Kind.function(parameters: present(tool["parameters"]), strict: tool["strict"]?.bool)
      chat.tools.append(Tool(name, description: description, kind, at: path))
    case "custom":
      chat.tools.append(Tool(name, description: description, .freeform(format: format(ofTool: tool["format"])), at: path))
    default: chat.losses.append(Loss(path.text(), .dropped))
    }
  }

  /// A freeform tool's format as Chat nests it.
  private static func format(ofTool format: JSON?) -> JSON? {
    guard let format = present(format), format["type"]?.string == "grammar" else { return present(format) }
    let grammar = format.members.filter { $0.name != "type" }.map { ($0.name, $0.value) }
    return ["type": "grammar", "grammar": .object(grammar)]
  }

  private static func choice(_ value: JSON, _ chat: inout Chat) throws(Fault) -> ToolChoice {
    if let word = value.string { return try self.word(word) }
    switch value["type"]?.string {
    case "function", "custom": return .named(try name(value))
    case "allowed_tools": return try allowed(value, &chat)
    default: throw unfit("This model doesn't support this choice of tools; name a function, or use none, auto or required.")
    }
  }

  private static func word(_ word: String) throws(Fault) -> ToolChoice {
    switch word {
    case "none": return .none
    case "auto": return .auto
    case "required": return .required
    default:
      throw Fault(
        .invalid, "Invalid value for 'tool_choice': expected one of none, auto, required, but got '\(word.prefix(64))'.",
        code: "invalid_value", param: "tool_choice")
    }
  }

  /// The vendor's own tools in the list can't travel; when nothing else is in it, neither can the choice.
  private static func allowed(_ value: JSON, _ chat: inout Chat) throws(Fault) -> ToolChoice {
    try allowedShape.check(value) { "tool_choice" }
    var names: [String] = []
    for (position, tool) in (value["tools"] ?? .null).elements.enumerated() {
      if ["function", "custom"].contains(tool["type"]?.string), let name = tool["name"]?.string {
        names.append(name)
      } else {
        chat.losses.append(Loss("tool_choice.tools[\(position)]", .dropped))
      }
    }
    guard !names.isEmpty else { throw unfit("The choice of tools allows no tool that this model can be given.") }
    return .allowed(names, isRequired: value["mode"]?.string == "required")
  }

  private static func unfit(_ message: String) -> Fault {
    Fault(.invalid, message, code: "unsupported_parameter", param: "tool_choice")
  }

  private static func name(_ choice: JSON) throws(Fault) -> String {
    guard let name = choice["name"] else { throw RequestShape.missing("tool_choice.name") }
    try RequestShape.check(name, is: .string) { "tool_choice.name" }
    return name.string ?? ""
  }

  private static let allowedShape = RequestShape(["mode": .string, "tools": .array], required: ["mode", "tools"])
}
