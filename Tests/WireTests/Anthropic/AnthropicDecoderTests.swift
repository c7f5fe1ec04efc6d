import Base
import Testing

@testable import Wire

private func event(_ type: String, _ members: String = "") -> String {
  "event: \(type)\ndata: {\"type\":\"\(type)\"\(members.isEmpty ? "" : "," + members)}\n\n"
}
private func start(_ number: Int, _ block: String) -> String {
  event("content_block_start", #""index":\#(number),"content_block":\#(block)"#)
}
private func delta(_ number: Int, _ delta: String) -> String { event("content_block_delta", #""index":\#(number),"delta":\#(delta)"#) }
private func stop(_ number: Int) -> String { event("content_block_stop", #""index":\#(number)"#) }
private func end(_ reason: String = "end_turn", _ more: String = "") -> String {
  event("message_delta", #""delta":{"stop_reason":"\#(reason)"\#(more)},"usage":{"output_tokens":9}"#) + event("message_stop")
}
private let head = event("message_start", #""message":{"id":"msg_1","model":"up","usage":{"input_tokens":5,"output_tokens":1}}"#)

private func read(_ text: String, size: Int = .max, words: [String: FinishReason] = [:], endMeansStop: Bool = false) throws -> [Event] {
  var decoder = AnthropicStreamDecoder(finishWords: words, endMeansStop: endMeansStop)
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
private func parts(_ text: String) throws -> [Part] { try Reply(read(text)).candidates.first?.parts ?? [] }
private func losses(_ text: String) throws -> [String] { try Reply(read(text)).losses.map(\.description) }

@Suite struct `A Messages stream from an upstream` {
  @Test(
    arguments: [
      // Text, thinking, calls.
      (
        [
          start(0, #"{"type":"text","text":""}"#), delta(0, #"{"type":"text_delta","text":"a"}"#),
          delta(0, #"{"type":"text_delta","text":"b"}"#), stop(0),
        ], [.text("ab")]
      ),
      (
        [
          start(0, #"{"type":"thinking","thinking":"","signature":""}"#), delta(0, #"{"type":"thinking_delta","thinking":"t"}"#),
          delta(0, #"{"type":"signature_delta","signature":"s"}"#), stop(0),
        ],
        [.reasoning(Reasoning("t", signature: Signature(.anthropic, "s")))]
      ),
      (
        [start(0, #"{"type":"redacted_thinking","data":"d"}"#), stop(0)],
        [.reasoning(Reasoning(signature: Signature(.anthropicRedacted, "d")))]
      ),
      (
        [
          start(0, #"{"type":"tool_use","id":"a","name":"f","input":{}}"#), delta(0, #"{"type":"input_json_delta","partial_json":""}"#),
          delta(0, #"{"type":"input_json_delta","partial_json":"{\"x\""}"#), delta(0, #"{"type":"input_json_delta","partial_json":":1}"}"#),
          stop(0),
        ],
        [.call(ToolCall(id: "a", name: "f", arguments: #"{"x":1}"#))]
      ),
      ([start(0, #"{"type":"tool_use","id":"a","name":"f","input":{}}"#), stop(0)], [.call(ToolCall(id: "a", name: "f"))]),
      // A block may start non-empty; an empty one is nothing.
      ([start(0, #"{"type":"text","text":"a"}"#), delta(0, #"{"type":"text_delta","text":"b"}"#), stop(0)], [.text("ab")]),
      (
        [start(0, #"{"type":"tool_use","id":"a","name":"f","input":{ "x": 1 }}"#), stop(0)],
        [.call(ToolCall(id: "a", name: "f", arguments: #"{"x":1}"#))]
      ),
      ([start(0, #"{"type":"text","text":""}"#), stop(0), start(1, #"{"type":"thinking","thinking":""}"#), stop(1)], []),
      // A hidden thought has only its signature; one of another origin comes in an envelope.
      (
        [
          start(0, #"{"type":"thinking","thinking":""}"#), delta(0, #"{"type":"signature_delta","signature":"apus1:gemini:part:s"}"#),
          stop(0),
        ],
        [.reasoning(Reasoning(signature: Signature(.gemini, "s")))]
      ),
      // What is not known is skipped, what is not closed or announced is read all the same.
      (
        [
          start(0, #"{"type":"server_tool_use","id":"x","name":"web_search","input":{}}"#),
          delta(0, #"{"type":"input_json_delta","partial_json":"{}"}"#), stop(0), start(1, #"{"type":"text","text":""}"#),
          delta(1, #"{"type":"novel_delta"}"#), delta(1, #"{"type":"text_delta","text":"a"}"#),
        ],
        [.text("a")]
      ),
      (
        [delta(0, #"{"type":"thinking_delta","thinking":"t"}"#), delta(1, #"{"type":"text_delta","text":"a"}"#)],
        [.reasoning(Reasoning("t")), .text("a")]
      ),
    ] as [([String], [Part])])
  func `becomes parts`(blocks: [String], expected: [Part]) throws {
    #expect(try parts(head + event("ping") + event("novelty") + blocks.joined() + end()) == expected)
  }

  @Test func `reports what it skips`() throws {
    let blocks = start(0, #"{"type":"web_search_tool_result"}"#) + stop(0) + start(1, #"{"type":"tool_use","name":"f"}"#) + stop(1)
    #expect(try losses(head + blocks + end("tool_use")) == ["content[0]:dropped", "content[1].id:synthesized"])
  }

  @Test func `gives the same for every cut of its bytes`() throws {
    let text = head + start(0, #"{"type":"text","text":""}"#) + delta(0, #"{"type":"text_delta","text":"日本"}"#) + stop(0) + end()
    let whole = try read(text)
    #expect(try read(text, size: 1) == whole && read(text, size: 3) == whole)
  }

  @Test(
    arguments: [
      ("end_turn", false, .stop), ("end_turn", true, .tool), ("tool_use", true, .tool), ("tool_use", false, .stop),
      ("max_tokens", true, .length),
      ("model_context_window_exceeded", false, .contextWindow), ("refusal", false, .filter), ("pause_turn", false, .pause),
      ("enough", false, .length),
    ] as [(String, Bool, FinishReason)])
  func `ends for its reason, and calls decide`(word: String, hasCall: Bool, expected: FinishReason) throws {
    let block = hasCall ? start(0, #"{"type":"tool_use","id":"a","name":"f","input":{}}"#) : start(0, #"{"type":"text","text":"a"}"#)
    let reply = Reply(try read(head + block + stop(0) + end(word), words: ["enough": .length]))
    #expect(reply.candidates.first?.finish == expected && reply.isComplete)
  }

  @Test func `tells the stop sequence`() throws {
    let candidate = try #require(Reply(try read(head + end("stop_sequence", #","stop_sequence":"END""#))).candidates.first)
    #expect(candidate.finish == .stopSequence && candidate.stopSequence == "END")
  }

  @Test func `gives the explanation of a refusal as a part, and loses its category`() throws {
    let text = head + end("refusal", #","stop_details":{"type":"refusal","category":"cyber","explanation":"No."}"#)
    #expect(try parts(text) == [.refusal("No.")])
    #expect(try losses(text) == ["stop_details.category:dropped"])
    #expect(try parts(head + end("refusal", #","stop_details":{"type":"refusal","category":null,"explanation":null}"#)) == [])
  }

  @Test func `has given up when nothing came with a reason that isn't known`() throws {
    #expect(throws: Fault.self) { try read(head + end("exploded")) }
    let text = head + start(0, #"{"type":"text","text":"a"}"#) + stop(0) + end("exploded")
    #expect(try losses(text) == ["stop_reason:downgraded"])
  }

  @Test func `counts everything in, later figures in place of earlier ones`() throws {
    let first = event(
      "message_start",
      #""message":{"usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1}}"#
    )
    let last = event(
      "message_delta",
      #""delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":7,"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}"#)
    let events = try read(first + last)
    var expected = Usage(input: 137, output: 50)
    expected.cacheRead = 100
    expected.cacheWrite = 10
    expected.cacheWriteHour = 20
    expected.reasoning = 20
    #expect(Reply(events).usage == expected)
    #expect(events.contains { if case .usage(let usage) = $0 { usage.input == 135 && usage.output == 1 } else { false } })
  }

  @Test func `tells what web pages are cited, and where`() throws {
    let citation = #"{"type":"web_search_result_location","url":"https://a","title":"A","cited_text":"q","encrypted_index":"x"}"#
    let blocks =
      start(0, #"{"type":"text","text":"日本"}"#) + stop(0) + start(1, #"{"type":"text","text":"","citations":[]}"#)
      + delta(1, #"{"type":"citations_delta","citation":\#(citation)}"#) + delta(1, #"{"type":"text_delta","text":"é!"}"#)
      + delta(1, #"{"type":"citations_delta","citation":{"type":"char_location"}}"#) + stop(1)
    let text = head + blocks + end()
    #expect(try parts(text) == [.text("日本"), .text("é!", citations: [Citation(url: "https://a", title: "A", range: 2..<4, quote: "q")])])
    #expect(try losses(text) == ["content[1].citations:dropped"])
  }

  @Test(
    arguments: [
      ("", .broken), (head, .broken), (head + start(0, #"{"type":"text","text":"a"}"#) + stop(0) + event("message_stop"), .broken),
      (head + "data: {oops\n\n", .broken),
      (head + event("error", #""error":{"type":"overloaded_error","message":"Overloaded"}"#), .overloaded),
      (head + event("error", #""error":{"type":"api_error","message":"x"}"#), .internal),
      (head + event("error", #""error":{"type":"invalid_request_error","message":"prompt is too long"}"#), .contextOverflow),
      (head + "data: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"x\"}}\n\n", .rateLimited),
      ("data: {\"error\":{\"message\":\"x\",\"code\":503}}\n\n", .overloaded),
    ] as [(String, Fault.Kind)])
  func `fails where it breaks or says so`(text: String, kind: Fault.Kind) throws {
    #expect(throws: Fault.self) { try read(text) }
    do { _ = try read(text) } catch { #expect((error as? Fault)?.kind == kind) }
  }

  @Test func `is complete without its last mark, and without any where the file says so`() throws {
    #expect(Reply(try read(head + event("message_delta", #""delta":{"stop_reason":"end_turn"}"#))).isComplete)
    let cut = head + start(0, #"{"type":"text","text":"a"}"#)
    #expect(Reply(try read(cut, endMeansStop: true)).candidates.first?.finish == .stop)
    #expect(throws: Fault.self) { try read(head, endMeansStop: true) }
  }
}

@Suite struct `A whole Messages reply` {
  private func reply(_ body: String) throws -> Reply { try AnthropicReplyDecoder().decode(JSON(parsing: body)) }

  @Test func `reads like its stream`() throws {
    let body =
      #"{"id":"msg_1","model":"up","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a"},{"type":"tool_use","id":"a","name":"f","input":{"x":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":9}}"#
    let blocks =
      start(0, #"{"type":"thinking","thinking":"t","signature":"s"}"#) + stop(0) + start(1, #"{"type":"text","text":"a"}"#) + stop(1)
      + start(2, #"{"type":"tool_use","id":"a","name":"f","input":{"x":1}}"#) + stop(2)
    #expect(try reply(body) == Reply(try read(head + blocks + end("tool_use"))))
  }

  @Test func `without a reason is an ordinary end`() throws {
    #expect(try reply(#"{"content":[{"type":"text","text":"a"}]}"#).candidates.first?.finish == .stop)
    #expect(try reply(#"{"content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}"#).candidates.first?.finish == .tool)
  }

  @Test(
    arguments: [
      ("{}", .broken), ("[]", .broken), (#"{"content":"x"}"#, .broken),
      (#"{"type":"error","error":{"type":"not_found_error","message":"x"}}"#, .notFound),
    ] as [(String, Fault.Kind)])
  func `may be none`(body: String, kind: Fault.Kind) throws {
    do {
      _ = try reply(body)
      Issue.record("It was taken for a reply")
    } catch { #expect((error as? Fault)?.kind == kind) }
  }
}
