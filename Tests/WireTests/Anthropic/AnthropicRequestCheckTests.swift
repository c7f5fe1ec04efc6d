import Base
import Testing

@testable import Wire

private func fault(_ body: String, _ endpoint: AnthropicRequestCheck.Endpoint = .messages) throws -> Fault? {
  let json = try JSON(parsing: body)
  do throws(Fault) {
    try AnthropicRequestCheck.check(json, for: endpoint)
    return nil
  } catch {
    return error
  }
}

/// A request with one message of this content.
private func user(_ content: String) -> String { #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":\#(content)}]}"# }
/// A request with these further members.
private func with(_ members: String) -> String {
  #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],\#(members)}"#
}

@Suite struct `A Messages request check` {
  @Test(
    arguments: [
      // What must be there.
      ("{}", "missing_required_field", "model"),
      (#"{"model":"m","max_tokens":9}"#, "missing_required_field", "messages"),
      (#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, "missing_required_field", "max_tokens"),
      (#"{"model":"m","max_tokens":9,"messages":[]}"#, "empty_array", "messages"),
      (#"{"model":"m","max_tokens":9,"messages":[{"content":"x"}]}"#, "missing_required_field", "messages[0].role"),
      (#"{"model":"m","max_tokens":9,"messages":[{"role":"user"}]}"#, "missing_required_field", "messages[0].content"),
      (user(#"[{"text":"x"}]"#), "missing_required_field", "messages[0].content[0].type"),
      (user(#"[{"type":"text"}]"#), "missing_required_field", "messages[0].content[0].text"),
      (
        user(#"[{"type":"image","source":{"type":"base64","data":"AA"}}]"#), "missing_required_field",
        "messages[0].content[0].source.media_type"
      ),
      (user(#"[{"type":"tool_use","id":"a","name":"f"}]"#), "missing_required_field", "messages[0].content[0].input"),
      (user(#"[{"type":"tool_result"}]"#), "missing_required_field", "messages[0].content[0].tool_use_id"),
      (with(#""tools":[{"name":"f"}]"#), "missing_required_field", "tools[0].input_schema"),
      (with(#""tools":[{"type":"custom","input_schema":{}}]"#), "missing_required_field", "tools[0].name"),
      (with(#""thinking":{"budget_tokens":2000}"#), "missing_required_field", "thinking.type"),
      (with(#""thinking":{"type":"enabled"}"#), "missing_required_field", "thinking.budget_tokens"),
      (with(#""tool_choice":{"type":"tool"}"#), "missing_required_field", "tool_choice.name"),
      (with(#""output_config":{"format":{}}"#), "missing_required_field", "output_config.format.type"),
      // Of which type.
      ("[]", "invalid_type", nil), (user("7"), "invalid_type", "messages[0].content"),
      (user("null"), "invalid_type", "messages[0].content"),
      (user(#"["x"]"#), "invalid_type", "messages[0].content[0]"),
      (user(#"[{"type":"text","text":"x"},{"type":"text","text":1}]"#), "invalid_type", "messages[0].content[1].text"),
      (user(#"[{"type":"tool_use","id":"a","name":"f","input":"{}"}]"#), "invalid_type", "messages[0].content[0].input"),
      (
        user(#"[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":1}]}]"#), "invalid_type",
        "messages[0].content[0].content[0].text"
      ),
      (with(#""max_tokens":"9""#), "invalid_type", "max_tokens"), (with(#""temperature":"hot""#), "invalid_type", "temperature"),
      (with(#""stop_sequences":["a",1]"#), "invalid_type", "stop_sequences[1]"),
      (with(#""stop_sequences":"a""#), "invalid_type", "stop_sequences"),
      (with(#""system":[{"type":"text","text":1}]"#), "invalid_type", "system[0].text"), (with(#""system":1"#), "invalid_type", "system"),
      (with(#""tool_choice":"auto""#), "invalid_type", "tool_choice"), (with(#""stream":"true""#), "invalid_type", "stream"),
      (with(#""metadata":{"user_id":1}"#), "invalid_type", "metadata.user_id"),
      // Of which value, and how often.
      (#"{"model":"m","max_tokens":9,"messages":[{"role":"tool","content":"x"}]}"#, "invalid_value", "messages[0].role"),
      (with(#""model":"n""#), "duplicate_field", "model"), (with(#""system":"a","system":"b""#), "duplicate_field", "system"),
    ] as [(String, String, String?)])
  func `names the first member that is wrong`(body: String, code: String, param: String?) throws {
    let fault = try #require(try fault(body))
    #expect(fault.kind == .invalid && fault.code == code && fault.param == param)
  }

  @Test(arguments: [
    user(#""x""#), user("[]"), user(#"[{"type":"something_new","x":1}]"#), with(#""vendor_flag":1,"system":null,"stop_sequences":null"#),
    with(
      #""tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"f","input_schema":{},"cache_control":{"type":"ephemeral"}}]"#),
    with(#""thinking":{"type":"between_tools"},"service_tier":"auto","container":"c""#),
  ])
  func `lets everything else pass`(body: String) throws {
    #expect(try fault(body) == nil)
  }

  @Test func `needs no limit for a count`() throws {
    #expect(try fault(#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, .countTokens) == nil)
  }
}
