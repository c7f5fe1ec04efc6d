import Base
import Testing

@testable import Wire

private func fault(_ endpoint: ChatRequestCheck.Endpoint, _ body: String) throws -> Fault? {
  let json = try JSON(parsing: body)
  do throws(Fault) {
    try ChatRequestCheck.check(endpoint, body: json)
    return nil
  } catch {
    return error
  }
}

/// A chat request with these messages.
private func chat(_ messages: String) -> String { #"{"model":"m","messages":[\#(messages)]}"# }
/// A chat request with these further members.
private func with(_ members: String) -> String { #"{"model":"m","messages":[{"role":"user","content":"x"}],\#(members)}"# }

@Suite struct `A request check` {
  @Test(
    arguments: [
      // What must be there.
      (.chat, "{}", "missing_required_field", "model"),
      (.chat, #"{"model":"m"}"#, "missing_required_field", "messages"),
      (.chat, chat(#"{"content":"x"}"#), "missing_required_field", "messages[0].role"),
      (.chat, chat(#"{"role":"user"}"#), "missing_required_field", "messages[0].content"),
      (.chat, chat(#"{"role":"tool","content":"x"}"#), "missing_required_field", "messages[0].tool_call_id"),
      (.chat, chat(#"{"role":"user","content":[{"text":"x"}]}"#), "missing_required_field", "messages[0].content[0].type"),
      (
        .chat, chat(#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#), "missing_required_field",
        "messages[0].content[0].image_url.url"
      ),
      (.chat, with(#""tools":[{"type":"function"}]"#), "missing_required_field", "tools[0].function"),
      (.chat, with(#""response_format":{}"#), "missing_required_field", "response_format.type"),
      (.completions, #"{"model":"m"}"#, "missing_required_field", "prompt"),
      (.embeddings, #"{"model":"m"}"#, "missing_required_field", "input"),
      (.rerank, #"{"model":"m","documents":["a"]}"#, "missing_required_field", "query"),
      (.rerank, #"{"model":"m","query":"q"}"#, "missing_required_field", "documents"),
      // Of which type.
      (.chat, "[]", "invalid_type", nil), (.chat, #"{"model":1,"messages":[]}"#, "invalid_type", "model"),
      (.chat, #"{"model":null,"messages":[]}"#, "invalid_type", "model"),
      (.chat, #"{"model":"m","messages":{}}"#, "invalid_type", "messages"), (.chat, chat("1"), "invalid_type", "messages[0]"),
      (.chat, chat(#"{"role":"user","content":7}"#), "invalid_type", "messages[0].content"),
      (
        .chat, chat(#"{"role":"user","content":"x"},{"role":"user","content":[{"type":"text","text":1}]}"#), "invalid_type",
        "messages[1].content[0].text"
      ),
      (
        .chat, chat(#"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}}]}"#), "invalid_type",
        "messages[0].tool_calls[0].function.arguments"
      ),
      (.chat, chat(#"{"role":"assistant","reasoning_content":[]}"#), "invalid_type", "messages[0].reasoning_content"),
      (.chat, with(#""temperature":"hot""#), "invalid_type", "temperature"),
      (.chat, with(#""max_tokens":1.5"#), "invalid_type", "max_tokens"),
      (.chat, with(#""stream":"true""#), "invalid_type", "stream"), (.chat, with(#""stop":["a",1]"#), "invalid_type", "stop[1]"),
      (.chat, with(#""stream_options":{"include_usage":1}"#), "invalid_type", "stream_options.include_usage"),
      (.embeddings, #"{"model":"m","input":["a",1]}"#, "invalid_type", "input[1]"),
      (.embeddings, #"{"model":"m","input":[[1],[1,"a"]]}"#, "invalid_type", "input[1][1]"),
      (.embeddings, #"{"model":"m","input":[null]}"#, "invalid_type", "input[0]"),
      (.rerank, #"{"model":"m","query":"q","documents":["a",1]}"#, "invalid_type", "documents[1]"),
      // Empty lists, unknown roles, and members that stand there twice.
      (.chat, chat(""), "empty_array", "messages"), (.embeddings, #"{"model":"m","input":[]}"#, "empty_array", "input"),
      (.chat, chat(#"{"role":"robot","content":"x"}"#), "invalid_value", "messages[0].role"),
      (.chat, #"{"model":"m","mod\u0065l":"n","messages":[{"role":"user","content":"x"}]}"#, "duplicate_field", "model"),
      (.chat, with(#""stream":true,"stream":false"#), "duplicate_field", "stream"),
    ] as [(ChatRequestCheck.Endpoint, String, String, String?)])
  func `names what is wrong and where`(endpoint: ChatRequestCheck.Endpoint, body: String, code: String, param: String?) throws {
    let fault = try #require(try fault(endpoint, body))
    #expect(fault.kind == .invalid)
    #expect(fault.code == code)
    #expect(fault.param == param)
  }

  @Test(
    arguments: [
      (.chat, with(#""temperature":1,"max_tokens":5.0,"stop":[],"seed":null,"new":{"x":[1]},"seed":12345678901234567890"#)),
      (
        .chat,
        chat(#"{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#)
      ),
      (
        .chat,
        chat(#"{"role":"user","content":[{"type":"video_url","video_url":{"url":"x"}},{"type":"text","text":"x","cache_control":{}}]}"#)
      ),
      (.chat, with(#""tools":[{"type":"web_search"},{"type":"function","function":{"name":"f","parameters":null}}],"tool_choice":"auto""#)),
      (.completions, #"{"model":"m","prompt":["a","b"]}"#), (.embeddings, #"{"model":"m","input":[[1,2],[3]]}"#),
      (.rerank, #"{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1}"#),
    ] as [(ChatRequestCheck.Endpoint, String)])
  func `lets pass what it understands and what it does not know`(endpoint: ChatRequestCheck.Endpoint, body: String) throws {
    #expect(try fault(endpoint, body)?.message == nil)
  }

  @Test func `says what was expected and what came`() throws {
    #expect(try fault(.chat, with(#""stop":1"#))?.message == "Invalid type for 'stop': expected a string or an array, but got an integer.")
  }
}
