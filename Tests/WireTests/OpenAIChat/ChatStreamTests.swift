import Base
import Testing

@testable import Wire

/// The events of a stream of chunks with one choice each, given as the choice's members.
private func decode(_ choices: [String], _ dialect: Dialect = .compatible) throws -> [Event] {
  try decodeStream(choices.map { "data: {\"choices\":[{\($0)}]}\n\n" }.joined(), ChatStreamDecoder(dialect: dialect))
}

private func decodeStream(_ text: String, _ start: ChatStreamDecoder, size: Int = .max) throws -> [Event] {
  var decoder = start
  var stream = EventStream()
  var frames: [Frame] = []
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    try stream.feed(rest.prefix(size), into: &frames)
    rest = rest.dropFirst(size)
  }
  try stream.end(into: &frames)
  var events: [Event] = []
  for frame in frames { events += try decoder.decode(frame) }
  return try events + decoder.end()
}

private func encode(_ events: [Event], showsUsage: Bool = true) -> String {
  var encoder = ChatStreamEncoder(model: "m", created: 1, showsUsage: showsUsage)
  var bytes: [UInt8] = []
  for event in events { encoder.encode(event, into: &bytes) }
  return String(decoding: bytes, as: UTF8.self)
}

private func whole(_ message: String, _ dialect: Dialect = .compatible, finish: String = "stop") throws -> Reply {
  let body = "{\"choices\":[{\"index\":0,\"message\":\(message),\"finish_reason\":\"\(finish)\"}]}"
  return try ChatReplyDecoder(dialect: dialect).decode(JSON(parsing: body))
}

private let stop = #""delta":{},"finish_reason":"stop""#
private func dialect(_ name: String) throws -> Dialect { try #require(Dialect.named(name)) }

@Suite struct `A Chat stream` {
  @Test(
    arguments: [
      // Reasoning is read in all places, and once where two places have it.
      ("compatible", [#""delta":{"reasoning_content":"a"}"#, #""delta":{"content":"b"}"#], [.reasoning(Reasoning("a")), .text("b")]),
      (
        "compatible", [#""delta":{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]}"#],
        [.reasoning(Reasoning("a"))]
      ),
      (
        "compatible", [#""delta":{"reasoning_details":[{"text":"a","signature":"s"}]}"#],
        [.reasoning(Reasoning("a", signature: Signature(.chat, "s")))]
      ),
      (
        "mistral", [#""delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"text","text":"b"}]}"#],
        [.reasoning(Reasoning("a")), .text("b")]
      ),
      (
        "think_tags", [#""delta":{"content":"<thi"}"#, #""delta":{"content":"nk>a</think>\n\nb"}"#],
        [.reasoning(Reasoning("a")), .text("b")]
      ),
      ("think_tags", [#""delta":{"content":"<thi"}"#], [.text("<thi")]),
      (
        "think_tags_implicit", [#""delta":{"content":"a</thi"}"#, #""delta":{"content":"nk>b"}"#], [.reasoning(Reasoning("a")), .text("b")]
      ),
      (
        "hunyuan", [#""delta":{"content":"<think>a</think><answer>\nb\n</ans"}"#, #""delta":{"content":"wer>"}"#],
        [.reasoning(Reasoning("a")), .text("b")]
      ),
      // A signature that comes behind the same text adds only itself.
      (
        "compatible",
        [#""delta":{"reasoning_content":"a"}"#, #""delta":{"reasoning_details":[{"text":"a","signature":"apus1:anthropic:s"}]}"#],
        [.reasoning(Reasoning("a", signature: Signature(.anthropic, "s")))]
      ),
      // The text may be nested, or in the place of completions; a last message that repeats all adds nothing.
      (
        "compatible", [#""delta":{"message":{"content":"a"}}"#, #""delta":{"text":"b"}"#, #""message":{"content":"c"}"#, #""text":"d""#],
        [.text("abcd")]
      ),
      ("compatible", [#""delta":{"content":"ab"}"#, #""message":{"content":"abc"}"#], [.text("abc")]),
      // Empty strings open nothing; text after reasoning after text is a new part.
      ("compatible", [#""delta":{"role":"assistant","content":"","reasoning_content":""}"#, #""delta":{"content":null}"#], []),
      (
        "compatible", [#""delta":{"content":"a"}"#, #""delta":{"reasoning":"b"}"#, #""delta":{"content":"c"}"#],
        [.text("a"), .reasoning(Reasoning("b")), .text("c")]
      ),
      // Calls: interleaved; without an index; a new id on a used index; arguments as an object; the legacy form.
      (
        "compatible",
        [
          #""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g"}}]}"#,
          #""delta":{"tool_calls":[{"index":1,"function":{"arguments":"{1"}},{"index":0,"id":"","function":{"name":"f","arguments":"{0"}}]}"#,
          #""delta":{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"}"}},{"index":1,"function":{"arguments":"}"}}]}"#,
        ], [.call(ToolCall(id: "a", name: "f", arguments: "{0}")), .call(ToolCall(id: "b", name: "g", arguments: "{1}"))]
      ),
      (
        "compatible",
        [
          #""delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
          #""delta":{"tool_calls":[{"function":{"arguments":"}"}}]}"#,
          #""delta":{"tool_calls":[{"id":"b","function":{"name":"g","arguments":{"x": 1}}}]}"#,
        ], [.call(ToolCall(id: "a", name: "f", arguments: "{}")), .call(ToolCall(id: "b", name: "g", arguments: #"{"x":1}"#))]
      ),
      (
        "compatible",
        [
          #""delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
          #""delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        ], [.call(ToolCall(id: "a", name: "f", arguments: "{}")), .call(ToolCall(id: "b", name: "g", arguments: "{}"))]
      ),
      (
        "compatible", [#""delta":{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"f","input":"x"}}]}"#],
        [.call(ToolCall(id: "a", name: "f", arguments: "x", kind: .freeform))]
      ),
    ] as [(String, [String], [Part])])
  func `gives the parts of any dialect`(name: String, choices: [String], parts: [Part]) throws {
    let events = try decode(choices + [stop], dialect(name))
    #expect(Reply(events).candidates.first?.parts == parts)
    #expect(events.last == .end)
    // What the encoder writes of it reads the same again.
    #expect(Reply(try decodeStream(encode(events), ChatStreamDecoder())).candidates.first?.parts == parts)
  }

  @Test(
    arguments: [
      ([stop], .stop), ([#""finish_reason":"length""#, stop], .length),
      ([#""finish_reason":"""#, #""finish_reason":"sensitive""#], .filter),
      ([#""delta":{"refusal":"no"}"#, stop], .filter), ([#""finish_reason":"tool_calls""#], .stop),
      ([#""delta":{"function_call":{"name":"f","arguments":"{}"}}"#, stop], .tool),
      ([#""delta":{"content":"a"},"finish_reason":"abort""#], .stop),
      ([stop, #""delta":{"content":"late"},"finish_reason":"length""#], .stop),
    ] as [([String], FinishReason)])
  func `ends once, for the right reason`(choices: [String], reason: FinishReason) throws {
    let finishes = try decode(choices).compactMap { if case .finish(_, let reason, _) = $0 { reason } else { nil } }
    #expect(finishes == [reason])
  }

  @Test(arguments: [
    [#""delta":{"content":"a"}"#], [#""finish_reason":"network_error""#], [],
    [#""delta":{"content":"a"}}],"error":{"message":"x"},"x":[{"y":1"#],
  ])
  func `that breaks never ends well`(choices: [String]) {
    #expect(throws: Fault.self) { try decode(choices) }
  }

  @Test func `gives usage from wherever it is, the last one counting`() throws {
    let events = try decode([
      #""delta":{"content":"a"},"usage":{"prompt_tokens":1}"#, stop + #","usage":{"prompt_tokens":2,"cached_tokens":1}"#,
    ])
    #expect(Reply(events).usage?.input == 2)
    #expect(Reply(events).usage?.cacheRead == 1)
  }

  @Test func `stays open until the provider file's bare end`() throws {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
    #expect(throws: Fault.self) { try decodeStream(text, ChatStreamDecoder()) }
    #expect(Reply(try decodeStream(text, ChatStreamDecoder(endMeansStop: true))).candidates.first?.finish == .stop)
    let word = "data: {\"choices\":[{\"finish_reason\":\"eos\"}]}\n\n"
    #expect(Reply(try decodeStream(word, ChatStreamDecoder(finishWords: ["eos": .length]))).candidates.first?.finish == .length)
  }

  @Test(arguments: [
    ("compatible", #"{"role":"assistant","content":"b","reasoning_content":"a"}"#),
    ("think_tags", #"{"content":"<think>\na\n</think>\n\nb"}"#),
    (
      "compatible",
      #"{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"{\"x\":1}"}}]}"#
    ),
    (
      "compatible",
      #"{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":1}}]}"#
    ),
    ("compatible", #"{"content":"x","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]}"#),
    ("mistral", #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"text","text":"b"}]}"#),
    ("compatible", #"{"content":"","refusal":"no"}"#),
  ])
  func `folds to the same as the whole reply`(name: String, message: String) throws {
    let reply = try whole(message, dialect(name))
    let streamed = Reply(try decode(["\"index\":0,\"delta\":\(message)", stop], dialect(name)))
    #expect(streamed.candidates == reply.candidates)
    // Written whole and written as a stream it reads the same again.
    var encoder = ChatReplyEncoder(model: "m", created: 1)
    let body = try JSON(parsing: encoder.encode(reply))
    let again = try ChatReplyDecoder().decode(body)
    #expect(again.candidates == reply.candidates)
    #expect(Reply(try decodeStream(encode(reply.events), ChatStreamDecoder())).candidates == reply.candidates)
  }

  @Test func `reads the same however it is cut`() throws {
    let text = encode(try decode([#""delta":{"reasoning":"é"}"#, #""delta":{"content":"ü😀"}"#, stop]))
    let expected = try decodeStream(text, ChatStreamDecoder())
    for size in [1, 2, 3, 5, 64] { #expect(try decodeStream(text, ChatStreamDecoder(), size: size) == expected) }
  }

  @Test func `never holds calls without end`() {
    let call = #"{"id":"","function":{"name":"f"}},"#
    let many = #"{"tool_calls":["# + String(repeating: call, count: 1024) + #"{"function":{"name":"f"}}]}"#
    #expect(throws: Fault.self) { try whole(many) }
  }
}

@Suite struct `The Chat cases` {
  @Test func `of streams come out as expected`() throws {
    for test in try Shared.cases("str-c2c-") {
      let dialect = test.at("options.dialect")?.string.flatMap(Dialect.named) ?? .openai
      for size in [Int.max, 1, 3] {
        let events = try decodeStream(try #require(test["input_sse"]?.string), ChatStreamDecoder(dialect: dialect), size: size)
        let asked = test.at("options.request.stream_options.include_usage")?.bool == true
        let text = encode(events, showsUsage: asked)
        let expected = test["expected_events"]?.elements.map { $0["data"] } ?? []
        let actual = text.split(separator: "\n\n").map { String($0.dropFirst("data: ".count)) }
        #expect(actual.count == expected.count)
        for (line, wanted) in zip(actual, expected) where line != "[DONE]" {
          let json = try JSON(parsing: line)
          for path in ["model", "object", "choices[0].delta", "choices[0].finish_reason", "usage.total_tokens"] {
            #expect(json.at(path) ?? .null == wanted?.at(path) ?? .null)
          }
        }
      }
    }
  }

  @Test func `of whole replies come out as expected`() throws {
    for test in try Shared.cases("resp-c2c-") {
      let dialect = test.at("options.dialect")?.string.flatMap(Dialect.named) ?? .openai
      var encoder = ChatReplyEncoder(model: "m", created: 1)
      let reply = try ChatReplyDecoder(dialect: dialect).decode(try #require(test["input"]))
      let body = try JSON(parsing: encoder.encode(reply))
      #expect(body.at("choices[0].message") == test.at("expected.choices[0].message"))
      for path in ["model", "object", "choices[0].finish_reason", "usage"] { #expect(body.at(path) == test.at("expected." + path)) }
    }
  }

  @Test func `of errors come out as expected`() throws {
    for test in try Shared.cases("err-c2c-") {
      let body = Array(test.at("input.body")?.description.utf8 ?? "".utf8)
      let answer = UpstreamAnswer(status: test.at("input.status")?.int ?? 0, headers: [], body: body)
      let reply = ErrorShape.openAI.reply(UpstreamError.fault(answer))
      let error = try JSON(parsing: reply.body)
      #expect(reply.status == test.at("expected.status")?.int)
      for path in ["error.type", "error.param", "error.code"] { #expect(error.at(path) == test.at("expected.body." + path)) }
      #expect(error.at("error.message")?.string?.contains("sk-") == false)
    }
  }
}

/// What a stream of these chunks means; each text is a JSON string as it is written. With `isPadded` no chunk is like the last one.
private func meaning(_ texts: [String], isPadded: Bool, _ dialect: Dialect) -> [Event]? {
  let chunks = texts.enumerated().map { number, text in
    let padding = isPadded ? String(repeating: "x", count: number) : ""
    return
      "data: {\"id\":\"c\",\"pad\":\"\(padding)\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\(text)},\"finish_reason\":null}]}\n\n"
  }
  let end = "data: {\"choices\":[{\"index\":0,\(stop)}]}\n\n"
  return try? decodeStream(chunks.joined() + end, ChatStreamDecoder(dialect: dialect))  // nil is right: both must fail alike
}

@Suite struct `Chunks that are alike` {
  @Test(
    arguments: [
      [#""a""#, #""b""#, #""c""#, #""d""#],
      // Escapes, other scripts, halves of pairs, nothing.
      [#""a""#, #""b""#, #""\n\"\\""#, #""swift 雨燕 🐦""#, #""\ud83d\udc26""#, #""\ud83d""#, #""""#, #""z""#],
      // No string, and strings that end the text early or not at all.
      [#""a""#, #""b""#, "null", #"[{"type":"text","text":"x"}]"#, #""c""#],
      [#""a""#, #""b""#, #""c","reasoning_content":"r""#, #""d""#],
      [#""a""#, #""b""#, #""\x""#],
      [#""a""#, #""b""#, "\"\u{1}\""],
      [#""a""#, #""b""#, #""c"#],
      // Tags that are cut in pieces.
      [#""<thi""#, #""nk>a""#, #""b""#, #""</thi""#, #""nk>\nc""#, #""d""#, #""e""#],
    ], ["compatible", "think_tags"])
  func `mean the same as others`(texts: [String], name: String) throws {
    let alike = meaning(texts, isPadded: false, try dialect(name))
    #expect(alike == meaning(texts, isPadded: true, try dialect(name)))
  }

  @Test func `are looked at closely where a rule of errors reads them`() throws {
    var rule = ErrorRule(as: .contentFilter)
    rule.when = [(try JSONPath("choices[0].delta.content"), try Predicate("bad"))]
    let text = ["a", "b", "c", "bad"].map { "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\($0)\"}}]}\n\n" }.joined()
    let events = try decodeStream(text, ChatStreamDecoder(rules: [rule]))
    #expect(events.contains(.finish(candidate: 0, .filter)))
  }
}

@Suite struct `A text's mark` {
  @Test(
    arguments: [
      (["ab", "c"], "abcd", true), (["ab", "c"], "abc", true), (["ab", "c"], "ab", false), (["ab", "c"], "abd", false), ([], "a", true),
      (["é", "雨"], "é雨燕", true), (["a"], "á", false),
    ] as [([String], String, Bool)])
  func `knows its repetition`(pieces: [String], text: String, isBeginning: Bool) {
    var mark = TextMark()
    for piece in pieces { mark.append(piece) }
    #expect(mark.isBeginning(of: text) == isBeginning)
  }
}
