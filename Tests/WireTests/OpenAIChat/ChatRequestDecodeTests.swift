import Base
import Testing

@testable import Wire

private func decode(_ members: String, messages: String = #"[{"role":"user","content":"q"}]"#) throws -> Chat {
  let rest = members.isEmpty ? "" : "," + members
  return try ChatRequest.decode(JSON(parsing: #"{"model":"m","messages":\#(messages)\#(rest)}"#))
}

private func turns(_ messages: String) throws -> [Message] { try decode("", messages: "[" + messages + "]").messages }

/// A turn in short: its role, and each part with its place.
private func short(_ message: Message) -> String {
  "\(message.role) " + message.contents.map { "\(short($0.part)) @\($0.path.text())" }.joined(separator: " · ")
}

private func short(_ part: Part) -> String {
  switch part {
  case .text(let text, _): "text:\(text)"
  case .reasoning(let thought): "think:\(thought.text)" + (thought.signature.map { "(\($0.origin):\($0.value))" } ?? "")
  case .refusal(let text): "refusal:\(text)"
  case .call(let call): "call:\(call.id) \(call.name) \(call.arguments)" + (call.kind == .freeform ? " free" : "")
  case .result(let result): "result:\(result.id) " + result.parts.map(short).joined(separator: "+")
  case .media(let media): "\(media.kind):\(media.source) \(media.title ?? "") \(media.detail ?? "")"
  case .opaque: "opaque"
  }
}

private let call = #"{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}"#

@Suite struct `A Chat request` {
  @Test(arguments: [
    // Contents are strings or lists; each part has its place.
    (#"{"role":"system","content":"s"}"#, ["system text:s @messages[0].content"]),
    (#"{"role":"developer","content":[{"type":"text","text":"d"}]}"#, ["system text:d @messages[0].content[0]"]),
    (
      #"{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://a.example/i","detail":"low"}}]}"#,
      [#"user text:x @messages[0].content[0] · image:url("https://a.example/i", mediaType: nil)  low @messages[0].content[1]"#]
    ),
    (
      #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/PNG;base64,QQ=="}}]}"#,
      [#"user image:data("QQ==", mediaType: "image/png")   @messages[0].content[0]"#]
    ),
    (
      #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,A%42"}}]}"#,
      [#"user image:data("QUI=", mediaType: "text/plain")   @messages[0].content[0]"#]
    ),
    (
      #"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QQ==","format":"mp3"}}]}"#,
      [#"user audio:data("QQ==", mediaType: "audio/mp3")   @messages[0].content[0]"#]
    ),
    (
      #"{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,QQ==","filename":"r.pdf"}}]}"#,
      [#"user document:data("QQ==", mediaType: "application/pdf") r.pdf  @messages[0].content[0]"#]
    ),
    (
      #"{"role":"user","content":[{"type":"file","file":{"file_id":"f1"}}]}"#,
      [#"user document:file(id: "f1", vendor: Wire.Part.Vendor.openAI)   @messages[0].content[0]"#]
    ),
    // An assistant thinks before it speaks, and speaks before it calls.
    (
      #"{"role":"assistant","content":"t","refusal":"r","tool_calls":[\#(call)],"reasoning_content":"hm"}"#,
      [
        "assistant think:hm @messages[0].reasoning_content · text:t @messages[0].content · refusal:r @messages[0].refusal"
          + " · call:a f {} @messages[0].tool_calls[0]"
      ]
    ),
    (
      #"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"refusal","refusal":"no"}]}"#,
      ["assistant think:a @messages[0].content[0] · refusal:no @messages[0].content[1]"]
    ),
    (
      #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"custom","custom":{"name":"g","input":"x y"}}]}"#,
      ["assistant call:c g x y free @messages[0].tool_calls[0]"]
    ),
    // Results are the user's.
    (
      #"{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"1"},{"type":"text","text":"2"}]}"#,
      ["user result:a text:1+text:2 @messages[0]"]
    ),
  ])
  func `becomes turns with places`(messages: String, expected: [String]) throws {
    #expect(try turns(messages).map(short) == expected)
  }

  @Test(arguments: [
    // Details and text are laid over each other.
    (#""reasoning_content":"ab""#, ["think:ab"]),
    (#""reasoning":"ab""#, ["think:ab"]),
    (#""reasoning_content":"ab","reasoning":"other""#, ["think:ab"]),
    (#""reasoning_details":[{"type":"reasoning.summary","summary":"s"}]"#, ["think:s"]),
    (
      #""reasoning_content":"ab","reasoning_details":[{"text":"a","signature":"apus1:anthropic:s1"},{"text":"b","signature":"s2"}]"#,
      ["think:a(anthropic:s1)", "think:b(chat:s2)"]
    ),
    (
      #""reasoning_content":"plan. more. go","reasoning_details":[{"text":"more. ","signature":"apus1:anthropic:s"}]"#,
      ["think:plan. ", "think:more. (anthropic:s)", "think:go"]
    ),
    (
      #""reasoning_content":"ab","reasoning_details":[{"text":"b","signature":"apus1:gemini:part:s"}]"#,
      ["think:a", "think:b(gemini:s)"]
    ),
    // A text that the client has changed is told by its details alone.
    (#""reasoning_content":"zz","reasoning_details":[{"text":"b","signature":"s"}]"#, ["think:b(chat:s)"]),
    (
      #""reasoning_content":"a","reasoning_details":[{"data":"apus1:anthropic-redacted:x"},{"text":"","signature":"apus1:gemini:next:y"}]"#,
      ["think:a", "think:(anthropicRedacted:x)", "think:(geminiNext:y)"]
    ),
    (#""reasoning_details":[{"data":"blob"},{"text":""},{"signature":""},7]"#, ["think:(chatEncrypted:blob)"]),
  ])
  func `brings reasoning and its signatures back once`(members: String, expected: [String]) throws {
    let message = #"{"role":"assistant","content":"t",\#(members)}"#
    let parts = try #require(turns(message).first).contents.map(\.part)
    #expect(parts.map(short) == expected + ["text:t"])
  }

  @Test func `brings a Gemini call's signature back as it is`() throws {
    let call =
      #"{"id":"a","type":"function","function":{"name":"f","arguments":""},"extra_content":{"google":{"thought_signature":"QQ=="}}}"#
    let contents = try #require(turns(#"{"role":"assistant","content":null,"tool_calls":[\#(call)]}"#).first).contents
    guard case .call(let read) = contents.first?.part else { throw Fault(.internal, "no call") }
    #expect(read.signature == Signature(.gemini, "QQ=="))
  }

  @Test func `gives the old calls and their results ids`() throws {
    let chat = try decode(
      #""functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}"#,
      messages: #"""
        [{"role":"user","content":"q"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
         {"role":"function","name":"f","content":"3"}]
        """#)
    guard case .call(let call) = chat.messages[1].contents.first?.part, case .result(let result) = chat.messages[2].contents.first?.part
    else { throw Fault(.internal, "no call") }
    #expect(call.id.hasPrefix("call_") && call.id == result.id && result.text == "3")
    #expect(chat.losses == [Loss("messages[1].function_call.id", .synthesized)])
    #expect(chat.tools.first?.name == "f" && chat.tools.first?.path.text() == "functions[0]")
    #expect(chat.toolChoice == .named("f"))
  }

  @Test func `gives calls without ids some, and pairs their results in order`() throws {
    let messages = try turns(
      #"""
      {"role":"assistant","content":null,"tool_calls":[{"type":"function","function":{"name":"f","arguments":"1"}},
       {"id":"","type":"function","function":{"name":"f","arguments":"2"}}]},
      {"role":"tool","tool_call_id":"","content":"one"},{"role":"tool","tool_call_id":"","content":"two"}
      """#)
    let calls = messages[0].contents.compactMap { if case .call(let call) = $0.part { call.id } else { nil } }
    let results = messages.dropFirst().flatMap(\.contents).compactMap { if case .result(let result) = $0.part { result.id } else { nil } }
    #expect(calls == results && Set(calls).count == 2)
  }

  @Test func `gives its settings as they were written`() throws {
    let chat = try decode(
      #"""
      "max_tokens":9,"max_completion_tokens":7,"temperature":0.10,"top_p":1e0,"top_k":4,"stop":"x","n":2,"frequency_penalty":-1,
      "presence_penalty":2,"seed":12345678901234567890,"logprobs":true,"top_logprobs":3,"logit_bias":{"1":2},"user":"u",
      "stream":true,"stream_options":{"include_usage":true},"reasoning_effort":"xhigh","parallel_tool_calls":false,"store":true,
      "service_tier":"auto","x":{"y":[1]}
      """#)
    let settings = chat.settings
    #expect(settings.maxTokens == 7 && settings.stop == ["x"] && settings.candidates == 2 && settings.user == "u")
    #expect(settings.temperature?.description == "0.10" && settings.topP?.description == "1e0" && settings.topK == 4)
    #expect(settings.seed?.description == "12345678901234567890" && settings.logprobs == true && settings.topLogprobs == 3)
    #expect(chat.isStream && chat.wantsUsage && chat.thinking?.effort == .xhigh && chat.parallelCalls == false)
    #expect(chat.extra.map(\.path) == ["store", "x"])
    #expect(chat.losses.isEmpty)
  }

  @Test func `tells where its stop texts stand`() throws {
    #expect(try decode(#""stop":"x""#).path(ofStop: 0) == "stop")
    #expect(try decode(#""stop":["x"]"#).path(ofStop: 0) == "stop[0]")
  }

  @Test func `takes the safety identifier for the user, and says so`() throws {
    let chat = try decode(#""safety_identifier":"s""#)
    #expect(chat.settings.user == "s" && chat.path(of: .user) == "safety_identifier" && chat.extra.isEmpty)
    let both = try decode(#""user":"u","safety_identifier":"s""#)
    #expect(both.settings.user == "u" && both.path(of: .user) == "user" && both.extra.map(\.path) == ["safety_identifier"])
  }

  @Test(
    arguments: [
      (#""none""#, ToolChoice.none), (#""auto""#, .auto), (#""required""#, .required),
      (#"{"type":"function","function":{"name":"f"}}"#, .named("f")), (#"{"type":"custom","custom":{"name":"g"}}"#, .named("g")),
      (
        #"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]}}"#,
        .allowed(["f", "g"], isRequired: true)
      ),
    ] as [(String, ToolChoice)])
  func `gives the choice of tools`(json: String, choice: ToolChoice) throws {
    #expect(try decode(#""tool_choice":\#(json)"#).toolChoice == choice)
  }

  @Test func `gives tools of all kinds and the form of the answer`() throws {
    let chat = try decode(
      #"""
      "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
      {"type":"custom","custom":{"name":"g","format":{"type":"text"}}},{"type":"web_search"}],
      "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"a":1},"description":"d","strict":false}}
      """#)
    #expect(chat.tools.map(\.name) == ["f", "g"] && chat.tools.map(\.isFreeform) == [false, true])
    #expect(chat.losses == [Loss("tools[2]", .dropped)])
    #expect(chat.format == .schema(.init(name: "n", schema: ["a": 1], description: "d", strict: false)))
    #expect(try decode(#""response_format":{"type":"text"}"#).format == nil)
    #expect(try decode(#""response_format":{"type":"json_object"}"#).format == .json)
  }

  @Test func `reports what has no counterpart`() throws {
    let chat = try decode(
      "",
      messages: #"""
        [{"role":"user","name":"bob","content":[{"type":"text","text":"x","prompt_cache_breakpoint":{}}]},
         {"role":"assistant","content":"y","audio":{"id":"a"}}]
        """#)
    #expect(
      chat.losses.map(\.description) == [
        "messages[0].content[0].prompt_cache_breakpoint:dropped", "messages[0].name:dropped", "messages[1].audio:dropped",
      ])
  }

  @Test(arguments: [
    (
      #""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":7}}]}]"#, "invalid_type",
      "messages[0].content[0].image_url.url"
    ),
    (#""messages":[{"role":"user","content":[{"type":"text"}]}]"#, "missing_required_field", "messages[0].content[0].text"),
    (#""messages":[{"role":"user","content":[{"type":"video_url","video_url":{}}]}]"#, "unsupported_content", "messages[0].content[0]"),
    (
      #""messages":[{"role":"user","content":[{"type":"file","file":{}}]}]"#, "missing_required_field",
      "messages[0].content[0].file.file_data"
    ),
    (
      #""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}]"#, "invalid_value",
      "messages[0].content[0].image_url.url"
    ),
    (
      #""messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function"}]}]"#, "missing_required_field",
      "messages[0].tool_calls[0].function"
    ),
    (#""messages":[{"role":"user","content":"q"}],"tool_choice":"any""#, "invalid_value", "tool_choice"),
    (
      #""messages":[{"role":"user","content":"q"}],"tool_choice":{"type":"function"}"#, "missing_required_field",
      "tool_choice.function.name"
    ),
    (#""messages":[{"role":"user","content":"q"}],"tool_choice":{"type":"mcp"}"#, "unsupported_parameter", "tool_choice"),
    (#""messages":[{"role":"user","content":"q"}],"functions":[{}]"#, "missing_required_field", "functions[0].name"),
    (#""messages":[{"role":"user","content":"q"}],"response_format":{"type":"grammar"}"#, "unsupported_parameter", "response_format.type"),
    (
      #""messages":[{"role":"user","content":"q"}],"response_format":{"type":"json_schema","json_schema":{}}"#, "missing_required_field",
      "response_format.json_schema.name"
    ),
    (#""messages":[]"#, "empty_array", "messages"),
  ])
  func `is refused with the field's path`(members: String, code: String, param: String) throws {
    let body = try JSON(parsing: #"{"model":"m",\#(members)}"#)
    let fault = #expect(throws: Fault.self) { try ChatRequest.decode(body) }
    #expect(fault?.kind == .invalid && fault?.code == code && fault?.param == param)
  }
}
