import Base
import Testing

@testable import Wire

/// Small numbers by a linear congruence, so that a failure can be had again.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, sides)))
  }

  mutating func pick(_ texts: [String]) -> String { texts[roll(texts.count)] }

  mutating func text() -> String { #""\#((0...roll(5)).map { _ in pick(["a", #"\n"#, "日本", #"\""#, "😀", #"\\ "#]) }.joined())""# }

  mutating func parts() -> String {
    guard roll(3) > 0 else { return text() }
    let more = (0...roll(3)).map { _ in
      pick([
        #"{"type":"text","text":"x"}"#, #"{"type":"image_url","image_url":{"url":"https://a.example/i","detail":"high"}}"#,
        #"{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}"#,
        #"{"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}}"#, #"{"type":"file","file":{"file_id":"f"}}"#,
        #"{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,QQ=="}}"#,
      ])
    }
    return "[" + ([#"{"type":"text","text":"first"}"#] + more).joined(separator: ",") + "]"
  }

  /// An assistant's turn and the results of its calls.
  mutating func answer(_ turn: Int) -> [String] {
    let count = roll(4)
    guard count > 0 else { return [#"{"role":"assistant","content":\#(text())}"#] }
    let calls = (0..<count).map { number in
      roll(4) == 0
        ? #"{"id":"c\#(turn)_\#(number)","type":"custom","custom":{"name":"sql","input":\#(text())}}"#
        : #"{"id":"c\#(turn)_\#(number)","type":"function","function":{"name":"f","arguments":"{\"n\":\#(number)}"}}"#
    }
    let content = roll(2) == 0 ? "null" : text()
    let results = (0..<count).reversed().map { #"{"role":"tool","tool_call_id":"c\#(turn)_\#($0)","content":\#(text())}"# }
    return [#"{"role":"assistant","content":\#(content),"tool_calls":[\#(calls.joined(separator: ","))]}"#] + results
  }

  mutating func body() -> String {
    var messages = roll(2) == 0 ? [#"{"role":"system","content":\#(text())}"#] : []
    for turn in 0...roll(3) {
      messages.append(#"{"role":"user","content":\#(parts())}"#)
      if roll(4) > 0 { messages += answer(turn) }
    }
    let members = [
      #""max_completion_tokens":12"#, #""temperature":0.70"#, #""top_p":1.0"#, #""stop":["a","b"]"#, #""n":2"#,
      #""frequency_penalty":-0.5"#,
      #""presence_penalty":1"#, #""seed":123456789012345678901"#, #""logprobs":true,"top_logprobs":2"#, #""logit_bias":{"7":-1}"#,
      #""user":"u""#, #""stream":true,"stream_options":{"include_usage":true}"#, #""reasoning_effort":"high""#,
      #""response_format":{"type":"json_object"}"#,
      #""response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":false}}"#,
      #""store":true"#, #""metadata":{"a":"é"}"#, #""verbosity":"low""#, #""prompt_cache_key":"k""#, #""vendor":{"x":[1.50,null]}"#,
    ].filter { _ in roll(3) == 0 }
    let tools = #"""
      "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
      {"type":"custom","custom":{"name":"sql","format":{"type":"text"}}}]
      """#
    let choices = [
      "", #","tool_choice":"none""#, #","tool_choice":"required","parallel_tool_calls":false"#,
      #","tool_choice":{"type":"custom","custom":{"name":"sql"}}"#, #","parallel_tool_calls":true"#,
      #","tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}"#,
    ]
    return "{"
      + ([#""model":"m""#, #""messages":[\#(messages.joined(separator: ","))]"#, tools + pick(choices)] + members).joined(separator: ",")
      + "}"
  }
}

private func target(_ dialect: Dialect) -> TargetModel {
  TargetModel(name: "m", dialect: dialect, capabilities: Capabilities(wire: .openaiChat))
}

@Suite struct `A Chat request through the model` {
  @Test(arguments: 1...120)
  func `means the same behind it`(seed: UInt64) throws {
    var dice = Dice(state: seed)
    let body = try JSON(parsing: dice.body())
    let chat = try ChatRequest.decode(body)
    let encoded = try ChatRequest.encode(chat, for: target(.openai))
    let written = try JSON(parsing: encoded.body)
    #expect(written == body)
    #expect(encoded.losses.isEmpty)
    #expect(try ChatRequest.encode(ChatRequest.decode(written), for: target(.openai)).body == encoded.body)
  }

  /// The provider file's own rules run over what was encoded, and the dialect's with them.
  @Test(arguments: Dialect.presets.indices)
  func `leaves the splices of its dialect nothing to do`(preset: Int) throws {
    let dialect = Dialect.presets[preset]
    for seed in 1...30 {
      var dice = Dice(state: UInt64(seed))
      let body = try JSON(parsing: dice.body())
      let encoded = try JSON(parsing: ChatRequest.encode(ChatRequest.decode(body), for: target(dialect)).body)
      var edit = JSONEdit(encoded)
      var losses: [Loss] = []
      try RequestRules().apply(to: encoded, dialect: dialect, stream: body["stream"]?.bool ?? false, edit: &edit, losses: &losses)
      #expect(edit.isEmpty && losses.isEmpty, "\(dialect.name) \(seed)")
    }
  }

  /// What goes through the model and what goes as splices end alike, dialect by dialect.
  @Test func `comes out as the conformance cases have it`() throws {
    for test in try Shared.cases("req-c2c-") {
      let dialect = try #require(Dialect.named(test.at("options.dialect")?.string ?? "openai"))
      var target = target(dialect)
      target.name = test.at("options.upstream_model")?.string ?? ""
      let encoded = try ChatRequest.encode(ChatRequest.decode(#require(test["input"])), for: target)
      #expect(try JSON(parsing: encoded.body) == test["expected"], "\(test["id"]?.string ?? "")")
      let losses = Set(encoded.losses.map(\.description))
      #expect(losses.isSuperset(of: (test["losses"] ?? []).elements.compactMap(\.string)))
    }
  }
}
