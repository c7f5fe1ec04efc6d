import Base
import Testing

@testable import Wire

/// What a client gets for the bytes of a stream; the relay for what it saw; the fault that ended it.
private func run(
  _ text: String, words: [String: FinishReason] = [:], endMeansStop: Bool = false, size: Int = .max
) -> (text: String, relay: AnthropicRelay, fault: Fault?) {
  var relay = AnthropicRelay(model: "m", finishWords: words, endMeansStop: endMeansStop)
  var stream = EventStream()
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  do throws(Fault) {
    var frames: [Frame] = []
    while !rest.isEmpty {
      try stream.feed(rest.prefix(size), into: &frames)
      rest = rest.dropFirst(size)
    }
    try stream.end(into: &frames)
    for frame in frames { bytes += try relay.relay(frame) }
    bytes += try relay.end()
    return (String(decoding: bytes, as: UTF8.self), relay, nil)
  } catch {
    return (String(decoding: bytes, as: UTF8.self), relay, error)
  }
}

private func event(_ type: String, _ members: String = "") -> String {
  "event: \(type)\ndata: {\"type\":\"\(type)\"\(members.isEmpty ? "" : "," + members)}\n\n"
}
private let start = event("message_start", #""message":{"model":"m","usage":{"input_tokens":3,"output_tokens":1}}"#)
private let hi = event("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":"\"model\":\"x\""}"#)
private let delta = event("message_delta", #""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}"#)
private let stop = event("message_stop")

@Suite struct `A Messages relay` {
  @Test(
    arguments: [
      // What needs no change goes through byte by byte; new events, pings and comments too.
      (
        [start, event("ping"), ": hi\n\n", hi, event("novelty", #""x":1"#), delta, stop],
        [start, event("ping"), ": hi\n\n", hi, event("novelty", #""x":1"#), delta, stop]
      ),
      // The end mark comes once, also where the upstream has none, or one of another wire.
      ([start, hi, delta], [start, hi, delta, stop]), ([start, hi, delta, stop, stop], [start, hi, delta, stop]),
      ([start, hi, delta, "data: [DONE]\n\n"], [start, hi, delta, stop]),
      // The model's name is the client's.
      (
        ["event: message_start\ndata: {\"type\": \"message_start\", \"message\": {\"model\" : \"up\"}}\n\n", delta],
        ["event: message_start\ndata: {\"type\": \"message_start\", \"message\": {\"model\" : \"m\"}}\n\n", delta, stop]
      ),
      // The official client skips events without a name.
      (["data: {\"type\":\"content_block_stop\",\"index\":0}\n\n", delta], [event("content_block_stop", #""index":0"#), delta, stop]),
      (
        ["data: {\"type\":\ndata: \"content_block_stop\",\"index\":0}\n\n", delta],
        [event("content_block_stop", #""index":0"#).replacing(":\"c", with: ": \"c"), delta, stop]
      ),
    ] as [([String], [String])])
  func `hands on what came`(sent: [String], expected: [String]) {
    for size in [Int.max, 1, 3] {
      let result = run(sent.joined(), size: size)
      #expect(result.fault == nil)
      #expect(result.text == expected.joined())
    }
  }

  @Test func `reads usage and the stop reason on the side`() {
    let relay = run(start + hi + delta).relay
    #expect(relay.usage == Usage(input: 3, output: 4))
    #expect(relay.finishes == [0: .stop] && relay.isUseful)
    #expect(!run(start + event("content_block_start", #""content_block":{"type":"text","text":""}"#)).relay.isUseful)
    #expect(run(start + event("content_block_start", #""content_block":{"type":"tool_use"}"#)).relay.isUseful)
  }

  @Test func `translates stop reasons that the provider file knows`() {
    let odd = delta.replacing("end_turn", with: "enough")
    #expect(run(start + odd, words: ["enough": .length]).text == start + delta.replacing("end_turn", with: "max_tokens") + stop)
  }

  @Test(
    arguments: [
      (start, .broken), (start + hi, .broken), (start + stop, .broken), (start + hi + "data: {oops\n\n", .broken), ("", .broken),
      (start + event("error", #""error":{"type":"overloaded_error","message":"Overloaded"}"#), .overloaded),
      (start + event("error", #""error":{"type":"api_error","message":"x"}"#), .internal),
      (start + event("error", #""error":{"type":"invalid_request_error","message":"x"}"#), .invalid),
      (start + event("error", #""error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}"#), .contextOverflow),
      (start + event("error", #""error":{"type":"rate_limit_error","message":"x"}"#), .rateLimited),
      (start + event("error", #""error":{"type":"authentication_error","message":"x"}"#), .authExpired),
      (start + event("error", #""error":{"type":"permission_error","message":"x"}"#), .forbidden),
      (start + event("error", #""error":{"type":"billing_error","message":"x"}"#), .funds),
      (start + event("error", #""error":{"type":"not_found_error","message":"x"}"#), .notFound),
      (start + event("error", #""error":{"type":"timeout_error","message":"x"}"#), .timeout),
      (start + event("error", #""error":{"type":"request_too_large","message":"x"}"#), .tooLarge),
      (start + "data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n", .rateLimited),
    ] as [(String, Fault.Kind)])
  func `fails where the upstream does, and sends no end`(sent: String, kind: Fault.Kind) {
    let result = run(sent)
    #expect(result.fault?.kind == kind)
    #expect(!result.text.contains("message_stop") && !result.text.contains("overloaded"))
  }

  @Test func `asks rules about errors, and never about the model's own words`() throws {
    var words = ErrorRule(as: .funds)
    words.text = try Pattern("no money")
    var typed = ErrorRule(as: .muted)
    typed.when = [(try JSONPath("error.message"), try Predicate("wait"))]
    var odd = ErrorRule(as: .banned)
    odd.when = [(try JSONPath("delta.text"), try Predicate("banned"))]
    func kind(_ text: String, _ rules: [ErrorRule]) throws -> Fault.Kind? {
      var relay = AnthropicRelay(model: "m", rules: rules)
      var decoder = AnthropicStreamDecoder(rules: rules)
      var stream = EventStream()
      var frames: [Frame] = []
      try stream.feed(Array(text.utf8)[...], into: &frames)
      var kinds: [Fault.Kind?] = []
      do { for frame in frames { _ = try relay.relay(frame) }; kinds.append(nil) } catch { kinds.append(error.kind) }
      do { for frame in frames { _ = try decoder.decode(frame) }; kinds.append(nil) } catch { kinds.append(error.kind) }
      #expect(kinds[0] == kinds[1])
      return kinds[0]
    }
    func said(_ text: String) -> String {
      event("content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\(text)\"}")
    }
    func failed(_ text: String) -> String { event("error", "\"error\":{\"type\":\"api_error\",\"message\":\"\(text)\"}") }
    #expect(try kind(start + said("no money"), [words, typed]) == nil)
    #expect(try kind(start + failed("no money"), [words, typed]) == .funds)
    #expect(try kind(start + failed("wait"), [words, typed]) == .muted)
    #expect(try kind(start + failed("else"), [words, typed]) == .internal)
    #expect(try kind(start + said("banned"), [odd]) == .banned)
  }

  @Test func `takes an end mark behind content for an end, and the end itself where the file says so`() {
    #expect(run(start + hi + stop).text == start + hi + stop)
    #expect(run(start + hi, endMeansStop: true).text == start + hi + stop)
  }

  @Test func `hands whole bodies on with the client's name of the model`() throws {
    let body =
      #"{"id":"x", "model":"up","content":[],"stop_reason":"tool_use","usage":{"input_tokens":1,"cache_read_input_tokens":2,"output_tokens":3}}"#
    let whole = try AnthropicRelay.whole(Array(body.utf8), model: "m")
    #expect(String(decoding: whole.bytes, as: UTF8.self) == body.replacing("up", with: "m"))
    #expect(whole.usage?.input == 3 && whole.usage?.cacheRead == 2 && whole.usage?.output == 3 && whole.finishes == [0: .tool])
    let count = Array(#"{"input_tokens":7}"#.utf8)
    #expect(try AnthropicRelay.whole(count, model: "m").bytes == count)
  }

  @Test(
    arguments: [
      ("<html>", .broken), ("{}", .broken), ("[]", .broken),
      (#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
    ] as [(String, Fault.Kind)])
  func `refuses bodies that are no reply`(body: String, kind: Fault.Kind) {
    do throws(Fault) {
      _ = try AnthropicRelay.whole(Array(body.utf8), model: "m")
      Issue.record("It was taken for a reply")
    } catch {
      #expect(error.kind == kind)
    }
  }
}
