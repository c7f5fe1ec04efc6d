import Base
import Testing

@testable import Wire

private func fault(_ body: String) throws -> Fault? {
  let json = try JSON(parsing: body)
  do throws(Fault) {
    try ResponsesRequestCheck.check(json)
    return nil
  } catch {
    return error
  }
}

/// A request with these items.
private func items(_ items: String) -> String { #"{"model":"m","input":[\#(items)]}"# }
/// A request with these further members.
private func with(_ members: String) -> String { #"{"model":"m","input":"x",\#(members)}"# }

@Suite struct `A Responses request check` {
  @Test(
    arguments: [
      // What must be there.
      ("{}", "missing_required_field", "model"),
      (#"{"model":"m"}"#, "missing_required_field", "input"),
      (items(#"{"content":"x"}"#), "missing_required_field", "input[0].role"),
      (items(#"{"role":"user"}"#), "missing_required_field", "input[0].content"),
      (items(#"{"role":"user","content":[{"text":"x"}]}"#), "missing_required_field", "input[0].content[0].type"),
      (items(#"{"role":"user","content":[{"type":"input_text"}]}"#), "missing_required_field", "input[0].content[0].text"),
      (items(#"{"type":"function_call","name":"f","arguments":""}"#), "missing_required_field", "input[0].call_id"),
      (items(#"{"type":"function_call","call_id":"a","name":"f"}"#), "missing_required_field", "input[0].arguments"),
      (items(#"{"type":"custom_tool_call","call_id":"a","name":"f"}"#), "missing_required_field", "input[0].input"),
      (items(#"{"type":"function_call_output","call_id":"a"}"#), "missing_required_field", "input[0].output"),
      (with(#""tools":[{}]"#), "missing_required_field", "tools[0].type"),
      (with(#""tools":[{"type":"function"}]"#), "missing_required_field", "tools[0].name"),
      (with(#""tools":[{"type":"x"},{"type":"custom"}]"#), "missing_required_field", "tools[1].name"),
      (with(#""text":{"format":{}}"#), "missing_required_field", "text.format.type"),
      (with(#""tool_choice":{}"#), "missing_required_field", "tool_choice.type"),
      // Of which type.
      ("[]", "invalid_type", nil), (#"{"model":1,"input":"x"}"#, "invalid_type", "model"),
      (#"{"model":"m","input":null}"#, "invalid_type", "input"), (#"{"model":"m","input":{}}"#, "invalid_type", "input"),
      (items("1"), "invalid_type", "input[0]"), (items(#"{"type":1}"#), "invalid_type", "input[0].type"),
      (items(#"{"role":"user","content":7}"#), "invalid_type", "input[0].content"),
      (
        items(#"{"role":"user","content":"x"},{"role":"user","content":[{"type":"input_image","image_url":{"url":"x"}}]}"#),
        "invalid_type", "input[1].content[0].image_url"
      ),
      (items(#"{"type":"function_call","call_id":"a","name":"f","arguments":{}}"#), "invalid_type", "input[0].arguments"),
      (
        items(#"{"type":"function_call_output","call_id":"a","output":[{"type":"input_text","text":1}]}"#), "invalid_type",
        "input[0].output[0].text"
      ),
      (items(#"{"type":"reasoning","summary":"x"}"#), "invalid_type", "input[0].summary"),
      (with(#""temperature":"hot""#), "invalid_type", "temperature"), (with(#""stream":1"#), "invalid_type", "stream"),
      (with(#""instructions":["x"]"#), "invalid_type", "instructions"), (with(#""include":[1]"#), "invalid_type", "include[0]"),
      (with(#""reasoning":{"effort":3}"#), "invalid_type", "reasoning.effort"),
      (with(#""text":{"verbosity":3}"#), "invalid_type", "text.verbosity"),
      (with(#""tools":[{"type":"function","name":"f","parameters":"x"}]"#), "invalid_type", "tools[0].parameters"),
      // What else.
      (items(""), "empty_array", "input"), (items(#"{"role":"tool","content":"x"}"#), "invalid_value", "input[0].role"),
    ] as [(String, String, String?)])
  func `names the field that is wrong`(body: String, code: String, param: String?) throws {
    let fault = try #require(try fault(body))
    #expect(fault.kind == .invalid && fault.code == code && fault.param == param)
  }

  @Test(arguments: [
    with(#""new_member":{"a":1}"#), with(#""temperature":null,"tools":null,"text":null"#), items(#"{"type":"new_item"}"#),
    items(#"{"role":"user","content":[{"type":"new_part"}]}"#), with(#""tools":[{"type":"new_tool"}],"tool_choice":{"type":"new_tool"}"#),
    items(#"{"id":"msg_1"}"#), with(#""tools":[{"type":"function","name":"f","parameters":null,"strict":null}]"#),
  ])
  func `lets pass what it does not know, and nulls`(body: String) throws {
    #expect(try fault(body)?.param == nil)
    #expect(try fault(body)?.code == nil)
  }
}
