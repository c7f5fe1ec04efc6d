import Base
import Testing
import Wire

@Suite struct `The rules for a request` {
  /// The body after the splices, and the losses.
  private func splice(_ body: String, _ dialect: String = "openai", request: String = "{}", set: [(name: String, value: JSON)] = []) throws
    -> (
      body: String, losses: [String]
    )
  {
    let (file, mistakes) = Reading.file(
      "apus: provider/v1\nname: a\nwire: openai-chat\nbase_url: https://a.example\ndialect: \(dialect)\nrequest: \(request)\n")
    #expect(mistakes == [])
    let provider = try #require(file)
    let root = try JSON(parsing: body)
    var edit = JSONEdit(root)
    var losses: [Loss] = []
    let stream = root["stream"]?.bool ?? false
    try provider.request.apply(to: root, dialect: provider.dialect, stream: stream, set: set, edit: &edit, losses: &losses)
    return (String(decoding: edit.bytes(), as: UTF8.self), losses.map(\.description))
  }

  @Test func `change a body of a wire without dialects`() throws {
    let (file, mistakes) = Reading.file(
      "apus: provider/v1\nname: a\nwire: anthropic\nbase_url: https://a.example\n"
        + "request: {drop: [metadata], rename: {stop_sequences: stops}, set: {tier: 1}}\n")
    #expect(mistakes == [])
    let rules = try #require(file).request
    #expect(!rules.isEmpty)
    let root = try JSON(parsing: #"{"max_tokens": 1e2, "metadata":{"user_id":"u"},"stop_sequences":["x"],"beta":null}"#)
    var edit = JSONEdit(root)
    var losses: [Loss] = []
    try rules.apply(to: root, set: [("beta", JSON(true)), ("top_k", JSON(5))], edit: &edit, losses: &losses)
    let spliced = try JSON(parsing: edit.bytes())
    #expect(spliced == (try JSON(parsing: #"{"max_tokens": 1e2, "stops":["x"],"beta":null,"tier":1,"top_k":5}"#)))
    #expect(losses.map(\.description) == ["metadata:dropped"])
  }

  // Nothing is touched that needs no change: spaces, order, spelling of numbers, unknown members.
  @Test(arguments: [
    ("openai", #"{"max_tokens": 1e2,  "model":"m","messages":[{"role":"developer","content":"D"}], "store":true, "x":{"a":1.50}}"#),
    ("openai", #"{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true},"messages":[]}"#),
    ("compatible", #"{"max_tokens": 5, "messages": [{"role": "system", "content": "S"}], "vendor": null}"#),
    ("qwen", #"{"top_k":5,"messages":[]}"#),
    ("glm", #"{"tool_choice":"auto","tools":[],"messages":[]}"#),
    ("deepseek", #"{"messages":[{"role":"assistant","content":"a","reasoning_content":"r"}]}"#),
  ])
  func `leave alone what the dialect knows`(dialect: String, body: String) throws {
    let (spliced, losses) = try splice(body, dialect)
    #expect(spliced == body)
    #expect(losses == [])
  }

  @Test(
    arguments: [
      // limit_name; of two the new name's stays.
      ("compatible", #"{"max_completion_tokens":9,"a":1}"#, #"{"max_tokens":9,"a":1}"#, []),
      ("compatible", #"{"max_completion_tokens":9,"max_tokens":8}"#, #"{"max_tokens":8}"#, []),
      ("ernie", #"{"max_tokens":9}"#, #"{"max_completion_tokens":9}"#, []),
      ("{like: openai, limit_name: max_tokens}", #"{"max_completion_tokens":9}"#, #"{"max_tokens":9}"#, []),
      // developer_role
      ("compatible", #"{"messages":[{"role":"developer","content":"D"}]}"#, #"{"messages":[{"role":"system","content":"D"}]}"#, []),
      // official_only; null and empty values say nothing.
      (
        "compatible", #"{"store":true,"a":1,"prompt_cache_key":"k","verbosity":null,"metadata":{}}"#, #"{"a":1}"#,
        ["store:dropped", "prompt_cache_key:dropped"]
      ),
      // top_k
      ("openai", #"{"top_k":5,"a":1}"#, #"{"a":1}"#, ["top_k:dropped"]),
      // stop_max
      ("openai", #"{"stop":["a","b","c","d","e","f"]}"#, #"{"stop":["a","b","c","d"]}"#, ["stop[4]:truncated", "stop[5]:truncated"]),
      ("{like: openai, stop_max: 1}", #"{"stop":"a"}"#, #"{"stop":"a"}"#, []),
      // usage_option
      ("openai", #"{"stream":true}"#, #"{"stream":true,"stream_options":{"include_usage":true}}"#, []),
      (
        "openai", #"{"stream":true,"stream_options":{"include_usage":false,"x":1}}"#,
        #"{"stream":true,"stream_options":{"x":1,"include_usage":true}}"#, []
      ),
      ("openai", #"{"stream":true,"stream_options":null}"#, #"{"stream":true,"stream_options":{"include_usage":true}}"#, []),
      ("glm", #"{"stream":true,"stream_options":{"include_usage":true}}"#, #"{"stream":true}"#, []),
      ("openai", #"{"stream":false}"#, #"{"stream":false}"#, []),
      // tool_choice auto_only
      ("glm", #"{"tool_choice":"required","tools":[1]}"#, #"{"tool_choice":"auto","tools":[1]}"#, ["tool_choice:downgraded"]),
      ("glm", #"{"tools":[1],"tool_choice":"none","a":1}"#, #"{"a":1}"#, ["tool_choice:emulated"]),
      ("glm", #"{"parallel_tool_calls":false}"#, "{}", ["parallel_tool_calls:dropped"]),
      ("glm", #"{"parallel_tool_calls":true}"#, "{}", []),
      // reasoning_replay
      (
        "deepseek", #"{"messages":[{"role":"user"},{"role":"assistant","content":"a"},{"role":"assistant","reasoning":"r"}]}"#,
        #"{"messages":[{"role":"user"},{"role":"assistant","content":"a","reasoning_content":""},{"role":"assistant","reasoning":"r","reasoning_content":"r"}]}"#,
        []
      ),
      (
        "deepseek", #"{"messages":[{"role":"assistant","reasoning_content":null}]}"#,
        #"{"messages":[{"role":"assistant","reasoning_content":""}]}"#, []
      ),
      (
        "openai", #"{"messages":[{"role":"assistant","reasoning_content":"r","content":"a"},{"role":"assistant","reasoning_content":""}]}"#,
        #"{"messages":[{"role":"assistant","content":"a"},{"role":"assistant"}]}"#, ["messages[0].reasoning_content:dropped"]
      ),
      // custom_tools
      (
        "compatible",
        #"{"tools":[{"type":"custom","custom":{"name":"f","description":"d"}}],"tool_choice":{"type":"custom","custom":{"name":"f"}}}"#,
        #"{"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}],"tool_choice":{"type":"function","function":{"name":"f"}}}"#,
        ["tools[0]:emulated"]
      ),
      (
        "compatible",
        #"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"x\"y"}}]}]}"#,
        #"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"input\":\"x\\\"y\"}"}}]}]}"#,
        []
      ),
    ] as [(String, String, String, [String])])
  func `say a request in the dialect's words`(dialect: String, body: String, spliced: String, losses: [String]) throws {
    let result = try splice(body, dialect)
    #expect(result.body == spliced)
    #expect(result.losses == losses)
  }

  @Test(
    arguments: [
      // drop: reported, unless the value says what holds without it.
      ("{drop: [n, seed]}", #"{"n":1,"seed":7,"a":1}"#, #"{"a":1}"#, ["seed:dropped"]),
      ("{drop: [absent]}", #"{"a":1}"#, #"{"a":1}"#, []),
      // rename, then set, which never replaces what the client sent.
      ("{rename: {a: b}}", #"{"a":1}"#, #"{"b":1}"#, []),
      ("{rename: {a: b}}", #"{"b":2,"a":1}"#, #"{"b":2}"#, []),
      ("{rename: {a: b}, set: {b: 3, c: {d: [x]}}}", #"{"a":1}"#, #"{"b":1,"c":{"d":["x"]}}"#, []),
      ("{drop: [a], set: {a: 2}}", #"{"a":1}"#, #"{"a":2}"#, ["a:dropped"]),
      // refuse: harmless values are left out.
      ("{refuse: [n, response_format]}", #"{"n":1,"response_format":{"type":"text"},"a":1}"#, #"{"a":1}"#, []),
      // effort
      ("{effort: {none: {t: 0}, any: {t: 1}}}", #"{"reasoning_effort":"high"}"#, #"{"t":1}"#, ["reasoning_effort:downgraded"]),
      ("{effort: {none: {t: 0}, any: {t: 1}}}", #"{"reasoning_effort":"none"}"#, #"{"t":0}"#, []),
      ("{effort: {none: {t: 0}, any: {t: 1}}}", #"{"reasoning_effort":"low","t":5}"#, #"{"t":5}"#, ["reasoning_effort:downgraded"]),
      ("{effort: {none: {t: 0}, any: {t: 1}, keep: true}}", #"{"reasoning_effort":"low"}"#, #"{"reasoning_effort":"low","t":1}"#, []),
      ("{effort: {none: {t: 0}, keep: true}}", #"{"reasoning_effort":"none"}"#, #"{"t":0}"#, []),
      ("{effort: {none: {t: 0}}}", #"{"reasoning_effort":"low"}"#, #"{"reasoning_effort":"low"}"#, []),
      // flatten
      (
        "{flatten: true}",
        #"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"content":"c"}]}"#,
        #"{"messages":[{"role":"user","content":"ab"},{"content":"c"}]}"#, []
      ),
      // stream: always
      ("{stream: always}", #"{"a":1}"#, #"{"a":1,"stream":true,"stream_options":{"include_usage":true}}"#, []),
      ("{stream: always}", #"{"stream":false}"#, #"{"stream":true,"stream_options":{"include_usage":true}}"#, []),
      // Rules that take away what another one would edit inside.
      ("{drop: [messages], flatten: true}", #"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#, "{}", ["messages:dropped"]),
      ("{rename: {messages: turns}}", #"{"messages":[{"role":"user"}]}"#, #"{"turns":[{"role":"user"}]}"#, []),
    ] as [(String, String, String, [String])])
  func `follow the file's rules in their order`(request: String, body: String, spliced: String, losses: [String]) throws {
    let result = try splice(body, request: request)
    #expect(result.body == spliced)
    #expect(result.losses == losses)
  }

  @Test func `are about the body in the dialect's words`() throws {
    let result = try splice(#"{"max_completion_tokens":9,"a":1}"#, "compatible", request: "{drop: [max_tokens], set: {b: 2}}")
    #expect(result.body == #"{"a":1,"b":2}"#)
    #expect(result.losses == ["max_tokens:dropped"])
  }

  @Test func `add what the model's entry sets, unless the client said otherwise`() throws {
    #expect(try splice(#"{"a":1}"#, set: [("a", 2), ("b", true)]).body == #"{"a":1,"b":true}"#)
  }

  @Test func `refuse what would change the question`() throws {
    let fault = try #require(throws: Fault.self) { try splice(#"{"n":2}"#, request: "{refuse: [n]}") }
    #expect((fault.kind, fault.code, fault.param) == (.invalid, "unsupported_parameter", "n"))
    let image = #"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}]}"#
    let other = try #require(throws: Fault.self) { try splice(image, request: "{flatten: true}") }
    #expect((other.kind, other.code, other.param) == (.invalid, "unsupported_content", "messages[0].content[1]"))
  }

  @Test func `name the tools whose calls have to be turned back`() throws {
    let body = try JSON(parsing: #"{"tools":[{"type":"custom","custom":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}"#)
    #expect(Dialect.compatible.emulatedTools(in: body) == ["f"])
    #expect(Dialect.openai.emulatedTools(in: body) == [])
  }

  @Test func `survive bodies of any shape`() throws {
    let body =
      #"{"messages":[1,null,{"role":7,"content":{},"tool_calls":3},[]],"tools":{},"stop":5,"stream_options":[],"stream":true,"tool_choice":[]}"#
    for dialect in Dialect.presets.map(\.name) { _ = try splice(body, dialect, request: "{drop: [tools], flatten: true}") }
  }

  // Whoever opens the reply decides about the stream, whatever the client's body says.
  @Test(arguments: [
    (#"{"stream":true}"#, false, #"{"stream":false}"#),
    (#"{"a":1}"#, true, #"{"a":1,"stream":true,"stream_options":{"include_usage":true}}"#),
    (#"{"stream":null}"#, false, #"{"stream":null}"#),
  ])
  func `ask for a stream as they are told`(body: String, stream: Bool, spliced: String) throws {
    let root = try JSON(parsing: body)
    var edit = JSONEdit(root)
    var losses: [Loss] = []
    try RequestRules().apply(to: root, dialect: .openai, stream: stream, edit: &edit, losses: &losses)
    #expect(String(decoding: edit.bytes(), as: UTF8.self) == spliced)
  }

  // Unknown members pass, the role and the limit take the dialect's names, reasoning stays where its absence is an error.
  @Test func `turn a whole body into the dialect's`() throws {
    let result = try splice(
      #"""
      {"model": "m", "messages": [{"role": "developer", "content": "D"}, {"role": "user", "content": "q"},
        {"role": "assistant", "content": null, "reasoning_content": "think",
          "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"city\":\"Oslo\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "3C"}],
       "max_completion_tokens": 99, "stream": true, "store": true, "vendor_flag": {"a": 1}}
      """#, "deepseek")
    #expect(
      result.body == #"""
        {"model": "m", "messages": [{"role": "system", "content": "D"}, {"role": "user", "content": "q"},
          {"role": "assistant", "content": null, "reasoning_content": "think",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"city\":\"Oslo\"}"}}]},
          {"role": "tool", "tool_call_id": "c1", "content": "3C"}],
         "max_tokens": 99, "stream": true, "vendor_flag": {"a": 1},"stream_options":{"include_usage":true}}
        """#)
    #expect(result.losses == ["store:dropped"])
  }

  @Test func `agree with the conformance case`() throws {
    guard let text = try Shared.json("formats/cases/req-c2c-01-dialect.json") else { return }
    let (input, expected) = try (#require(text["input"]), #require(text["expected"]))
    var edit = JSONEdit(input)
    var losses: [Loss] = []
    edit.set("model", to: "deepseek-x", in: input)
    let dialect = try #require(Dialect.named("deepseek"))
    try RequestRules().apply(to: input, dialect: dialect, stream: true, edit: &edit, losses: &losses)
    #expect(try JSON(parsing: edit.bytes()) == expected)
    #expect(losses.map(\.description) == ["store:dropped"])
  }
}
