package import Base

/// Checks that a request on the Messages wire can be understood, before anything is sent. Source: wire-formats §3.3.
///
/// Only absence, types and roles: ranges are the upstream's business, and members that are not known pass.
package enum AnthropicRequestCheck {
  /// What is asked for.
  package enum Endpoint: String, Sendable, CaseIterable {
    case messages
    /// The same body, of which nothing is answered but how long it is; needs no `max_tokens`.
    case countTokens = "count_tokens"
  }

  /// Refuses a body that can't be understood: `.invalid` with code, path of the member, and what was expected.
  package static func check(_ body: JSON, for endpoint: Endpoint = .messages) throws(Fault) {
    let shape = endpoint == .messages ? messages : counted
    try shape.check(body) { "" }
    try checkDuplicates(body, shape.required)
    if let stop = body["stop_sequences"], !stop.isNull { try ChatRequestCheck.checkAll(stop, are: .string, at: "stop_sequences") }
    if let system = body["system"], system.kind == .array { try AnthropicBlockCheck.check(blocks: system) { "system" } }
    try checkMessages(body)
    try checkTools(body)
    try checkOptions(body)
  }

  /// Two members of one name would let the gateway and the upstream read different requests.
  private static func checkDuplicates(_ body: JSON, _ required: [String]) throws(Fault) {
    var seen: Set<String> = []
    for (name, _) in body.members where name == "stream" || name == "system" || required.contains(name) {
      guard seen.insert(name).inserted else {
        throw Fault(.invalid, "The field '\(name)' stands in the request twice; send it once.", code: "duplicate_field", param: name)
      }
    }
  }

  private static func checkMessages(_ body: JSON) throws(Fault) {
    var position = 0
    for message in body["messages"]?.elements ?? JSON.null.elements {
      let path: RequestShape.Path = { "messages[\(position)]" }
      try self.message.check(message, at: path)
      let role = message["role"]?.string ?? ""
      guard ["user", "assistant", "system"].contains(role) else { throw unknownRole(role, path()) }
      if let content = message["content"], content.kind == .array { try AnthropicBlockCheck.check(blocks: content) { path() + ".content" } }
      position += 1
    }
    // A paused turn of a thread goes on from nothing.
    guard position > 0 || body.at("thread.type")?.string == "continue" else { throw RequestShape.empty("messages") }
  }

  private static func unknownRole(_ role: String, _ path: String) -> Fault {
    Fault(
      .invalid, "Invalid value for '\(path).role': expected one of user, assistant, system, but got '\(role.prefix(64))'.",
      code: "invalid_value", param: path + ".role")
  }

  private static func checkTools(_ body: JSON) throws(Fault) {
    var position = 0
    for tool in body["tools"]?.elements ?? JSON.null.elements {
      let shape = isCustom(tool) ? custom : server
      try shape.check(tool) { "tools[\(position)]" }
      position += 1
    }
  }

  /// Whether a tool is the client's own; the vendor's tools have a dated type.
  static func isCustom(_ tool: JSON) -> Bool {
    guard let type = tool["type"], !type.isNull else { return true }
    return type.string == "custom"
  }

  private static func checkOptions(_ body: JSON) throws(Fault) {
    for (name, shape) in options {
      guard let value = body[name], !value.isNull else { continue }
      try shape.check(value) { name }
    }
    if body.at("thinking.type")?.string == "enabled", body.at("thinking.budget_tokens") == nil {
      throw RequestShape.missing("thinking.budget_tokens")
    }
    if body.at("tool_choice.type")?.string == "tool", body.at("tool_choice.name") == nil { throw RequestShape.missing("tool_choice.name") }
    if let form = body.at("output_config.format"), !form.isNull { try format.check(form) { "output_config.format" } }
  }

  // MARK: Tables

  private static let members: [String: JSONKinds] = [
    "model": .string, "messages": .array, "max_tokens": .integer, "system": [.string, .array], "temperature": .number, "top_p": .number,
    "top_k": .integer, "stop_sequences": .array, "stream": .boolean, "thinking": .object, "output_config": .object, "tools": .array,
    "tool_choice": .object, "metadata": .object, "service_tier": .string, "cache_control": .object,
  ]
  private static let messages = RequestShape(members, required: ["model", "messages", "max_tokens"])
  private static let counted = RequestShape(members, required: ["model", "messages"])
  private static let message = RequestShape(["role": .string, "content": [.string, .array]], required: ["role", "content"])
  private static let custom = RequestShape(
    ["type": .string, "name": .string, "description": .string, "input_schema": .object, "strict": .boolean],
    required: ["name", "input_schema"])
  private static let server = RequestShape(["type": .string, "name": .string])
  private static let options: [(String, RequestShape)] = [
    ("thinking", RequestShape(["type": .string, "budget_tokens": .integer, "display": .string], required: ["type"])),
    ("tool_choice", RequestShape(["type": .string, "name": .string, "disable_parallel_tool_use": .boolean], required: ["type"])),
    ("output_config", RequestShape(["effort": .string, "format": .object])),
    ("metadata", RequestShape(["user_id": .string])),
  ]
  private static let format = RequestShape(["type": .string, "schema": .object], required: ["type"])
}
