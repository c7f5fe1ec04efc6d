import Base
import Testing

@testable import Wire

private func decode(_ body: String) throws -> Chat { try ResponsesRequest.decode(JSON(parsing: body)) }

private func fault(_ body: String) throws -> Fault? {
  let json = try JSON(parsing: body)
  do throws(Fault) {
    _ = try ResponsesRequest.decode(json)
    return nil
  } catch {
    return error
  }
}

/// A request with these items.
private func items(_ items: String) -> String { #"{"model":"m","input":[\#(items)]}"# }
/// A request with these further members.
private func with(_ members: String) -> String { #"{"model":"m","input":"x",\#(members)}"# }

/// The turns in short: `role@path[part@path, …]`.
private func shown(_ chat: Chat) -> String {
  chat.messages.map { message in
    "\(message.role)@\(message.path.text())[\(message.contents.map { "\(shown($0.part))@\($0.path.text())" }.joined(separator: ", "))]"
  }.joined(separator: " ")
}

private func shown(_ part: Part) -> String {
  switch part {
  case .text(let text, _): text
  case .refusal(let text): "refusal:\(text)"
  case .reasoning(let reasoning): "thought:\(reasoning.text)\(reasoning.signature.map { "(\($0.envelope))" } ?? "")"
  case .call(let call): "\(call.kind) \(call.id) \(call.name)(\(call.arguments))"
  case .result(let result): "result \(result.id)<\(result.parts.map(shown).joined(separator: "|"))>"
  case .media(let media): "\(media.kind) \(media.source) \(media.title ?? "-") \(media.detail ?? "-")"
  case .opaque: "opaque"
  }
}

private let turns: [(String, String)] = [
  // A text alone is a user's turn; instructions stand before all.
  (#"{"model":"m","input":"Hi"}"#, "user@input[Hi@input]"),
  (
    #"{"model":"m","instructions":"I","input":[{"role":"developer","content":"D"},{"type":"message","role":"system","content":"S"}]}"#,
    "system@instructions[I@instructions] system@input[0][D@input[0].content] system@input[1][S@input[1].content]"
  ),
  // Reasoning, words and calls of the assistant are one turn; outputs are the next.
  (
    items(
      #"""
      {"role":"user","content":"w?"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"h"},{"type":"summary_text","text":"m"}]},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Ok","annotations":[]},{"type":"refusal","refusal":"No"}]},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"sql","input":"x y"},
      {"type":"function_call_output","call_id":"c1","output":"3C"},
      {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://a.example/b"}]},
      {"role":"user","content":"and?"},{"role":"assistant","content":"yes"}
      """#),
    #"""
    user@input[0][w?@input[0].content] assistant@input[1][thought:hm@input[1], Ok@input[2].content[0], refusal:No@\#
    input[2].content[1], function c1 f({})@input[3], freeform c2 sql(x y)@input[4]] user@input[5][result c1<3C>@in\#
    put[5], result c2<a|image url("https://a.example/b", mediaType: nil) - ->@input[6]] user@input[7][and?@input[7\#
    ].content] assistant@input[8][yes@input[8].content]
    """#
  ),
  // An envelope finds its way home; what another vendor encrypted says nothing.
  (
    items(#"{"type":"reasoning","id":"r","summary":[{"text":"p"}],"encrypted_content":"apus1:anthropic:c2ln"}"#),
    "assistant@input[0][thought:p(apus1:anthropic:c2ln)@input[0]]"
  ),
  (
    items(#"{"type":"reasoning","id":"r","summary":[],"content":[{"type":"reasoning_text","text":"q"}],"encrypted_content":"gAAA"}"#),
    "assistant@input[0][thought:q@input[0]]"
  ),
  // Media.
  (
    items(
      #"""
      {"role":"user","content":[{"type":"input_image","image_url":"data:image/PNG;base64,AA==","detail":"high"},
      {"type":"input_image","file_id":"file_1"},{"type":"input_file","filename":"r.pdf","file_data":"data:application/pdf;base64,JVBE"},
      {"type":"input_file","file_data":"JVBE"},{"type":"input_file","file_url":"https://a.example/r.pdf"},{"type":"input_file","file_id":"file_2"},
      {"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}
      """#),
    #"""
    user@input[0][image data("AA==", mediaType: "image/png") - high@input[0].content[0], image file(id: "file_1", \#
    vendor: Wire.Part.Vendor.openAI) - -@input[0].content[1], document data("JVBE", mediaType: "application/pdf") \#
    r.pdf -@input[0].content[2], document data("JVBE", mediaType: "application/pdf") - -@input[0].content[3], docu\#
    ment url("https://a.example/r.pdf", mediaType: nil) - -@input[0].content[4], document file(id: "file_2", vendo\#
    r: Wire.Part.Vendor.openAI) - -@input[0].content[5], audio data("UklG", mediaType: "audio/wav") - -@input[0].c\#
    ontent[6]]
    """#
  ),
]

@Suite struct `A Responses request` {
  @Test(arguments: turns)
  func `becomes turns`(body: String, turns: String) throws {
    #expect(try shown(decode(body)) == turns)
  }

  @Test func `drops and reports what the vendor's own tools left behind`() throws {
    let chat = try decode(
      items(
        #"""
        {"role":"assistant","content":"a"},{"type":"web_search_call","id":"ws_1","status":"completed"},
        {"role":"assistant","content":[{"type":"output_text","text":"b","annotations":[{"type":"url_citation"}]}]}
        """#))
    #expect(shown(chat) == "assistant@input[0][a@input[0].content, b@input[2].content[0]]")
    #expect(chat.losses.map(\.description) == ["input[1]:dropped", "input[2].content[0].annotations:dropped"])
  }

  @Test(
    arguments: [
      // What only a store could answer.
      (with(#""previous_response_id":"resp_1""#), "unsupported_parameter", "previous_response_id"),
      (#"{"model":"m","previous_response_id":"resp_1"}"#, "unsupported_parameter", "previous_response_id"),
      (with(#""conversation":"conv_1""#), "unsupported_parameter", "conversation"),
      (with(#""conversation":{"id":"conv_1"}"#), "unsupported_parameter", "conversation"),
      (#"{"model":"m","prompt":{"id":"pmpt_1"}}"#, "unsupported_parameter", "prompt"),
      (with(#""background":true"#), "unsupported_parameter", "background"),
      (with(#""context_management":[{"type":"compaction"}]"#), "unsupported_parameter", "context_management"),
      (items(#"{"type":"item_reference","id":"msg_1"}"#), "unsupported_content", "input[0]"),
      (items(#"{"role":"user","content":"x"},{"id":"msg_1"}"#), "unsupported_content", "input[1]"),
      (items(#"{"type":"compaction","encrypted_content":"x"}"#), "unsupported_content", "input[0]"),
      // What nobody knows.
      (items(#"{"type":"new_item"}"#), "unsupported_content", "input[0]"),
      (items(#"{"role":"user","content":[{"type":"new_part"}]}"#), "unsupported_content", "input[0].content[0]"),
      (
        items(#"{"type":"function_call_output","call_id":"a","output":[{"type":"new_part"}]}"#), "unsupported_content",
        "input[0].output[0]"
      ),
      (items(#"{"role":"user","content":[{"type":"input_image"}]}"#), "missing_required_field", "input[0].content[0].image_url"),
      (items(#"{"role":"user","content":[{"type":"input_file"}]}"#), "missing_required_field", "input[0].content[0].file_data"),
      (
        items(#"{"role":"user","content":[{"type":"input_image","image_url":"data:x"}]}"#), "invalid_value",
        "input[0].content[0].image_url"
      ),
      (with(#""text":{"format":{"type":"yaml"}}"#), "unsupported_parameter", "text.format.type"),
      (with(#""text":{"format":{"type":"json_schema","schema":{}}}"#), "missing_required_field", "text.format.name"),
      // A choice that can't travel.
      (with(#""tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}"#), "unsupported_parameter", "tool_choice"),
      (with(#""tool_choice":"some""#), "invalid_value", "tool_choice"),
      (with(#""tool_choice":{"type":"function"}"#), "missing_required_field", "tool_choice.name"),
      (with(#""tool_choice":{"type":"function","name":1}"#), "invalid_type", "tool_choice.name"),
      (with(#""tool_choice":{"type":"allowed_tools","mode":"auto"}"#), "missing_required_field", "tool_choice.tools"),
      (
        with(#""tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp","server_label":"s"}]}"#),
        "unsupported_parameter", "tool_choice"
      ),
    ])
  func `is refused where it asks for what can't be`(body: String, code: String, param: String) throws {
    let fault = try #require(try fault(body))
    #expect(fault.kind == .invalid && fault.code == code && fault.param == param)
  }

  @Test(arguments: [
    with(#""previous_response_id":null,"conversation":null,"background":false,"prompt":null,"context_management":[],"store":true"#),
    with(#""truncation":"disabled","include":["reasoning.encrypted_content"],"stream_options":{"include_obfuscation":false}"#),
  ])
  func `passes where it says what holds anyway`(body: String) throws {
    let chat = try decode(body)
    #expect(chat.extra.isEmpty && chat.losses.isEmpty)
  }

  @Test func `keeps its settings`() throws {
    let chat = try decode(
      with(
        #"""
        "max_output_tokens":200,"temperature":0.10,"top_p":0.5,"top_logprobs":3,"parallel_tool_calls":false,"user":"u","safety_identifier":"s",
        "stream":true,"text":{"format":{"type":"json_schema","name":"r","schema":{"type":"object"},"strict":true,"description":"d"},"verbosity":"low"},
        "reasoning":{"effort":"high","summary":"auto","context":"x"},"metadata":{"k":"v"},"truncation":"auto","max_tool_calls":2,"new":1
        """#))
    #expect(chat.model == "m" && chat.isStream && chat.wantsUsage && chat.wire == .responses)
    #expect(chat.settings.maxTokens == 200 && chat.settings.temperature?.numberText == "0.10" && chat.settings.topP == 0.5)
    #expect(chat.settings.topLogprobs == 3 && chat.settings.logprobs == true && chat.parallelCalls == false)
    #expect(chat.settings.user == "u" && chat.settings.userMember == nil)
    #expect(chat.format == .schema(OutputFormat.Schema(name: "r", schema: ["type": "object"], description: "d", strict: true)))
    #expect(chat.thinking == Thinking(effort: .high, isShown: true))
    #expect(
      chat.extra.map(\.path) == [
        "safety_identifier", "text.verbosity", "reasoning.context", "metadata", "truncation", "max_tool_calls", "new",
      ])
  }

  private static let members: [(String, @Sendable (Chat) -> Bool)] = [
    (#""safety_identifier":"s""#, { $0.settings.user == "s" && $0.settings.userMember == "safety_identifier" && $0.extra.isEmpty }),
    (#""include":["message.output_text.logprobs"]"#, { $0.settings.logprobs == true && $0.settings.topLogprobs == nil }),
    (#""top_logprobs":0"#, { $0.settings.logprobs == nil }), (#""text":{"format":{"type":"text"}}"#, { $0.format == nil }),
    (#""text":{"format":{"type":"json_object"}}"#, { $0.format == .json }), (#""reasoning":{}"#, { $0.thinking == nil }),
    (#""reasoning":{"effort":"none"}"#, { $0.thinking?.effort == Thinking.Effort.none }),
    (#""reasoning":{"effort":"huge"}"#, { $0.thinking == nil && $0.extra.map(\.path) == ["reasoning.effort"] }),
    (#""max_output_tokens":16.0"#, { $0.settings.maxTokens == 16 }),
    (#""tool_choice":"required""#, { $0.toolChoice == .required }), (#""tool_choice":"none""#, { $0.toolChoice == ToolChoice.none }),
    (#""tool_choice":{"type":"custom","name":"f"}"#, { $0.toolChoice == .named("f") }),
    (
      #""tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"mcp"},{"type":"function","name":"f"}]}"#,
      { $0.toolChoice == .allowed(["f"], isRequired: true) && $0.losses.map(\.description) == ["tool_choice.tools[0]:dropped"] }
    ),
  ]

  @Test(arguments: Self.members)
  func `is read member by member`(members: String, holds: @Sendable (Chat) -> Bool) throws {
    #expect(holds(try decode(with(members))))
  }

  @Test func `has flat tools, of which the vendor's own are dropped`() throws {
    let chat = try decode(
      with(
        #"""
        "tools":[{"type":"web_search"},{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":false},
        {"type":"function","name":"g","parameters":null,"strict":null},{"type":"custom","name":"sql","format":{"type":"grammar","syntax":"lark","definition":"s"}},
        {"type":"custom","name":"t","format":{"type":"text"}},{"type":"namespace","name":"n","tools":[]}]
        """#))
    #expect(chat.losses.map(\.description) == ["tools[0]:dropped", "tools[5]:dropped"])
    #expect(chat.tools.map(\.name) == ["f", "g", "sql", "t"])
    #expect(chat.tools.map { $0.path.text() } == ["tools[1]", "tools[2]", "tools[3]", "tools[4]"])
    guard case .function(let parameters, let strict) = chat.tools[0].kind else { return #expect(Bool(false)) }
    #expect(parameters == ["type": "object"] && strict == false && chat.tools[0].description == "d")
    guard case .function(nil, nil) = chat.tools[1].kind else { return #expect(Bool(false)) }
    guard case .freeform(let grammar) = chat.tools[2].kind, case .freeform(let plain) = chat.tools[3].kind else {
      return #expect(Bool(false))
    }
    #expect(grammar == ["type": "grammar", "grammar": ["syntax": "lark", "definition": "s"]] && plain == ["type": "text"])
  }

  @Test func `of the corpus is read or refused as it says`() throws {
    let cases = try Shared.cases("req-r2")
    for test in cases {
      let input = try #require(test["input"])
      let param = test.at("expected_error.body.error.param")?.string
      #expect(try fault(input.description)?.param == param, "\(test["id"]?.string ?? "")")
    }
  }
}
