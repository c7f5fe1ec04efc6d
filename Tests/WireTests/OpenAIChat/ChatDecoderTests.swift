import Base
import Testing

@testable import Wire

/// A chunk whose first choice has this delta and finish.
private func chunk(_ delta: String, finish: String? = nil) throws -> JSON {
  let word = finish.map { "\"\($0)\"" } ?? "null"
  return try JSON(parsing: #"{"id":"c","created":1,"model":"m","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(word)}]}"#)
}

/// The fold of a stream of these deltas, finished by `finish`.
private func reply(_ deltas: [String], finish: String = "stop", _ dialect: Dialect = .openai) throws -> Reply {
  var decoder = ChatStreamDecoder(dialect: dialect)
  var events: [Event] = []
  for delta in deltas { events += try decoder.feed(chunk(delta)) }
  events += try decoder.feed(chunk("{}", finish: finish))
  events += try decoder.end()
  return Reply(events)
}

/// A part in short: `text:…`, `think:…`, `refusal:…`, `call NAME:…`.
private func short(_ part: Part) -> String {
  switch part {
  case .result(let result): "result:\(result.id)"
  case .text(let text, _): "text:\(text)"
  case .reasoning(let reasoning): "think:\(reasoning.text)"
  case .refusal(let text): "refusal:\(text)"
  case .call(let call): "call \(call.name):\(call.arguments)"
  case .media(let media): "\(media.kind.rawValue):\(media.source == .data("AA", mediaType: "image/png") ? "AA" : "")"
  case .opaque(_, let json): "opaque:\(json)"
  }
}

private func parts(_ reply: Reply) -> [String] { reply.candidates.first?.parts.map(short) ?? [] }

@Suite struct `The Chat decoder` {
  @Test(
    arguments: [
      // Empty pieces open nothing; a part of another kind closes the last one.
      ([#"{"role":"assistant","content":""}"#, #"{"content":"Hel"}"#, #"{"content":"lo"}"#], ["text:Hello"]),
      ([#"{"reasoning_content":"a"}"#, #"{"content":"b"}"#, #"{"reasoning_content":"c"}"#], ["think:a", "text:b", "think:c"]),
      // Of the places of reasoning in one delta the first counts.
      ([#"{"reasoning":"b","reasoning_content":"a","reasoning_details":[{"text":"c"}]}"#], ["think:a"]),
      ([#"{"reasoning":"b","reasoning_content":""}"#], ["think:b"]),
      ([#"{"reasoning_details":[{"text":"c"},{"summary":"d"}]}"#], ["think:cd"]),
      // Content as a list, and in the places of some relays.
      ([#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"text","text":"b"}]}"#], ["think:a", "text:b"]),
      ([#"{"message":{"content":"a"}}"#, #"{"text":"b"}"#, #"{"message":{"text":"c"}}"#], ["text:abc"]),
      ([#"{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}"#], ["image:AA"]),
      ([#"{"refusal":"no"}"#], ["refusal:no"]),
      ([#"{"images":[{"image_url":{"url":"data:image/png;base64,AA"}}]}"#], ["image:AA"]),
    ] as [([String], [String])])
  func `finds text and reasoning wherever they are`(deltas: [String], expected: [String]) throws {
    #expect(parts(try reply(deltas)) == expected)
  }

  @Test(
    arguments: [
      // Two calls that interleave.
      (
        [
          #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g"}}]}"#,
          #"{"tool_calls":[{"index":1,"function":{"arguments":"{\"y\""}},{"index":0,"function":{"arguments":"{}"}}]}"#,
          #"{"tool_calls":[{"index":1,"function":{"arguments":":2}"}}]}"#,
        ], [#"call f:{}"#, #"call g:{"y":2}"#]
      ),
      // No index: the same id, else the last call.
      (
        [
          #"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}"#, #"{"tool_calls":[{"function":{"arguments":"\"x\""}}]}"#,
          #"{"tool_calls":[{"id":"a","function":{"arguments":":1}"}}]}"#,
        ], [#"call f:{"x":1}"#]
      ),
      // A new id on a used index is a new call; an empty or repeated id and a repeated name are not.
      (
        [
          #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
          #"{"tool_calls":[{"index":0,"id":"","function":{"name":"f","arguments":"}"}}]}"#,
          #"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        ], ["call f:{}", "call g:{}"]
      ),
      // Whole calls without id and index.
      (
        [#"{"tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"f","arguments":{"x":2}}}]}"#],
        [#"call f:{"x":1}"#, #"call f:{"x":2}"#]
      ),
      // Arguments as an object become compact text, numbers as they were written.
      (
        [#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{ "x" : 1.0, "y": "\u00e9" }}}]}"#],
        [#"call f:{"x":1.0,"y":"é"}"#]
      ),
      // The name comes late; the legacy form.
      (
        [
          #"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{"}}]}"#,
          #"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}"#,
        ],
        ["call f:{}"]
      ),
      // An id that comes late is no new call.
      (
        [
          #"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{"}}]}"#,
          #"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"}"}}]}"#,
        ], ["call f:{}"]
      ),
      ([#"{"function_call":{"name":"f","arguments":""}}"#, #"{"function_call":{"arguments":"{}"}}"#], ["call f:{}"]),
      ([#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"f","input":"x y"}}]}"#], ["call f:x y"]),
    ] as [([String], [String])])
  func `puts sloppy calls together`(deltas: [String], expected: [String]) throws {
    let reply = try reply(deltas)
    #expect(parts(reply) == expected)
    #expect(reply.candidates.first?.finish == .tool)
    for case .call(let call) in reply.candidates.first?.parts ?? [] { #expect(!call.id.isEmpty) }
  }

  @Test(arguments: [
    ("stop", "{}", FinishReason.stop), ("length", "{}", .length), ("sensitive", "{}", .filter), ("tool_calls", "{}", .stop),
    ("stop", #"{"refusal":"no"}"#, .filter), ("model_context_window_exceeded", "{}", .contextWindow),
    ("function_call", #"{"function_call":{"name":"f"}}"#, .tool),
    // The upstream gave up, but something can be shown.
    ("network_error", #"{"content":"x"}"#, .stop),
  ])
  func `understands finish words`(word: String, delta: String, expected: FinishReason) throws {
    #expect(try reply([delta], finish: word).candidates.first?.finish == expected)
  }

  @Test func `fails when the upstream gave up with nothing to show`() throws {
    let fault = try #require(throws: Fault.self) { try reply([#"{"reasoning_content":"x"}"#], finish: "network_error") }
    #expect(fault.kind == .broken && fault.message.contains("network_error"))
  }

  @Test func `ignores what follows the finish`() throws {
    var decoder = ChatStreamDecoder()
    var events = try decoder.feed(chunk(#"{"content":"a"}"#, finish: "length"))
    events += try decoder.feed(chunk(#"{"content":"b"}"#, finish: "stop"))
    events += try decoder.end()
    let reply = Reply(events)
    #expect(parts(reply) == ["text:a"])
    #expect(reply.candidates.first?.finish == .length)
  }

  @Test func `is broken without a finish for every candidate`() throws {
    var decoder = ChatStreamDecoder()
    #expect(throws: Fault.self) { try decoder.end() }
    _ = try decoder.feed(chunk(#"{"content":"a"}"#))
    #expect(throws: Fault.self) { try decoder.end() }
    var lenient = ChatStreamDecoder(endMeansStop: true)
    _ = try lenient.feed(chunk(#"{"reasoning_content":"a"}"#))
    #expect(throws: Fault.self) { try lenient.end() }
    _ = try lenient.feed(chunk(#"{"content":"a"}"#))
    #expect(try lenient.end().contains(.finish(candidate: 0, .stop)))
  }

  @Test func `gives no two calls of a choice one id`() throws {
    let calls = ["a", "a", "a_2", "a"].enumerated().map { number, id in
      #"{"index":\#(number),"id":"\#(id)","function":{"name":"f","arguments":"{}"}}"#
    }
    let reply = try reply([#"{"tool_calls":[\#(calls.joined(separator: ","))]}"#])
    let ids = reply.candidates.first?.parts.compactMap { if case .call(let call) = $0 { call.id } else { nil } }
    #expect(ids == ["a", "a_2", "a_2_2", "a_3"])
    #expect(reply.losses.map(\.description) == (1...3).map { "tool_calls[\($0)].id:renamed" })
  }

  @Test func `wants the finish of every choice, with or without the end marker`() throws {
    var decoder = ChatStreamDecoder()
    let text =
      #"data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":1,"delta":{"content":"b"}}]}"#
      + "\n\ndata: [DONE]\n\n"
    for frame in try frames(text) { _ = try decoder.decode(frame) }
    #expect(throws: Fault.self) { try decoder.end() }
  }

  @Test(arguments: [
    (#"{"error":{"message":"x","type":"server_error","code":500}}"#, Fault.Kind.internal),
    (#"{"error":{"message":"x","code":"429"}}"#, .rateLimited),
    (#"{"error":{"message":"x"}}"#, .broken), (#"{"error":"x"}"#, .broken),
    (#"{"base_resp":{"status_code":1004,"status_msg":"x"}}"#, .broken),
    (#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
    (#"[{"error":{"code":503,"message":"x"}}]"#, .overloaded), (#"{"code":20012,"message":"x"}"#, .broken),
  ])
  func `fails on an error inside a 200`(text: String, kind: Fault.Kind) throws {
    var decoder = ChatStreamDecoder()
    let fault = try #require(throws: Fault.self) { try decoder.feed(JSON(parsing: text)) }
    #expect(fault.kind == kind)
  }

  @Test func `keeps the last usage, wherever it is`() throws {
    var decoder = ChatStreamDecoder(dialect: .named("kimi") ?? .compatible)
    var events = try decoder.feed(chunk(#"{"content":"a"}"#, finish: "stop"))
    for usage in [
      #"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
      #"{"choices":[{"index":0,"delta":{},"usage":{"prompt_tokens":9,"completion_tokens":2,"cached_tokens":4,"completion_tokens_details":{"reasoning_tokens":5}}}]}"#,
    ] {
      events += try decoder.feed(JSON(parsing: usage))
    }
    let usage = try #require(Reply(events).usage)
    #expect((usage.input, usage.cacheRead, usage.output, usage.reasoning) == (9, 4, 7, 5))
  }

  @Test func `takes a repeated whole text once`() throws {
    var decoder = ChatStreamDecoder()
    var events = try decoder.feed(chunk(#"{"content":"Hel"}"#))
    events += try decoder.feed(
      JSON(parsing: #"{"choices":[{"index":0,"delta":{"content":""},"message":{"content":"Hello"},"finish_reason":"stop"}]}"#))
    #expect(parts(Reply(events)) == ["text:Hello"])
  }

  @Test(
    arguments: [
      ("think_tags", "<think>\nstep 1\n</think>\n\nDone <think> not a tag", ["think:step 1", "text:Done <think> not a tag"]),
      ("think_tags", "  <think:deep.1>a</think>b</think:deep.1>\r\n c", ["think:a</think>b", "text:c"]),
      ("think_tags", "<thinker>a", ["text:<thinker>a"]), ("think_tags", " a <think>b</think>", ["text: a <think>b</think>"]),
      ("think_tags", "<think>\n</think>\nx", ["text:x"]), ("think_tags", "<think>never\nclosed", ["think:never\nclosed"]),
      ("think_tags", "<thi", ["text:<thi"]), ("think_tags_implicit", "\nhm\n</think>\n\nx", ["think:hm", "text:x"]),
      ("think_tags_implicit", "hm", ["think:hm"]), ("minimax", "<mm:think>\r\na\r\n</mm:think>\nb", ["think:a", "text:b"]),
      ("hunyuan", "<think>\na\n</think>\n<answer>\nb\n</answer>", ["think:a", "text:b"]),
      ("hunyuan", "<think>a</think><answ", ["think:a", "text:<answ"]),
      ("think_tags", "<think>a</think><answer>b</answer>", ["think:a", "text:<answer>b</answer>"]),
    ] as [(String, String, [String])])
  func `parts reasoning in tags from text, however it is cut`(dialect: String, content: String, expected: [String]) throws {
    let dialect = try #require(Dialect.named(dialect))
    for size in [1, 2, 3, 5, 1000] {
      let letters = Array(content.unicodeScalars)
      let pieces = stride(from: 0, to: letters.count, by: size).map { start in
        String(String.UnicodeScalarView(letters[start..<min(start + size, letters.count)]))
      }
      let reply = try reply(pieces.map { JSON.object([("content", JSON($0))]).description }, dialect)
      #expect(parts(reply) == expected, "cut by \(size)")
    }
  }

  @Test func `reports reasoning that was never closed`() throws {
    let dialect = try #require(Dialect.named("think_tags"))
    #expect(try reply([#"{"content":"<think>a"}"#], dialect).losses == [Loss("content", .downgraded)])
  }

  @Test func `lets the beginning of a reply out at once`() throws {
    var splitter = ThinkSplitter(.thinkTags)
    #expect(splitter.feed("<think>\nfir") == [.init(isReasoning: true, text: "fir")])
    #expect(splitter.feed("st</thi") == [.init(isReasoning: true, text: "st")])
    #expect(splitter.feed("nk>\n").isEmpty)
    #expect(splitter.feed("\nOk") == [.init(isReasoning: false, text: "Ok")])
  }
}

extension ChatStreamDecoder {
  mutating func feed(_ json: JSON) throws -> [Event] {
    let bytes = Array(json.description.utf8)[...]
    return try decode(Frame(kind: .data, data: bytes, raw: bytes, isStandard: true))
  }
}
