import Base
import Testing

@testable import Wire

/// The chunks of an encoded stream, without the end marker.
private func chunks(_ bytes: [UInt8]) throws -> [JSON] {
  var stream = EventStream(.upstream)
  var frames: [Frame] = []
  try stream.feed(bytes[...], into: &frames)
  try stream.end(into: &frames)
  return try frames.filter { $0.kind == .data }.map { try $0.json() }
}

private func encode(_ events: [Event], includesUsage: Bool = true) -> (bytes: [UInt8], losses: [Loss]) {
  var encoder = ChatStreamEncoder(model: "m", id: "chatcmpl-1", created: 7, showsUsage: includesUsage)
  var bytes: [UInt8] = []
  for event in events { encoder.encode(event, into: &bytes) }
  return (bytes, encoder.losses)
}

/// The reply that a client reads from a stream.
private func readBack(_ bytes: [UInt8]) throws -> Reply {
  var decoder = ChatStreamDecoder()
  var events: [Event] = []
  for chunk in try chunks(bytes) { events += try decoder.feed(chunk) }
  return Reply(events + (try decoder.end()))
}

/// The same reply without what is ours: head, losses and the reasoning's place.
private func bare(_ reply: Reply) -> Reply {
  var reply = reply
  reply.head = ReplyHead()
  reply.losses = []
  return reply
}

/// A reply that a seed decides.
private func generated(_ seed: UInt64) -> Reply {
  var random = Dice(state: seed)
  var reply = Reply()
  reply.isComplete = true
  if random.roll(3) > 0 { reply.usage = Usage(input: random.roll(1000), output: random.roll(1000)) }
  for index in 0...random.roll(2) {
    var candidate = Reply.Candidate(index)
    if random.roll(2) > 0 { candidate.parts.append(.reasoning(Reasoning(random.text()))) }
    if random.roll(3) > 0 { candidate.parts.append(.text(random.text())) }
    for number in 0..<random.roll(3) {
      candidate.parts.append(.call(ToolCall(id: "call_\(index)_\(number)", name: "f\(number)", arguments: #"{"x":"\#(number)"}"#)))
    }
    let calls = candidate.parts.contains { if case .call = $0 { true } else { false } }
    candidate.finish = calls ? .tool : [.stop, .length, .filter][random.roll(3)]
    reply.candidates.append(candidate)
  }
  return reply
}

/// Small numbers by a linear congruence, so that a failure can be had again.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, sides)))
  }

  mutating func text() -> String {
    (0...roll(6)).map { _ in ["a", "\n", "日本", "\"", "😀", "\\ "][roll(6)] }.joined()
  }
}

@Suite struct `A Chat client's stream` {
  @Test(arguments: 1...60)
  func `reads back as the reply it was made of, and so does the whole body`(seed: UInt64) throws {
    let reply = generated(seed)
    let events = reply.events
    #expect(Reply(events) == reply)
    var streamed = bare(try readBack(encode(events).bytes))
    if reply.usage == nil { streamed.usage = nil }
    #expect(streamed == bare(reply))
    var encoder = ChatReplyEncoder(model: "m", id: "chatcmpl-1", created: 7)
    let body = try JSON(parsing: encoder.encode(reply))
    let whole = Reply(try ChatReplyDecoder(dialect: .openai).events(body))
    #expect(bare(whole) == bare(reply))
  }

  @Test func `keeps id, time and model, and opens with the role`() throws {
    let reply = generated(3)
    let chunks = try chunks(encode(reply.events).bytes)
    for chunk in chunks {
      #expect(chunk["id"] == "chatcmpl-1" && chunk["created"] == 7 && chunk["model"] == "m")
      #expect(chunk["object"] == "chat.completion.chunk")
    }
    #expect(chunks.first?.at("choices[0].delta") == ["role": "assistant", "content": ""])
  }

  @Test func `shows usage only to those who asked`() throws {
    let end: [Event] = [.candidate(0), .finish(candidate: 0, .stop), .usage(Usage(input: 3, output: 9)), .end]
    let asked = try chunks(encode(end).bytes)
    #expect(asked.last?["choices"] == [] && asked.last?.at("usage.total_tokens") == 12)
    #expect(asked.first?["usage"]?.isNull == true)
    let unasked = encode(end, includesUsage: false)
    #expect(try chunks(unasked.bytes).allSatisfy { $0["usage"] == nil })
    #expect(String(decoding: unasked.bytes, as: UTF8.self).hasSuffix("data: [DONE]\n\n"))
  }

  @Test func `gives zeros, and says so, when usage was asked for and none came`() throws {
    let (bytes, losses) = encode([.candidate(0), .finish(candidate: 0, .stop), .end])
    #expect(try chunks(bytes).last?.at("usage.total_tokens") == 0)
    #expect(losses == [Loss("usage", .synthesized)])
  }

  @Test func `carries signatures of other vendors in envelopes`() throws {
    let thought = Place(0, 0)
    let blob = Place(0, 1)
    let (bytes, _) = encode([
      .open(thought, .reasoning(Reasoning())), .delta(thought, "hm"), .signature(thought, Signature(.anthropic, "c2ln")), .close(thought),
      .open(blob, .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "xx")))), .close(blob),
    ])
    let details = try chunks(bytes).compactMap { $0.at("choices[0].delta.reasoning_details[0]") }
    #expect(
      details == [
        ["type": "reasoning.text", "text": "hm", "signature": "apus1:anthropic:c2ln", "index": 0],
        ["type": "reasoning.encrypted", "data": "apus1:anthropic-redacted:xx", "index": 1],
      ])
    for origin in Signature.Origin.allCases where origin != .chat && origin != .chatEncrypted {
      let signature = Signature(origin, "a:b")
      #expect(Signature(envelope: signature.envelope) == signature)
    }
  }

  @Test func `says {} for a call without arguments`() throws {
    let place = Place(0, 0)
    let call = ToolCall(id: "a", name: "f", signature: Signature(.gemini, "s"))
    let (bytes, _) = encode([.open(place, .call(call)), .close(place)])
    let calls = try chunks(bytes).compactMap { $0.at("choices[0].delta.tool_calls[0]") }
    #expect(calls.first?.at("extra_content.google.thought_signature") == "s")
    #expect(calls.last?.at("function.arguments") == "{}")
  }

  @Test func `has the gateway's own id where the upstream speaks another wire`() throws {
    var encoder = ChatStreamEncoder(ReplyContext(model: "m", created: 7))
    var bytes: [UInt8] = []
    for event in [Event.start(ReplyHead(id: "msg_up1")), .candidate(0), .finish(candidate: 0, .stop), .end] {
      encoder.encode(event, into: &bytes)
    }
    let ids = try Set(chunks(bytes).compactMap { $0["id"]?.string })
    #expect(ids.count == 1 && ids.first?.hasPrefix("chatcmpl-") == true)
    var whole = ChatReplyEncoder(ReplyContext(model: "m", created: 7))
    let body = try JSON(
      parsing: whole.encode(Reply([.start(ReplyHead(id: "msg_up1")), .candidate(0), .finish(candidate: 0, .stop), .end])))
    #expect(body["id"]?.string?.hasPrefix("chatcmpl-") == true)
  }

  @Test func `says nothing that looks like an end until all have ended`() throws {
    let text = Place(0, 0)
    let begun: [Event] = [
      .candidate(0), .open(text, .text("")), .delta(text, "a"), .close(text), .finish(candidate: 0, .stop), .usage(Usage(input: 1)),
    ]
    let (bytes, _) = encode(begun)
    #expect(try chunks(bytes).allSatisfy { $0.at("choices[0].finish_reason")?.isNull == true })
    let (ended, _) = encode(begun + [.candidate(1), .finish(candidate: 1, .length), .end])
    let reasons = try chunks(ended).compactMap { $0.at("choices[0].finish_reason")?.string }
    #expect(reasons == ["stop", "length"])
    var whole = ChatReplyEncoder(ReplyContext(model: "m", created: 7))
    let broken = try JSON(parsing: whole.encode(Reply([.candidate(0), .open(text, .text("a"))])))
    #expect(broken.at("choices[0].finish_reason")?.isNull == true)
  }

  @Test func `is whole whatever order the events come in`() throws {
    let thought = Place(1, 0)
    let call = Place(1, 1)
    let image = Part.media(Media(.image, .url("https://a.example/i")))
    let (bytes, _) = encode([
      // Never announced, interleaved, never closed.
      .open(thought, .reasoning(Reasoning("h"))), .open(call, .call(ToolCall(id: "a", name: "f"))), .delta(thought, "m"),
      .signature(call, Signature(.gemini, "c")), .signature(thought, Signature(.geminiNext, "t")), .open(Place(1, 2), image),
      .open(Place(1, 3), image), .delta(Place(1, 9), "nobody's"), .finish(candidate: 1, .tool),
      // A signature behind the end of its part.
      .signature(thought, Signature(.anthropic, "late")), .end,
    ])
    let deltas = try chunks(bytes).compactMap { $0.at("choices[0].delta") }
    #expect(deltas.first == ["role": "assistant", "content": ""])
    #expect(deltas.compactMap { $0["reasoning_content"]?.string } == ["h", "m"])
    #expect(
      deltas.compactMap { $0.at("reasoning_details[0]") } == [
        ["type": "reasoning.text", "text": "hm", "signature": "apus1:gemini:next:t", "index": 0],
        ["type": "reasoning.text", "text": "", "signature": "apus1:anthropic:late", "index": 1],
      ])
    #expect(deltas.compactMap { $0.at("tool_calls[0].extra_content.google.thought_signature")?.string } == ["c"])
    #expect(deltas.compactMap { $0.at("tool_calls[0].function.arguments")?.string } == ["", "{}"])
    #expect(deltas.compactMap { $0.at("images[0].index")?.int } == [0, 1])
    #expect(try chunks(bytes).allSatisfy { $0.at("choices[0].index") ?? 1 == 1 })
  }

  @Test func `reports what Chat cannot say`() {
    let film = Part.media(Media(.video, .url("https://a.example/x")))
    let (_, losses) = encode(
      [.open(Place(0, 0), film), .finish(candidate: 0, .pause), .finish(candidate: 1, .stopSequence, sequence: "X")], includesUsage: false)
    #expect(losses.map(\.description) == ["video:dropped", "stop_reason:downgraded", "stop_sequence:dropped"])
  }
}

@Suite struct `The conformance cases from Chat to Chat` {
  @Test func `come out as expected when the reply is whole`() throws {
    for test in try Shared.cases("resp-c2c-") {
      let dialect = try #require(Dialect.named(test.at("options.dialect")?.string ?? "openai"))
      var encoder = ChatReplyEncoder(model: test.at("options.client_model")?.string ?? "", created: 7)
      let input = try #require(test["input"])
      let found = try JSON(parsing: encoder.encode(Reply(ChatReplyDecoder(dialect: dialect).events(input))))
      let expected = try #require(test["expected"])
      for path in [
        "object", "model", "choices[0].message.content", "choices[0].message.reasoning_content", "choices[0].finish_reason", "usage",
      ] {
        #expect(found.at(path) == expected.at(path), "\(test["id"]?.string ?? ""): \(path)")
      }
    }
  }

  @Test func `come out as expected when the reply is streamed`() throws {
    for test in try Shared.cases("str-c2c-") {
      let dialect = try #require(Dialect.named(test.at("options.dialect")?.string ?? "openai"))
      var decoder = ChatStreamDecoder(dialect: dialect)
      var encoder = ChatStreamEncoder(model: test.at("options.client_model")?.string ?? "", created: 7, showsUsage: true)
      var bytes: [UInt8] = []
      for chunk in try chunks(Array((test["input_sse"]?.string ?? "").utf8)) {
        for event in try decoder.feed(chunk) { encoder.encode(event, into: &bytes) }
      }
      for event in try decoder.end() { encoder.encode(event, into: &bytes) }
      let wanted = (test["expected_events"]?.elements ?? JSON.null.elements).compactMap { $0["data"] }.filter { $0.kind == .object }
      var reader = ChatStreamDecoder()
      var events: [Event] = []
      for chunk in wanted { events += try reader.feed(chunk) }
      #expect(try bare(readBack(bytes)) == bare(Reply(events + (try reader.end()))), "\(test["id"]?.string ?? "")")
    }
  }

  /// The inputs of the other cases are good Chat streams, but for those that say so.
  @Test func `are read to their ends`() throws {
    for test in try Shared.cases("str-c2") {
      var decoder = ChatStreamDecoder(dialect: Dialect.named(test.at("options.dialect")?.string ?? "openai") ?? .openai)
      var isBroken = false
      do {
        for chunk in try chunks(Array((test["input_sse"]?.string ?? "").utf8)) { _ = try decoder.feed(chunk) }
        _ = try decoder.end()
      } catch { isBroken = true }
      #expect(isBroken == (test["expected_end"]?.string == "error"), "\(test["id"]?.string ?? "")")
    }
  }
}
