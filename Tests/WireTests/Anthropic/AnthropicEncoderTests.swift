import Base
import Testing

@testable import Wire

private let context = ReplyContext(model: "m", id: "msg_1", created: 7)
private func at(_ part: Int) -> Place { Place(0, part) }
private func call(_ id: String, _ arguments: String = "", signature: Signature? = nil) -> Part {
  .call(ToolCall(id: id, name: "f", arguments: arguments, signature: signature))
}

private func encode(_ events: [Event]) -> (text: String, losses: [String]) {
  var encoder = AnthropicStreamEncoder(context)
  var bytes: [UInt8] = []
  for event in events { encoder.encode(event, into: &bytes) }
  return (String(decoding: bytes, as: UTF8.self), encoder.losses.map(\.description))
}

private func frames(_ text: String) throws -> [Frame] {
  var stream = EventStream()
  var frames: [Frame] = []
  try stream.feed(Array(text.utf8)[...], into: &frames)
  try stream.end(into: &frames)
  return frames
}

/// The blocks of a stream in short: `0 text:ab`, `1 f#id:{"x":1}`, `2 think:t/signature`; deltas of a block are cut by `|`, an open one ends in `…`.
private func blocks(_ events: [Event]) throws -> [String] {
  var blocks: [String] = []
  var isOpen = false
  for frame in try frames(encode(events).text) {
    let json = try frame.json()
    #expect(frame.event == json["type"]?.string)
    switch frame.event {
    case "content_block_start":
      #expect(!isOpen && json["index"] == JSON(blocks.count))
      isOpen = true
      let block = json["content_block"] ?? .null
      switch block["type"]?.string {
      case "text": blocks.append("text:")
      case "thinking": blocks.append("think:")
      default: blocks.append("\(block["name"]?.string ?? "")#\(block["id"]?.string ?? ""):")
      }
    case "content_block_delta":
      #expect(isOpen && json["index"] == JSON(blocks.count - 1))
      let delta = json["delta"] ?? .null
      if let signature = delta["signature"]?.string { blocks[blocks.count - 1] += "/" + signature }
      let text = delta["text"]?.string ?? delta["thinking"]?.string ?? delta["partial_json"]?.string ?? ""
      blocks[blocks.count - 1] += (blocks[blocks.count - 1].hasSuffix(":") || text.isEmpty ? "" : "|") + text
    case "content_block_stop":
      #expect(isOpen)
      isOpen = false
    default: break
    }
  }
  if isOpen { blocks[blocks.count - 1] += "…" }
  return blocks
}

@Suite struct `A stream to a Messages client` {
  @Test func `is written to the letter`() {
    var usage = Usage(input: 20, output: 9)
    usage.cacheRead = 8
    usage.cacheWrite = 2
    usage.reasoning = 4
    let (text, losses) = encode([
      .start(ReplyHead(id: "up")), .candidate(0), .open(at(0), .text("")), .delta(at(0), "a\"日"), .close(at(0)),
      .finish(candidate: 0, .stop),
      .usage(usage), .end,
    ])
    #expect(
      text == """
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\"日"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":0}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":8,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}}

        event: message_stop
        data: {"type":"message_stop"}


        """)
    #expect(losses.isEmpty)
  }

  @Test(
    arguments: [
      // Calls that interleave: the second waits until the first one's JSON is complete.
      (
        [
          .open(at(0), call("a")), .open(at(1), call("b")), .delta(at(0), #"{"x""#), .delta(at(1), #"{"y""#), .delta(at(0), ":1}"),
          .delta(at(1), ":2}"), .close(at(0)), .close(at(1)),
        ], [#"f#a:{"x"|:1}"#, #"f#b:{"y"|:2}"#]
      ),
      // Three of them, flushed in the order of their indexes.
      (
        [
          .open(at(0), call("a")), .open(at(1), call("b")), .open(at(2), call("c")), .delta(at(2), #"{"z":3}"#), .delta(at(1), #"{"y":2}"#),
          .delta(at(0), #"{"x":1}"#),
        ], [#"f#a:{"x":1}"#, #"f#b:{"y":2}"#, #"f#c:{"z":3}…"#]
      ),
      // A call without arguments has no delta, and holds the others until it is closed.
      ([.open(at(0), call("a")), .open(at(1), call("b", "{}")), .close(at(0))], ["f#a:", "f#b:{}…"]),
      ([.open(at(0), call("a")), .open(at(1), call("b", "{}"))], ["f#a:…"]),
      // Text behind a call that is not complete waits.
      (
        [.open(at(0), call("a", "{")), .open(at(1), .text("")), .delta(at(1), "t"), .delta(at(1), "u"), .delta(at(0), "}")],
        ["f#a:{|}", "text:tu…"]
      ),
      // Reasoning that resumes behind text or a call is a new block.
      (
        [
          .open(at(0), .reasoning(Reasoning("a"))), .close(at(0)), .open(at(1), .text("b")), .close(at(1)),
          .open(at(2), .reasoning(Reasoning("c"))),
          .close(at(2)), .open(at(3), call("x", "{}")), .close(at(3)), .open(at(4), .text("d")), .close(at(4)),
        ], ["think:a", "text:b", "think:c", "f#x:{}", "text:d"]
      ),
      // Parts that are never closed end when the next opens; what still comes for them gets a new block.
      ([.open(at(0), .text("a")), .open(at(1), call("x", "{}")), .delta(at(0), "b")], ["text:a", "f#x:{}", "text:b…"]),
      // Empty texts and thoughts are no blocks.
      (
        [.open(at(0), .text("")), .close(at(0)), .open(at(1), .reasoning(Reasoning())), .close(at(1)), .open(at(2), .text("a"))],
        ["text:a…"]
      ),
      // Arguments that are no object become one at their end.
      ([.open(at(0), call("a")), .delta(at(0), "null"), .close(at(0))], ["f#a:"]),
      ([.open(at(0), call("a")), .delta(at(0), #" "{\"x\""#), .delta(at(0), #":1}""#), .close(at(0))], [#"f#a:{"x":1}"#]),
      ([.open(at(0), call("a")), .delta(at(0), "[1]"), .close(at(0))], [#"f#a:{"__raw_arguments":"[1]"}"#]),
      ([.open(at(0), call("a")), .delta(at(0), " \n"), .close(at(0))], ["f#a:"]),
      ([.open(at(0), call("a")), .delta(at(0), " \n"), .delta(at(0), #"{"x":1}"#), .close(at(0))], ["f#a: \n{\"x\":1}"]),
      // Ids that don't fit are made to.
      ([.open(at(0), call("functions.f:0", "{}"))], ["f#functions_f_0:{}…"]),
    ] as [([Event], [String])])
  func `has one open block at a time`(events: [Event], expected: [String]) throws {
    #expect(try blocks([.start(ReplyHead()), .candidate(0)] + events) == expected)
  }

  @Test(
    arguments: [
      // A thought's own signature, before or behind its close.
      (
        [.open(at(0), .reasoning(Reasoning("t"))), .signature(at(0), Signature(.gemini, "s")), .close(at(0))],
        ["think:t/apus1:gemini:part:s"]
      ),
      (
        [.open(at(0), .reasoning(Reasoning("t"))), .close(at(0)), .signature(at(0), Signature(.geminiNext, "s"))],
        ["think:t/apus1:gemini:next:s"]
      ),
      ([.open(at(0), .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "d"))))], ["think:/apus1:anthropic-redacted:d"]),
      ([.open(at(0), .reasoning(Reasoning("t", signature: Signature(.anthropic, "s"))))], ["think:t/s"]),
      // One that comes when its block has long ended stands in a block of its own.
      (
        [.open(at(0), .reasoning(Reasoning("t"))), .open(at(1), .text("a")), .signature(at(0), Signature(.gemini, "s"))],
        ["think:t", "text:a", "think:/apus1:gemini:part:s"]
      ),
      // A Chat upstream's own would be taken for Anthropic's.
      ([.open(at(0), .reasoning(Reasoning("t", signature: Signature(.chat, "s"))))], ["think:t"]),
      ([.open(at(0), .reasoning(Reasoning(signature: Signature(.chatEncrypted, "s"))))], []),
      // A call's closes the thought before it, or stands in an empty one; told twice, it counts once.
      (
        [.open(at(0), .reasoning(Reasoning("t"))), .close(at(0)), .open(at(1), call("a", "{}", signature: Signature(.gemini, "s")))],
        ["think:t/apus1:gemini:next:s", "f#a:{}"]
      ),
      (
        [
          .open(at(0), .reasoning(Reasoning("t", signature: Signature(.geminiNext, "s")))), .close(at(0)),
          .open(at(1), call("a", "{}", signature: Signature(.gemini, "s"))),
        ], ["think:t/apus1:gemini:next:s", "f#a:{}"]
      ),
      ([.open(at(0), call("a", "{}", signature: Signature(.geminiNext, "s")))], ["think:/apus1:gemini:next:s", "f#a:{}"]),
      (
        [.open(at(0), .text("x")), .close(at(0)), .open(at(1), call("a", "{}", signature: Signature(.gemini, "s")))],
        ["text:x", "think:/apus1:gemini:next:s", "f#a:{}"]
      ),
    ] as [([Event], [String])])
  func `carries signatures`(events: [Event], expected: [String]) throws {
    #expect(try blocks(events + [.finish(candidate: 0, .stop), .end]) == expected)
    // And so does the whole reply, but for what came too late.
    let late = expected.count == 3 && expected[2].hasPrefix("think:/apus1:gemini:part")
    var encoder = AnthropicReplyEncoder(context)
    let body = try JSON(parsing: encoder.encode(Reply(events)))
    if !late { #expect(body["content"]?.count == expected.count) }
  }

  @Test(
    arguments: [
      (.stop, nil, "end_turn", nil), (.stopSequence, nil, "end_turn", nil), (.stopSequence, "END", "stop_sequence", "END"),
      (.tool, nil, "end_turn", nil), (.length, nil, "max_tokens", nil), (.contextWindow, nil, "model_context_window_exceeded", nil),
      (.filter, nil, "refusal", nil), (.pause, nil, "pause_turn", nil),
    ] as [(FinishReason, String?, String, String?)])
  func `ends for its reason`(reason: FinishReason, sequence: String?, word: String, told: String?) throws {
    let (text, losses) = encode([.start(ReplyHead()), .finish(candidate: 0, reason, sequence: sequence), .end])
    let delta = try #require(try frames(text).first { $0.event == "message_delta" }?.json())
    #expect(delta.at("delta.stop_reason")?.string == word && delta.at("delta.stop_sequence")?.string == told)
    #expect(delta.at("delta.stop_details") == nil)
    #expect(delta["usage"] == ["input_tokens": 0, "output_tokens": 0] && losses == ["usage:synthesized"])
  }

  @Test func `holds its end until all is told`() {
    var encoder = AnthropicStreamEncoder(context)
    var bytes: [UInt8] = []
    for event: Event in [.start(ReplyHead()), .open(at(0), .text("a")), .finish(candidate: 0, .stop), .usage(Usage(input: 1, output: 1))] {
      encoder.encode(event, into: &bytes)
    }
    #expect(encoder.isHolding && !String(decoding: bytes, as: UTF8.self).contains("message_delta"))
    encoder.encode(.end, into: &bytes)
    #expect(!encoder.isHolding && String(decoding: bytes, as: UTF8.self).contains(#""input_tokens":1"#))
  }

  @Test func `that breaks never looks finished`() {
    let text = encode([.start(ReplyHead()), .open(at(0), .text("a")), .usage(Usage(input: 1, output: 1))]).text
    #expect(!text.contains("content_block_stop") && !text.contains("message_delta") && !text.contains("message_stop"))
  }

  @Test func `says that it holds a block back`() {
    var encoder = AnthropicStreamEncoder(context)
    var bytes: [UInt8] = []
    for event: Event in [.start(ReplyHead()), .open(at(0), call("a", "{"))] { encoder.encode(event, into: &bytes) }
    #expect(!encoder.isHolding)
    encoder.encode(.open(at(1), call("b", "{")), into: &bytes)
    #expect(encoder.isHolding)
  }

  @Test func `tells a refusal as text and as the reason`() throws {
    let events: [Event] = [
      .start(ReplyHead()), .open(at(0), .refusal("")), .delta(at(0), "No."), .close(at(0)), .finish(candidate: 0, .filter), .end,
    ]
    #expect(try blocks(events) == ["text:No."])
    #expect(encode(events).text.contains(#""stop_details":{"type":"refusal","category":null,"explanation":"No."}"#))
    // Where the prompt was refused, nobody said anything.
    var head = ReplyHead()
    head.isBlocked = true
    let blocked = [.start(head)] + events.dropFirst()
    #expect(try blocks(blocked) == [])
    #expect(encode(blocked).text.contains(#""explanation":"No.""#))
  }

  @Test func `leaves out a call that was cut before it began`() throws {
    let events: [Event] = [
      .open(at(0), call("a", "{")), .open(at(1), call("b", "{")), .finish(candidate: 0, .length), .end,
    ]
    #expect(try blocks(events) == ["f#a:{"])
    #expect(encode(events).losses.contains("tool_calls[1]:dropped"))
  }

  @Test func `reports once what it can't tell`() {
    let image = Media(.image, .data("AA", mediaType: "image/png"))
    let (text, losses) = encode([
      .start(ReplyHead()), .candidate(0), .candidate(1), .open(Place(1, 0), .text("other")), .open(at(0), .text("a")),
      .citation(at(0), Citation(url: "u")), .citation(at(0), Citation(url: "v")), .open(at(1), .media(image)), .close(at(1)),
      .logprobs(candidate: 0, ["content": []]), .finish(candidate: 1, .stop), .finish(candidate: 0, .stop), .usage(Usage()), .end,
    ])
    #expect(!text.contains("other"))
    #expect(losses == ["choices[1]:dropped", "annotations:dropped", "image:dropped", "logprobs:dropped"])
  }
}

/// Small numbers by a linear congruence, so that a failure can be had again.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, sides)))
  }

  mutating func text() -> String { (0...roll(6)).map { _ in ["a", "\n", "日本", "\"", "😀", "\\ "][roll(6)] }.joined() }

  mutating func part(_ number: Int) -> Part {
    switch roll(4) {
    case 0: .text(text())
    case 1: .reasoning(Reasoning(text(), signature: roll(2) == 0 ? Signature(.anthropic, "s\(number)") : nil))
    default: .call(ToolCall(id: "call_\(number)", name: "f\(number)", arguments: roll(3) == 0 ? "" : "{\"x\":\"\(roll(100))\"}"))
    }
  }

  mutating func reply() -> Reply {
    var reply = Reply()
    reply.isComplete = true
    reply.usage = Usage(input: roll(1000), output: roll(1000))
    var candidate = Reply.Candidate(0)
    for number in 0..<roll(7) { candidate.parts.append(part(number)) }
    let hasCalls = candidate.parts.contains { if case .call = $0 { true } else { false } }
    candidate.finish = hasCalls ? .tool : [.stop, .length, .filter][roll(3)]
    reply.candidates = [candidate]
    return reply
  }

  /// The events in another order: deltas and closes of calls come whenever they like, after their own opening.
  mutating func shuffled(_ events: [Event]) -> [Event] {
    var calls: [Place: [Event]] = [:]
    var result: [Event] = []
    for event in events {
      while let place = calls.keys.sorted(by: { $0.part < $1.part }).first, roll(3) == 0 { release(place, &calls, &result) }
      switch event {
      case .open(let place, .call):
        result.append(event)
        calls[place] = []
      case .delta(let place, let text) where calls[place] != nil:
        let half = text.index(text.startIndex, offsetBy: text.count / 2)
        calls[place]? += [.delta(place, String(text[..<half])), .delta(place, String(text[half...]))]
      case .close(let place) where calls[place] != nil: calls[place]?.append(event)
      case .finish:
        for place in calls.keys.sorted(by: { $0.part < $1.part }) { result += calls[place] ?? [] }
        calls = [:]
        result.append(event)
      default: result.append(event)
      }
    }
    return result
  }

  private func release(_ place: Place, _ calls: inout [Place: [Event]], _ result: inout [Event]) {
    guard var waiting = calls[place], !waiting.isEmpty else {
      calls[place] = nil
      return
    }
    result.append(waiting.removeFirst())
    calls[place] = waiting
  }
}

/// A reply without what is the encoder's own: head, losses, and arguments that are nothing.
private func bare(_ reply: Reply) -> Reply {
  var reply = reply
  reply.head = ReplyHead()
  reply.losses = []
  for index in reply.candidates.first?.parts.indices ?? 0..<0 {
    guard case .call(var call) = reply.candidates[0].parts[index], call.arguments == "{}" else { continue }
    call.arguments = ""
    reply.candidates[0].parts[index] = .call(call)
  }
  return reply
}

@Suite struct `A reply to a Messages client` {
  @Test(arguments: 1...200)
  func `reads back as the reply it was made of, streamed in any order or whole`(seed: UInt64) throws {
    var dice = Dice(state: seed)
    let reply = dice.reply()
    for events in [reply.events, dice.shuffled(reply.events)] {
      var decoder = AnthropicStreamDecoder()
      var read: [Event] = []
      for frame in try frames(encode(events).text) { read += try decoder.decode(frame) }
      #expect(bare(Reply(try read + decoder.end())) == bare(reply))
    }
    var encoder = AnthropicReplyEncoder(context)
    let body = try JSON(parsing: encoder.encode(reply))
    #expect(bare(try AnthropicReplyDecoder().decode(body)) == bare(reply))
  }

  @Test func `is written to the letter`() throws {
    var reply = Reply()
    var candidate = Reply.Candidate(0)
    candidate.parts = [.reasoning(Reasoning("t")), .text("a"), .text(""), call("x.y", "null")]
    candidate.finish = .stop
    reply.candidates = [candidate]
    var encoder = AnthropicReplyEncoder(context)
    #expect(
      String(decoding: encoder.encode(reply), as: UTF8.self)
        == #"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"t","signature":""},{"type":"text","text":"a"},{"type":"tool_use","id":"x_y","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}"#
    )
    #expect(encoder.losses.map(\.description) == ["tool_calls[0].id:renamed", "usage:synthesized"])
  }

  @Test func `leaves out a last call that was cut, and emulates others`() throws {
    var reply = Reply()
    var candidate = Reply.Candidate(0)
    candidate.parts = [call("a", "[1]"), call("b", "{\"x")]
    candidate.finish = .length
    reply.candidates = [candidate]
    reply.usage = Usage()
    var encoder = AnthropicReplyEncoder(context)
    let body = try JSON(parsing: encoder.encode(reply))
    #expect(body.at("content[0].input") == ["__raw_arguments": "[1]"] && body["content"]?.count == 1 && body["stop_reason"] == "max_tokens")
    #expect(encoder.losses.map(\.description) == ["tool_calls[0].function.arguments:emulated", "tool_calls[1]:dropped"])
  }

  @Test func `tells why nothing was answered`() throws {
    var reply = Reply()
    reply.head.isBlocked = true
    var candidate = Reply.Candidate(0)
    candidate.parts = [.refusal("Blocked: SAFETY")]
    candidate.finish = .filter
    reply.candidates = [candidate]
    var encoder = AnthropicReplyEncoder(context)
    let body = try JSON(parsing: encoder.encode(reply))
    #expect(body["content"] == [] && body["stop_reason"] == "refusal" && body.at("stop_details.explanation") == "Blocked: SAFETY")
  }
}
