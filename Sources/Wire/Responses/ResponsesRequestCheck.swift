package import Base

/// Checks that a request on the Responses wire can be understood. Source: wire-formats §3.2, §10.
///
/// Only absence, types and roles: ranges are the upstream's business, and members that are not known pass.
package enum ResponsesRequestCheck {
  /// Refuses a body that can't be understood: `.invalid` with code, path of the member, and what was expected.
  package static func check(_ body: JSON) throws(Fault) {
    try shape.check(body) { "" }
    try checkItems(body["input"])
    try checkTools(body["tools"])
    if let list = body["include"] { try ChatRequestCheck.checkAll(list, are: .string, at: "include") }
    if let choice = body["tool_choice"], choice.kind == .object { try check(choice: choice) }
    if let options = body["stream_options"], !options.isNull { try streamOptions.check(options) { "stream_options" } }
    if let reasoning = body["reasoning"], !reasoning.isNull { try Self.reasoning.check(reasoning) { "reasoning" } }
    guard let text = body["text"], !text.isNull else { return }
    try Self.text.check(text) { "text" }
    if let format = text["format"], !format.isNull { try Self.format.check(format) { "text.format" } }
  }

  private static func check(choice: JSON) throws(Fault) {
    try typed.check(choice) { "tool_choice" }
    let isNamed = choice["type"]?.equals("function") == true || choice["type"]?.equals("custom") == true
    if isNamed { try named.check(choice) { "tool_choice" } }
  }

  private static func checkItems(_ input: JSON?) throws(Fault) {
    guard let input, input.kind == .array else { return }
    var position = 0
    for item in input.elements {
      try ResponsesItemCheck.check(item) { "input[\(position)]" }
      position += 1
    }
    guard position > 0 else { throw RequestShape.empty("input") }
  }

  private static func checkTools(_ tools: JSON?) throws(Fault) {
    var position = 0
    for tool in (tools ?? .null).elements {
      let path = { "tools[\(position)]" }
      try typed.check(tool, at: path)
      if tool["type"]?.string == "function" { try function.check(tool, at: path) }
      if tool["type"]?.string == "custom" { try custom.check(tool, at: path) }
      position += 1
    }
  }

  // MARK: Tables

  private static let shape = RequestShape(
    [
      "model": .string, "input": [.string, .array], "instructions": .string, "max_output_tokens": .integer, "temperature": .number,
      "top_p": .number, "top_logprobs": .integer, "parallel_tool_calls": .boolean, "tools": .array, "tool_choice": [.string, .object],
      "text": .object, "reasoning": .object, "include": .array, "store": .boolean, "previous_response_id": .string,
      "conversation": [.string, .object], "background": .boolean, "prompt": .object, "context_management": .array, "truncation": .string,
      "metadata": .object, "user": .string, "safety_identifier": .string, "service_tier": .string, "max_tool_calls": .integer,
      "prompt_cache_key": .string, "stream": .boolean, "stream_options": .object,
    ], required: ["model", "input"])

  private static let typed = RequestShape(["type": .string], required: ["type"])
  private static let named = RequestShape(["name": .string], required: ["name"])
  private static let format = RequestShape(
    ["type": .string, "name": .string, "schema": .object, "strict": .boolean, "description": .string], required: ["type"])
  private static let streamOptions = RequestShape(["include_obfuscation": .boolean])
  private static let reasoning = RequestShape(["effort": .string, "summary": .string, "generate_summary": .string])
  private static let text = RequestShape(["format": .object, "verbosity": .string])
  private static let function = RequestShape(
    ["name": .string, "description": .string, "parameters": .object, "strict": .boolean], required: ["name"])
  private static let custom = RequestShape(["name": .string, "description": .string, "format": .object], required: ["name"])
}
