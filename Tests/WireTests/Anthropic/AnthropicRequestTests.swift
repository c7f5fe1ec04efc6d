import Base
import Testing

@testable import Wire

private func decode(_ body: String) throws -> Chat { try AnthropicRequest.decode(JSON(parsing: body)) }
private func decode(content: String, role: String = "user") throws -> Chat {
  try decode(#"{"model":"m","max_tokens":9,"messages":[{"role":"\#(role)","content":\#(content)}]}"#)
}
private func with(_ members: String) throws -> Chat {
  try decode(#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],\#(members)}"#)
}
private func fault(_ read: () throws -> Chat) -> Fault? {
  do {
    _ = try read()
    return nil
  } catch { return error as? Fault }
}
private func losses(_ chat: Chat) -> [String] { chat.losses.map(\.description) }
private func parts(_ chat: Chat) -> [Part] { chat.messages.flatMap { $0.contents.map(\.part) } }

@Suite struct `A Messages request` {
  @Test(
    arguments: [
      (#"[{"type":"text","text":"a"},{"type":"text","text":""}]"#, [.text("a"), .text("")], []),
      (#""a""#, [.text("a")], []),
      (
        #"[{"type":"text","text":"a","cache_control":{"type":"ephemeral"},"citations":[{"type":"x"}]}]"#, [.text("a")],
        ["messages[0].content[0].cache_control:dropped", "messages[0].content[0].citations:dropped"]
      ),
      // Images and documents.
      (
        #"[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]"#,
        [.media(Media(.image, .data("AA==", mediaType: "image/png")))], []
      ),
      (#"[{"type":"image","source":{"type":"url","url":"https://a/b"}}]"#, [.media(Media(.image, .url("https://a/b")))], []),
      (
        #"[{"type":"document","title":"T","context":"c","citations":{"enabled":true},"source":{"type":"url","url":"https://a/b"}}]"#,
        [.media(Media(.document, .url("https://a/b", mediaType: "application/pdf"), title: "T"))],
        ["messages[0].content[0].context:dropped", "messages[0].content[0].citations:dropped"]
      ),
      (
        #"[{"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"d"}}]"#,
        [.text("<document title=\"T\">\nd\n</document>")], ["messages[0].content[0]:downgraded"]
      ),
      (
        #"[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"d"},{"type":"text","text":"e"}]}}]"#,
        [.text("<document>\nd\ne\n</document>")], ["messages[0].content[0]:downgraded"]
      ),
      (
        #"[{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"d"}]}]"#, [.text("d")],
        ["messages[0].content[0]:downgraded"]
      ),
      // Results, with what is inside them.
      (
        #"[{"type":"tool_result","tool_use_id":"a","is_error":true,"content":[{"type":"text","text":"x","cache_control":{}}]}]"#,
        [.result(ToolResult(id: "a", parts: [.text("x")], isError: true))], ["messages[0].content[0].content[0].cache_control:dropped"]
      ),
      (#"[{"type":"tool_result","tool_use_id":"a"}]"#, [.result(ToolResult(id: "a", parts: []))], []),
      (#"[{"type":"tool_result","tool_use_id":"a","content":"x"}]"#, [.result(ToolResult(id: "a", parts: [.text("x")]))], []),
      // Calls: arguments are compact, in order, with numbers as written and other scripts plain.
      (
        #"[{"type":"tool_use","id":"a","name":"f","input":{ "b" : 1.50, "a":"\u00e9\"" }}]"#,
        [.call(ToolCall(id: "a", name: "f", arguments: #"{"b":1.50,"a":"é\""}"#))], []
      ),
      // Reasoning: Anthropic's own, none, and what came from elsewhere in an envelope.
      (
        #"[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"}]"#,
        [
          .reasoning(Reasoning("t", signature: Signature(.anthropic, "s"))),
          .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "d"))),
        ], []
      ),
      (#"[{"type":"thinking","thinking":"t","signature":""}]"#, [.reasoning(Reasoning("t"))], []),
      (
        #"[{"type":"thinking","thinking":"t","signature":"apus1:gemini:next:s"}]"#,
        [.reasoning(Reasoning("t", signature: Signature(.geminiNext, "s")))], []
      ),
      // What ran at the vendor's.
      (
        #"[{"type":"server_tool_use","id":"a","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"a","content":[]}]"#,
        [],
        ["messages[0].content[0]:dropped", "messages[0].content[1]:dropped"]
      ),
    ] as [(String, [Part], [String])])
  func `turns blocks into parts`(content: String, expected: [Part], lost: [String]) throws {
    let chat = try decode(content: content)
    #expect(parts(chat) == expected)
    #expect(losses(chat) == lost)
  }

  @Test(
    arguments: [
      (#"[{"type":"image","source":{"type":"file","file_id":"f"}}]"#, "messages[0].content[0]"),
      (#"[{"type":"text","text":"a"},{"type":"hologram"}]"#, "messages[0].content[1]"),
      (#"[{"type":"tool_result","tool_use_id":"a","content":[{"type":"hologram"}]}]"#, "messages[0].content[0].content[0]"),
      (#"[{"type":"container_upload","file_id":"f"}]"#, "messages[0].content[0]"),
    ])
  func `refuses content that can't travel`(content: String, param: String) throws {
    let fault = try #require(fault { try decode(content: content) })
    #expect(fault.kind == .invalid && fault.code == "unsupported_content" && fault.param == param)
  }

  @Test func `keeps system turns where they stand, the prompt first`() throws {
    let chat = try decode(
      #"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"x"},{"role":"system","content":"y"}]}"#
    )
    #expect(chat.messages.map(\.role) == [.system, .user, .system])
    #expect(chat.messages[0].contents.map { $0.path.text() } == ["system[0]", "system[1]"])
    #expect(chat.messages[2].path.text() == "messages[1]")
    #expect(losses(chat) == ["system[0].cache_control:dropped"])
  }

  @Test func `reads limits, sampling, stop and user`() throws {
    let chat = try with(
      #""temperature":0.50,"top_p":0.9,"top_k":4,"stop_sequences":["a","b"],"metadata":{"user_id":"u","x":1},"stream":true"#)
    #expect(chat.settings.maxTokens == 9 && chat.settings.stop == ["a", "b"] && chat.settings.user == "u" && chat.isStream)
    #expect(chat.settings.temperature?.numberText == "0.50" && chat.settings.topP == 0.9 && chat.settings.topK == 4)
    #expect(losses(chat) == ["metadata.x:dropped"])
  }

  @Test(
    arguments: [
      (#""thinking":{"type":"enabled","budget_tokens":8000}"#, Thinking(budget: 8000)),
      (#""thinking":{"type":"enabled","budget_tokens":8000,"display":"omitted"}"#, Thinking(budget: 8000, isShown: false)),
      (#""output_config":{"effort":"xhigh"}"#, Thinking(effort: .xhigh)),
      (#""output_config":{"effort":"low"},"thinking":{"type":"enabled","budget_tokens":8000}"#, Thinking(effort: .low, budget: 8000)),
      (#""thinking":{"type":"between_tools"}"#, nil),
    ] as [(String, Thinking?)])
  func `reads how much is to be thought`(members: String, expected: Thinking?) throws {
    #expect(try with(members).thinking == expected)
  }

  @Test func `reads the switches of thinking`() throws {
    #expect(try with(#""thinking":{"type":"adaptive"}"#).thinking?.isAdaptive == true)
    #expect(try with(#""thinking":{"type":"disabled"}"#).thinking?.isOff == true)
  }

  @Test func `reads tools, and reports what they have that others don't`() throws {
    let chat = try with(
      #""tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"},"input_examples":[]},{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}"#
    )
    #expect(chat.tools.map(\.name) == ["f"] && chat.tools[0].description == "d" && chat.tools[0].path.text() == "tools[0]")
    #expect(chat.tools[0].parameters == ["type": "object"])
    #expect(chat.toolChoice == .required && chat.parallelCalls == false)
    #expect(losses(chat) == ["tools[0].cache_control:dropped", "tools[0].input_examples:dropped", "tools[1]:dropped"])
  }

  @Test(arguments: [
    (#""tools":[{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"tool","name":"bash"}"#, "tool_choice.name"),
    (#""tool_choice":{"type":"any"},"tools":[{"type":"bash_20250124","name":"bash"}]"#, "tool_choice.type"),
    (#""tool_choice":{"type":"some"}"#, "tool_choice.type"), (#""output_config":{"format":{"type":"xml"}}"#, "output_config.format"),
    (#""max_tokens":0"#, "max_tokens"),
  ])
  func `refuses what would answer something else`(members: String, param: String) throws {
    let body = #"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":9,\#(members)}"#
      .replacing(#""max_tokens":9,"max_tokens":0"#, with: #""max_tokens":0"#)
    let fault = try #require(fault { try decode(body) })
    #expect(fault.kind == .invalid && fault.code == "unsupported_parameter" && fault.param == param)
  }

  @Test func `reads the format, which is always strict, and reports what it does not know`() throws {
    let chat = try with(
      #""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}},"task_budget":{}},"container":"c","service_tier":"auto","context_management":{}"#
    )
    #expect(chat.format == .schema(OutputFormat.Schema(schema: ["type": "object"], strict: true)))
    #expect(losses(chat) == ["output_config.task_budget:dropped", "container:dropped", "context_management:dropped"])
  }

  @Test func `for a count needs no limit`() throws {
    let body = try JSON(parsing: #"{"model":"m","messages":[{"role":"user","content":"x"}]}"#)
    let chat = try AnthropicRequest.decode(body, for: .countTokens)
    #expect(chat.settings.maxTokens == nil && chat.messages.count == 1)
  }
}

private func splice(_ body: String, _ change: (inout Capabilities) -> Void = { _ in }) throws -> (body: String, losses: [String]) {
  var capabilities = Capabilities(wire: .anthropic)
  change(&capabilities)
  let (bytes, losses) = try AnthropicRequest.splice(JSON(parsing: body), for: TargetModel(name: "up", capabilities: capabilities))
  return (String(decoding: bytes, as: UTF8.self), losses.map(\.description))
}

@Suite struct `A Messages request that stays one` {
  @Test func `changes in nothing but the model's name`() throws {
    let body =
      #"{ "model" : "m", "x": 1.0, "messages": [ {"role":"user","content":[{"type":"text","text":"\u00e9","cache_control":{"ttl":"1h"}}]} , {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"c2ln"},{"type":"redacted_thinking","data":"d"}]} ] }"#
    let (spliced, losses) = try splice(body)
    #expect(spliced == body.replacing(#""m""#, with: #""up""#))
    #expect(losses.isEmpty)
  }

  @Test(
    arguments: [
      // Anthropic refuses a signature that is not its own; what is its own goes home.
      (
        #"[{"type":"thinking","thinking":"t","signature":"apus1:gemini:part:s"},{"type":"text","text":"a"}]"#,
        #"[{"type":"text","text":"a"}]"#, ["messages[1].content[0]:dropped"]
      ),
      (
        #"[{"type":"thinking","thinking":"t","signature":""},{"type":"text","text":"a"}]"#, #"[{"type":"text","text":"a"}]"#,
        ["messages[1].content[0]:dropped"]
      ),
      (
        #"[{"type":"thinking","thinking":"t","signature":"apus1:anthropic:s"}]"#, #"[{"type":"thinking","thinking":"t","signature":"s"}]"#,
        []
      ),
      (
        #"[{"type":"thinking","thinking":"","signature":"apus1:anthropic-redacted:d"}]"#, #"[{"type":"redacted_thinking","data":"d"}]"#, []
      ),
    ] as [(String, String, [String])])
  func `loses reasoning of others`(content: String, expected: String, lost: [String]) throws {
    func body(_ content: String, _ model: String) -> String {
      #"{"model":"\#(model)","messages":[{"role":"user","content":"x"},{"role":"assistant","content":\#(content)},{"role":"user","content":"y"}]}"#
    }
    let (spliced, losses) = try splice(body(content, "m"))
    #expect(spliced == body(expected, "up"))
    #expect(losses == lost)
  }

  @Test func `loses a turn of which nothing is left, and a budget that can't stand without reasoning`() throws {
    let only = #"{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""}]}"#
    #expect(
      try splice(#"{"model":"m","messages":[{"role":"user","content":"x"},\#(only)]}"#).body
        == #"{"model":"up","messages":[{"role":"user","content":"x"}]}"#)
    let call =
      #"{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""},{"type":"tool_use","id":"a","name":"f","input":{}}]}"#
    let result = #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#
    let (body, losses) = try splice(#"{"model":"m","thinking":{"type":"enabled","budget_tokens":2000},"messages":[\#(call),\#(result)]}"#)
    #expect(try JSON(parsing: body)["thinking"] == nil)
    #expect(losses == ["messages[0].content[0]:dropped", "thinking:dropped"])
  }

  @Test func `loses sampling that the model refuses`() throws {
    let body = #"{"model":"m","temperature":1,"top_p":0.5,"top_k":3,"messages":[{"role":"user","content":"x"}]}"#
    let (spliced, losses) = try splice(body) { $0.sampling = .none }
    #expect(spliced == #"{"model":"up","messages":[{"role":"user","content":"x"}]}"#)
    #expect(losses == ["top_p:dropped", "top_k:dropped"])
  }

  @Test func `leaves the choice of tools to a model that knows no forced one`() throws {
    let body =
      #"{"model":"m","tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"messages":[{"role":"user","content":"x"}]}"#
    let (spliced, losses) = try splice(body) { $0.toolChoice = .autoOnly }
    #expect(try JSON(parsing: spliced)["tool_choice"] == ["type": "auto", "disable_parallel_tool_use": true])
    #expect(losses == ["tool_choice:downgraded"])
  }

  @Test func `moves system turns where the model takes none in the list`() throws {
    let body =
      #"{"model":"m","system":"a","messages":[{"role":"system","content":"b"},{"role":"user","content":"x"},{"role":"system","content":[{"type":"text","text":"c"}]}]}"#
    let (spliced, losses) = try splice(body)
    let json = try JSON(parsing: spliced)
    #expect(json["system"] == [["type": "text", "text": "a"], ["type": "text", "text": "b"]])
    #expect(json["messages"] == [["role": "user", "content": "x"], ["role": "user", "content": "<system>\nc\n</system>"]])
    #expect(losses == ["messages[2].role:downgraded"])
    #expect(try splice(body) { $0.midSystem = true }.body == body.replacing(#""m""#, with: #""up""#))
  }

  @Test func `is refused where the model can't answer it`() throws {
    let prefill = #"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{"}]}"#
    #expect(throws: Fault.self) { try splice(prefill) { $0.prefill = false } }
    let document = #"{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"x"}}]}]}"#
    #expect(throws: Fault.self) { try splice(document) { $0.documents = false } }
    #expect(try splice(prefill).losses.isEmpty)
  }
}
