package import Base

/// Checks that a Responses request can be understood, before anything is sent. Source: wire-formats §3.2, §10.
package enum ResponsesRequestCheck {
  /// Refuses a body that can't be understood: `.invalid` with code, path of the member, and what was expected.
  package static func check(_ body: JSON) throws(Fault) {
    try members.check(body) { "" }
    if let input = body["input"], input.kind == .array {
      var position = 0
      for item in input.elements {
        try check(item: item) { "input[\(position)]" }
        position += 1
      }
      guard position > 0 else { throw RequestShape.empty("input") }
    }
    var position = 0
    for tool in (body["tools"] ?? .null).elements {
      try (Self.tools[tool["type"]?.string ?? ""] ?? typed).check(tool) { "tools[\(position)]" }
      position += 1
    }
    try check(options: body)
  }

  private static func check(options body: JSON) throws(Fault) {
    if let text = body["text"]?.present { try self.text.check(text) { "text" } }
    if let format = body.at("text.format")?.present { try self.format.check(format) { "text.format" } }
    if let reasoning = body["reasoning"]?.present { try self.reasoning.check(reasoning) { "reasoning" } }
    if let include = body["include"]?.present { try ChatRequestCheck.checkAll(include, are: .string, at: "include") }
    guard let choice = body["tool_choice"], choice.kind == .object else { return }
    try self.choice.check(choice) { "tool_choice" }
    guard ["function", "custom"].contains(choice["type"]?.string), choice["name"] == nil else { return }
    throw RequestShape.missing("tool_choice.name")
  }

  private static func check(item: JSON, at path: RequestShape.Path) throws(Fault) {
    try self.item.check(item, at: path)
    let type = item["type"]?.string ?? "message"
    guard let shape = items[type] else { return }
    try shape.check(item, at: path)
    if type == "message" { try check(role: item["role"]?.string ?? "", at: path) }
    let name = type == "message" ? "content" : type == "reasoning" ? "summary" : "output"
    guard let content = item[name], content.kind == .array else { return }
    var position = 0
    for part in content.elements {
      try (parts[part["type"]?.string ?? ""] ?? typed).check(part) { "\(path()).\(name)[\(position)]" }
      position += 1
    }
  }

  private static func check(role: String, at path: RequestShape.Path) throws(Fault) {
    guard !["user", "assistant", "system", "developer"].contains(role) else { return }
    let place = path() + ".role"
    throw Fault(
      .invalid, "Invalid value for '\(place)': expected one of user, assistant, system, developer, but got '\(role.prefix(64))'.",
      code: "invalid_value", param: place)
  }

  // MARK: Tables

  private static let typed = RequestShape(["type": .string], required: ["type"])
  private static let item = RequestShape(["type": .string, "id": .string])
  private static let text = RequestShape(["format": .object, "verbosity": .string])
  private static let format = RequestShape(
    ["type": .string, "name": .string, "schema": .object, "description": .string, "strict": .boolean], required: ["type"])
  private static let reasoning = RequestShape(["effort": .string, "summary": .string])
  private static let choice = RequestShape(["type": .string, "name": .string, "mode": .string, "tools": .array], required: ["type"])

  private static let members = RequestShape(
    [
      "model": .string, "input": [.string, .array], "instructions": .string, "max_output_tokens": .integer, "temperature": .number,
      "top_p": .number, "top_logprobs": .integer, "parallel_tool_calls": .boolean, "tools": .array, "tool_choice": [.string, .object],
      "text": .object, "reasoning": .object, "include": .array, "store": .boolean, "previous_response_id": .string,
      "background": .boolean, "truncation": .string, "metadata": .object, "user": .string, "safety_identifier": .string,
      "service_tier": .string, "max_tool_calls": .integer, "stream": .boolean, "stream_options": .object,
    ], required: ["model", "input"], once: ["model", "input", "stream"])

  private static let items: [String: RequestShape] = [
    "message": RequestShape(["role": .string, "content": [.string, .array]], required: ["role", "content"]),
    "function_call": RequestShape(
      ["call_id": .string, "name": .string, "arguments": .string], required: ["call_id", "name", "arguments"]),
    "custom_tool_call": RequestShape(["call_id": .string, "name": .string, "input": .string], required: ["call_id", "name", "input"]),
    "function_call_output": RequestShape(["call_id": .string, "output": [.string, .array]], required: ["call_id", "output"]),
    "custom_tool_call_output": RequestShape(["call_id": .string, "output": [.string, .array]], required: ["call_id", "output"]),
    "reasoning": RequestShape(["summary": .array, "content": .array, "encrypted_content": .string]),
  ]

  private static let parts: [String: RequestShape] = [
    "input_text": RequestShape(["text": .string], required: ["text"]), "output_text": RequestShape(["text": .string], required: ["text"]),
    "summary_text": RequestShape(["text": .string], required: ["text"]),
    "refusal": RequestShape(["refusal": .string], required: ["refusal"]),
    "input_image": RequestShape(["image_url": .string, "file_id": .string, "detail": .string]),
    "input_file": RequestShape(["file_data": .string, "file_id": .string, "file_url": .string, "filename": .string]),
  ]

  private static let tools: [String: RequestShape] = [
    "function": RequestShape(
      ["type": .string, "name": .string, "description": .string, "parameters": .object, "strict": .boolean], required: ["name"]),
    "custom": RequestShape(["type": .string, "name": .string, "description": .string, "format": .object], required: ["name"]),
  ]
}
