import Base

/// Checks what stands inside the members of a Chat request. Source: wire-formats §3.1.
enum ChatMessageCheck {
  /// Checks messages, tools and the options that are objects.
  static func check(_ body: JSON) throws(Fault) {
    for member in body.entries {
      let value = member.value
      switch value.kind {
      case .array where member.isNamed("messages"): try check(messages: value)
      case .array where member.isNamed("tools"): try check(tools: value)
      case .array where member.isNamed("modalities"): try ChatRequestCheck.checkAll(value, are: .string, at: "modalities")
      case .object where member.isNamed("stream_options"): try streamOptions.check(value) { "stream_options" }
      case .object where member.isNamed("response_format"): try typed.check(value) { "response_format" }
      case .object where member.isNamed("tool_choice"): try typed.check(value) { "tool_choice" }
      default: break
      }
    }
  }

  private static func check(tools: JSON) throws(Fault) {
    var position = 0
    for tool in tools.elements {
      try check(tool: tool) { "tools[\(position)]" }
      position += 1
    }
  }

  // MARK: Messages

  private static func check(messages: JSON) throws(Fault) {
    var position = 0
    for message in messages.elements {
      try check(message: message) { "messages[\(position)]" }
      position += 1
    }
    guard position > 0 else { throw RequestShape.empty("messages") }
  }

  private static func check(message: JSON, at path: RequestShape.Path) throws(Fault) {
    try role.check(message, at: path)
    let name = message["role"] ?? .null
    guard let shape = roles.first(where: { name.equals($0.key) })?.value else { throw unknownRole(name.string ?? "", path()) }
    try shape.check(message, at: path)
    if let content = message["content"], content.kind == .array {
      var position = 0
      for part in content.elements {
        try check(part: part) { "\(path()).content[\(position)]" }
        position += 1
      }
    }
    guard name.equals("assistant"), let calls = message["tool_calls"], calls.kind == .array else { return }
    var position = 0
    for call in calls.elements {
      try check(call: call) { "\(path()).tool_calls[\(position)]" }
      position += 1
    }
  }

  private static func unknownRole(_ role: String, _ path: String) -> Fault {
    let known = "system, developer, user, assistant, tool, function"
    return Fault(
      .invalid, "Invalid value for '\(path).role': expected one of \(known), but got '\(role.prefix(64))'.", code: "invalid_value",
      param: path + ".role")
  }

  private static func check(part: JSON, at path: RequestShape.Path) throws(Fault) {
    try typed.check(part, at: path)
    guard let type = part["type"]?.string, let shape = parts[type] else { return }
    try shape.check(part, at: path)
    guard let inner = inners[type], let value = part[type] else { return }
    try inner.check(value) { "\(path()).\(type)" }
  }

  private static func check(call: JSON, at path: RequestShape.Path) throws(Fault) {
    try self.call.check(call, at: path)
    for (name, shape) in [("function", function), ("custom", custom)] {
      guard let body = object(call[name]) else { continue }
      try shape.check(body) { "\(path()).\(name)" }
    }
  }

  private static func check(tool: JSON, at path: RequestShape.Path) throws(Fault) {
    try typed.check(tool, at: path)
    guard let type = tool["type"]?.string, type == "function" || type == "custom" else { return }
    guard let body = tool[type] else { throw RequestShape.missing("\(path()).\(type)") }
    try definition.check(body) { "\(path()).\(type)" }
  }

  private static func object(_ value: JSON?) -> JSON? {
    value?.kind == .object ? value : nil
  }

  // MARK: Tables

  private static let typed = RequestShape(["type": .string], required: ["type"])
  private static let streamOptions = RequestShape(["include_usage": .boolean, "include_obfuscation": .boolean])
  private static let role = RequestShape(["role": .string], required: ["role"])

  private static let roles: KeyValuePairs<StaticString, RequestShape> = [
    "user": plain, "system": plain, "developer": plain,
    "assistant": RequestShape([
      "content": [.string, .array], "refusal": .string, "tool_calls": .array, "audio": .object, "name": .string,
      "reasoning_content": .string, "reasoning_details": .array,
    ]),
    "tool": RequestShape(["content": [.string, .array], "tool_call_id": .string], required: ["content", "tool_call_id"]),
    "function": RequestShape(["content": [.string, .null], "name": .string], required: ["content", "name"]),
  ]
  private static let plain = RequestShape(["content": [.string, .array], "name": .string], required: ["content"])

  private static let parts: [String: RequestShape] = [
    "text": RequestShape(["text": .string], required: ["text"]),
    "refusal": RequestShape(["refusal": .string], required: ["refusal"]),
    "image_url": RequestShape(["image_url": .object], required: ["image_url"]),
    "input_audio": RequestShape(["input_audio": .object], required: ["input_audio"]),
    "file": RequestShape(["file": .object], required: ["file"]),
  ]
  /// What stands in a part under its type's own name.
  private static let inners: [String: RequestShape] = [
    "image_url": RequestShape(["url": .string, "detail": .string], required: ["url"]),
    "input_audio": RequestShape(["data": .string, "format": .string], required: ["data", "format"]),
    "file": RequestShape(["file_data": .string, "file_id": .string, "filename": .string]),
  ]

  private static let call = RequestShape(["id": .string, "type": .string, "function": .object, "custom": .object])
  private static let function = RequestShape(["name": .string, "arguments": .string], required: ["name"])
  private static let custom = RequestShape(["name": .string, "input": .string], required: ["name"])
  private static let definition = RequestShape(
    ["name": .string, "description": .string, "parameters": .object, "strict": .boolean, "format": .object], required: ["name"])
}
