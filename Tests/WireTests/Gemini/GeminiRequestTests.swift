import Base
import Testing

@testable import Wire

private func decode(_ text: String) throws -> Chat { try GeminiRequest.decode(.of(text), model: "m", isStream: false) }

/// The turns of these contents in short.
private func turns(_ contents: String) throws -> (turns: [String], losses: [String]) {
  let chat = try decode(#"{"contents":[\#(contents)]}"#)
  let turns = chat.messages.map { "\($0.role.rawValue) " + $0.contents.map(\.part.short).joined(separator: "|") }
  return (turns, chat.losses.map(\.description))
}

private func settings(_ config: String) throws -> Chat {
  try decode(#"{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":\#(config)}"#)
}

/// `base64("apus1:anthropic:c2ln")`, and the same in the other alphabet without padding.
private let envelope = "YXB1czE6YW50aHJvcGljOmMybG4="
private let sentinel = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I"

@Suite struct `A Gemini request` {
  @Test(
    arguments: [
      // A content without a role is the user's; so are the roles of old clients.
      (#"{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}"#, ["user text:a", "assistant text:b"], []),
      (#"{"role":"function","parts":[{"functionResponse":{"name":"f","response":{}}}]}"#, ["user result f#f:text:{}"], []),
      // Media by kind, both spellings, both alphabets of base64.
      (#"{"parts":[{"inline_data":{"mime_type":"image/png","data":"-_8"}}]}"#, ["user image:image/png,+/8="], []),
      (#"{"parts":[{"inlineData":{"mimeType":"audio/mpeg","data":"AA=="}}]}"#, ["user audio:audio/mp3,AA=="], []),
      (#"{"parts":[{"inlineData":{"mime_type":"application/pdf","data":"AAAA"}}]}"#, ["user document:application/pdf,AAAA"], []),
      (#"{"parts":[{"file_data":{"file_uri":"https://a.example/c.jpg?x"}}]}"#, ["user image:?,https://a.example/c.jpg?x"], []),
      (
        #"{"parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"http://a.example/x"}}]}"#,
        ["user document:application/pdf,http://a.example/x"], []
      ),
      // Traces of the vendor's own tools and hints go, with a report.
      (
        #"{"role":"model","parts":[{"executableCode":{}},{"code_execution_result":{}},{"text":"a"}]}"#, ["assistant text:a"],
        ["contents[0].parts[0]:dropped", "contents[0].parts[1]:dropped"]
      ),
      (#"{"parts":[{"text":"a","videoMetadata":{"fps":1}}]}"#, ["user text:a"], ["contents[0].parts[0].videoMetadata:dropped"]),
    ] as [(String, [String], [String])])
  func `has turns of parts`(contents: String, expected: [String], losses: [String]) throws {
    let found = try turns(contents)
    #expect(found.turns == expected)
    #expect(found.losses == losses)
  }

  @Test(
    arguments: [
      // Calls without ids get some, and results find them by name, in the order of the calls.
      (
        #"""
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{"a": 1}}},{"function_call":{"name":"g"}}]},
        {"parts":[{"functionResponse":{"name":"g","response":{"output":"x"}}},{"function_response":{"name":"f","response":{"t":[1,2]}}}]}
        """#,
        [#"assistant call f#new:{"a":1}|call g#new:{}"#, #"user result g#new:text:x|result f#new:text:{"t":[1,2]}"#],
        ["contents[0].parts[0].functionCall.id:synthesized", "contents[0].parts[1].functionCall.id:synthesized"]
      ),
      // By id, where there is one; a result alone with an error is an error.
      (
        #"""
        {"role":"model","parts":[{"functionCall":{"id":"1","name":"f"}},{"functionCall":{"id":"2","name":"f"}}]},
        {"parts":[{"functionResponse":{"id":"2","name":"f","response":{"error":"no"}}},{"functionResponse":{"id":"1","name":"f","response":{"error":"no","x":1}}}]}
        """#,
        ["assistant call f#1:{}|call f#2:{}", #"user result f#2!:text:no|result f#1:text:{"error":"no","x":1}"#], []
      ),
      // Calls of one turn that have the same id are told apart by their names.
      (
        #"""
        {"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":null}},{"functionCall":{"id":"1","name":"g"}}]},
        {"parts":[{"functionResponse":{"id":"1","name":"g","response":{"output":"G"}}},{"functionResponse":{"id":"1","name":"f","response":null}}]}
        """#,
        ["assistant call f#1:{}|call g#new:{}", "user result g#new:text:G|result f#1:text:{}"],
        ["contents[0].parts[1].functionCall.id:synthesized"]
      ),
      // Images in results are parts of them.
      (
        #"{"role":"user","parts":[{"functionResponse":{"id":"9","name":"f","response":{"output":""},"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]}"#,
        ["user result f#9:text:+image:image/png,AA=="], []
      ),
      // Pieces of a stream that a client kept apart are one turn where calls are in them.
      (
        #"{"role":"model","parts":[{"functionCall":{"id":"1","name":"f"}}]},{"role":"model","parts":[{"functionCall":{"id":"2","name":"g"}}]}"#,
        ["assistant call f#1:{}|call g#2:{}"], []
      ),
      (#"{"role":"model","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}"#, ["assistant text:a", "assistant text:b"], []),
      // Text escapes are resolved, numbers stay as they are.
      (
        #"{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{"s":"\u00e9","n":1.50,"big":12345678901234567890}}}]}"#,
        [#"assistant call f#1:{"s":"é","n":1.50,"big":12345678901234567890}"#], []
      ),
    ] as [(String, [String], [String])])
  func `has calls and results that fit together`(contents: String, expected: [String], losses: [String]) throws {
    let found = try turns(contents)
    #expect(found.turns == expected)
    #expect(found.losses == losses)
  }

  @Test(
    arguments: [
      // An envelope comes home; the pieces of a thought are one, and a signature ends it.
      (#"[{"text":"a","thought":true,"thoughtSignature":"\#(envelope)"}]"#, "think:a[anthropic c2ln]", []),
      (
        #"[{"text":"a","thought":true},{"text":"b","thought":true},{"text":"","thought":true,"thought_signature":"YXB1czE6YW50aHJvcGljOmMybG4"},{"text":"c","thought":true}]"#,
        "think:ab[anthropic c2ln]|think:c", []
      ),
      // Gemini's own signatures are kept apart from the text.
      (#"[{"text":"a","thought":true,"thoughtSignature":"QUJD"}]"#, "think:a[gemini:part QUJD]", []),
      (#"[{"functionCall":{"id":"1","name":"f"},"thoughtSignature":"QUJD"}]"#, "call f#1:{}[gemini:part QUJD]", []),
      (#"[{"text":"a","thoughtSignature":"QUJD"}]"#, "text:a", ["contents[0].parts[0].thoughtSignature:dropped"]),
      // The words that stand for a missing signature are none.
      (
        #"[{"functionCall":{"id":"1","name":"f"},"thoughtSignature":"\#(sentinel)"}]"#, "call f#1:{}",
        ["contents[0].parts[0].thoughtSignature:dropped"]
      ),
      (
        #"[{"functionCall":{"id":"1","name":"f"},"thoughtSignature":"skip_thought_signature_validator"}]"#, "call f#1:{}",
        ["contents[0].parts[0].thoughtSignature:dropped"]
      ),
      // An envelope on anything else is a thought before it. This one holds `apus1:anthropic-redacted:x`.
      (
        #"[{"text":"a","thoughtSignature":"YXB1czE6YW50aHJvcGljLXJlZGFjdGVkOng="}]"#, "think:[anthropic-redacted x]|text:a", []
      ),
    ] as [(String, String, [String])])
  func `brings signatures back`(parts: String, expected: String, losses: [String]) throws {
    let found = try turns(#"{"role":"model","parts":\#(parts)}"#)
    #expect(found.turns == ["assistant " + expected])
    #expect(found.losses == losses)
  }

  @Test func `puts a thought together that was kept in several contents`() throws {
    let found = try turns(
      #"{"role":"model","parts":[{"text":"a","thought":true}]},{"role":"model","parts":[{"text":"b","thought":true,"thoughtSignature":"\#(envelope)"}]},{"role":"model","parts":[{"text":"c"}]}"#
    )
    #expect(found.turns == ["assistant think:ab[anthropic c2ln]", "assistant text:c"])
  }

  @Test func `has settings in either spelling`() throws {
    let chat = try settings(
      #"{"temperature":0.5,"top_p":0.7,"topK":5.0,"candidate_count":2,"maxOutputTokens":7,"stop_sequences":["x"],"seed":1,"presencePenalty":0.1,"frequency_penalty":0.2,"response_logprobs":true,"logprobs":3,"mediaResolution":"LOW"}"#
    )
    let found = chat.settings
    #expect(found.temperature == 0.5 && found.topP == 0.7 && found.topK == 5 && found.candidates == 2 && found.maxTokens == 7)
    #expect(found.stop == ["x"] && found.seed == 1 && found.presencePenalty == 0.1 && found.frequencyPenalty == 0.2)
    #expect(found.logprobs == true && found.topLogprobs == 3)
    #expect(chat.losses.map(\.description) == ["generationConfig.mediaResolution:dropped"])
  }

  @Test(
    arguments: [
      (#"{"thinkingConfig":{"thinkingLevel":"HIGH","include_thoughts":true}}"#, Thinking(effort: .high, isShown: true)),
      (#"{"thinking_config":{"thinkingBudget":0}}"#, Thinking(budget: 0)),
      (#"{"thinkingConfig":{"thinking_budget":-1}}"#, Thinking(budget: -1)),
      (#"{}"#, nil),
    ] as [(String, Thinking?)])
  func `tells how much to think`(config: String, expected: Thinking?) throws {
    #expect(try settings(config).thinking == expected)
  }

  @Test(
    arguments: [
      (#"{"responseMimeType":"application/json"}"#, .json), (#"{"responseMimeType":"text/plain"}"#, nil),
      (
        #"{"response_mime_type":"application/json","responseSchema":{"type":"OBJECT"}}"#,
        .schema(OutputFormat.Schema(schema: ["type": "object"], isFromOpenAPI: true))
      ),
      (
        #"{"responseMimeType":"application/json","response_json_schema":{"type":"array"}}"#,
        .schema(OutputFormat.Schema(schema: ["type": "array"], isFromOpenAPI: true))
      ),
    ] as [(String, OutputFormat?)])
  func `tells the form of the answer`(config: String, expected: OutputFormat?) throws {
    #expect(try settings(config).format == expected)
  }

  @Test(
    arguments: [
      (#"{"mode":"AUTO"}"#, .auto, []), (#"{"mode":"NONE"}"#, ToolChoice.none, []), (#"{"mode":"ANY"}"#, .required, []),
      (#"{"mode":"ANY","allowed_function_names":["f"]}"#, .named("f"), []),
      (#"{"mode":"ANY","allowedFunctionNames":["f","g"]}"#, .allowed(["f", "g"], isRequired: true), []),
      (#"{"mode":"VALIDATED"}"#, .auto, ["toolConfig.functionCallingConfig.mode:downgraded"]),
      (#"{}"#, nil, []),
    ] as [(String, ToolChoice?, [String])])
  func `tells which tools to call`(calling: String, expected: ToolChoice?, losses: [String]) throws {
    let chat = try decode(
      #"{"contents":[{"parts":[]}],"tools":[{"function_declarations":[{"name":"f"}]}],"tool_config":{"function_calling_config":\#(calling)}}"#
    )
    #expect(chat.toolChoice == expected)
    #expect(chat.losses.map(\.description) == losses)
  }

  @Test func `has tools, of which Google's own are left out`() throws {
    let chat = try decode(
      #"""
      {"contents":[{"parts":[]}],"tools":[{"googleSearch":{}},{"functionDeclarations":[
      {"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}},
      {"name":"g","parameters_json_schema":{"type":"object"},"response":{"type":"STRING"}},{"name":"h"}],"urlContext":{}}]}
      """#)
    #expect(chat.tools.map(\.name) == ["f", "g", "h"])
    #expect(
      chat.tools.map(\.parameters) == [["type": "object", "properties": ["a": ["type": "string"]]], ["type": "object"], nil] as [JSON?])
    #expect(chat.tools[1].path.text() == "tools[1].functionDeclarations[1]")
    let expected = ["tools[0]:dropped", "tools[1].functionDeclarations[1].response:dropped", "tools[1].urlContext:dropped"]
    #expect(chat.losses.map(\.description) == expected)
  }

  @Test func `ignores the role of the system instruction`() throws {
    let chat = try decode(#"{"systemInstruction":{"role":"system","parts":[{"text":"s"}]},"contents":[{"parts":[{"text":"a"}]}]}"#)
    #expect(chat.messages.map(\.role) == [.system, .user])
  }

  @Test func `puts the system instruction first, in its parts`() throws {
    let chat = try decode(#"{"contents":[{"parts":[{"text":"a"}]}],"system_instruction":{"parts":[{"text":"S1"},{"text":"S2"}]}}"#)
    #expect(chat.messages.map(\.role) == [.system, .user])
    #expect(chat.messages[0].contents.map(\.part.short) == ["text:S1", "text:S2"])
    #expect(chat.messages[0].contents[1].path.text() == "systemInstruction.parts[1]")
  }

  @Test func `reports what only Google knows`() throws {
    let chat = try decode(#"{"contents":[{"parts":[]}],"safety_settings":[{}],"labels":{"a":"b"},"store":false,"newThing":1}"#)
    #expect(chat.losses.map(\.description) == ["safetySettings:dropped", "labels:dropped", "newThing:dropped"])
  }

  @Test(
    arguments: [
      // Absent members and wrong types, with the path in the client's own spelling.
      (#"{}"#, "missing_required_field", "contents"), (#"{"contents":{}}"#, "invalid_type", "contents"),
      (#"{"contents":[]}"#, "empty_array", "contents"), (#"{"contents":[1]}"#, "invalid_type", "contents[0]"),
      (#"{"contents":[{"parts":[{"text":1}]}]}"#, "invalid_type", "contents[0].parts[0].text"),
      (#"{"contents":[{"role":"robot"}]}"#, "invalid_value", "contents[0].role"),
      (#"{"contents":[{"parts":[{"inline_data":{}}]}]}"#, "missing_required_field", "contents[0].parts[0].inline_data.data"),
      (#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":"x"}}]}]}"#, "invalid_type", "contents[0].parts[0].functionCall.args"),
      (#"{"contents":[{}],"generation_config":{"topK":"x"}}"#, "invalid_type", "generation_config.topK"),
      (#"{"contents":[{}],"generationConfig":{"stopSequences":[1]}}"#, "invalid_type", "generationConfig.stopSequences[0]"),
      (#"{"contents":[{}],"generationConfig":{"response_modalities":[1]}}"#, "invalid_type", "generationConfig.response_modalities[0]"),
      (
        #"{"contents":[{}],"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":[1]}}}"#, "invalid_type",
        "toolConfig.functionCallingConfig.allowedFunctionNames[0]"
      ),
      (
        #"{"contents":[{"parts":[{"functionResponse":{"name":"f","parts":[{"inlineData":{"data":1}}]}}]}]}"#, "invalid_type",
        "contents[0].parts[0].functionResponse.parts[0].inlineData.data"
      ),
      (#"{"contents":[{}],"contents":[{}]}"#, "duplicate_field", "contents"),
      (#"{"contents":[{}],"tools":[{"functionDeclarations":[{}]}]}"#, "missing_required_field", "tools[0].functionDeclarations[0].name"),
      // What can't travel.
      (#"{"contents":[{}],"cachedContent":"c"}"#, "unsupported_parameter", "cachedContent"),
      (#"{"contents":[{"parts":[{"inlineData":{"mimeType":"video/mp4","data":""}}]}]}"#, "unsupported_content", "contents[0].parts[0]"),
      (#"{"contents":[{"parts":[{"inlineData":{"mimeType":"text/csv","data":""}}]}]}"#, "unsupported_content", "contents[0].parts[0]"),
      (#"{"contents":[{"parts":[{"fileData":{"fileUri":"gs://x"}}]}]}"#, "unsupported_content", "contents[0].parts[0]"),
      (#"{"contents":[{"parts":[{"hologram":{}}]}]}"#, "unsupported_content", "contents[0].parts[0]"),
      (
        #"{"contents":[{}],"generationConfig":{"responseModalities":["IMAGE"]}}"#, "unsupported_parameter",
        "generationConfig.responseModalities"
      ),
      (
        #"{"contents":[{}],"tools":[{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#, "unsupported_parameter",
        "toolConfig.functionCallingConfig.mode"
      ),
    ] as [(String, String, String)])
  func `is refused with the member's path`(body: String, code: String, param: String) {
    let found = fault { _ = try decode(body) }
    #expect(found?.kind == .invalid && found?.code == code && found?.param == param, "\(String(describing: found))")
  }

  @Test func `is checked for the other endpoints too`() throws {
    try GeminiRequestCheck.check(.of(#"{"generateContentRequest":{"model":"models/x","contents":[{}]}}"#), for: .countTokens)
    try GeminiRequestCheck.check(.of(#"{"content":{"parts":[{"text":"a"}]}}"#), for: .embed)
    #expect(fault { try GeminiRequestCheck.check(.of(#"{"requests":[{}]}"#), for: .embedBatch) }?.param == "requests[0].content")
    #expect(fault { try GeminiRequestCheck.check(.of(#"[]"#)) }?.code == "invalid_type")
  }

  @Test func `names model and method in the path`() {
    let found = GeminiMethod.split("a/b:c:streamGenerateContent")
    #expect(found?.model == "a/b:c" && found?.method == .streamGenerateContent)
    #expect(GeminiMethod.split("a:tune") == nil && GeminiMethod.split("generateContent") == nil)
    #expect(GeminiMethod.streamGenerateContent.path(model: "x") == "/models/x:streamGenerateContent?alt=sse")
  }
}
