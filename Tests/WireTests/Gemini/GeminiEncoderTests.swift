import Base
import Testing

@testable import Wire

private let context = ReplyContext(model: "m", id: "g", created: 7)

private func encode(_ events: [Event], form: GeminiStreamForm = .events) -> (text: String, losses: [String]) {
  var encoder = GeminiStreamEncoder(context, form: form)
  var bytes: [UInt8] = []
  for event in events { encoder.encode(event, into: &bytes) }
  return (String(decoding: bytes, as: UTF8.self), encoder.losses.map(\.description))
}

private func chunks(_ events: [Event]) throws -> [JSON] {
  try frames(encode(events).text).map { try $0.json() }
}

/// The parts of the first candidate, one after the other.
private func parts(_ events: [Event]) throws -> [JSON] {
  try chunks(events).flatMap { Array(($0.at("candidates[0].content.parts") ?? .null).elements) }
}

private let a = Place(0, 0)
private let b = Place(0, 1)
private let c = Place(0, 2)

private func open(_ place: Place, _ name: String, _ signature: Signature? = nil) -> Event {
  .open(place, .call(ToolCall(id: name, name: name, signature: signature)))
}

@Suite struct `A Gemini client's stream` {
  @Test func `has the finish and the usage in its last chunk and no marks around`() {
    var usage = Usage(input: 14, output: 9)
    usage.reasoning = 2
    usage.cacheRead = 4
    let found = encode([
      .start(ReplyHead(id: "up", model: "up")), .candidate(0), .open(a, .text("")), .delta(a, "x\n"), .close(a),
      .finish(candidate: 0, .stop),
      .usage(Usage(input: 1)), .usage(usage), .end,
    ])
    #expect(
      found.text
        == #"""
        data: {"candidates":[{"content":{"role":"model","parts":[{"text":"x\n"}]},"index":0}],"modelVersion":"m","responseId":"g"}

        data: {"candidates":[{"content":{"role":"model","parts":[]},"index":0,"finishReason":"STOP"}],"modelVersion":"m","responseId":"g","usageMetadata":{"promptTokenCount":14,"candidatesTokenCount":7,"totalTokenCount":23,"thoughtsTokenCount":2,"cachedContentTokenCount":4}}


        """#)
    #expect(found.losses.isEmpty)
  }

  @Test func `is one array where it was not asked for events`() throws {
    let events: [Event] = [.candidate(0), .open(a, .text("")), .delta(a, "x"), .close(a), .finish(candidate: 0, .stop), .end]
    let list = try JSON.of(encode(events, form: .array).text)
    #expect(list.count == 2 && list.at("[1].candidates[0].finishReason") == "STOP")
    var encoder = GeminiStreamEncoder(context, form: .array)
    var bytes: [UInt8] = []
    for event in events.prefix(3) { encoder.encode(event, into: &bytes) }
    encoder.fail(Array(#"{"error":{"code":503}}"#.utf8), into: &bytes)
    #expect(try JSON(parsing: bytes).at("[1].error.code") == 503)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("finishReason"))
  }

  @Test(
    arguments: [
      // Calls come whole, in the order in which they opened, as soon as they are complete.
      (
        [open(a, "f"), .delta(a, #"{"x":"#), open(b, "g"), .delta(b, "{}"), .delta(a, "1}"), .close(a), .close(b)],
        [#"{"functionCall":{"id":"f","name":"f","args":{"x":1}}}"#, #"{"functionCall":{"id":"g","name":"g","args":{}}}"#]
      ),
      ([open(a, "f"), .close(a)], [#"{"functionCall":{"id":"f","name":"f","args":{}}}"#]),
      ([open(a, "f"), .delta(a, "{}")], [#"{"functionCall":{"id":"f","name":"f","args":{}}}"#]),
      // What opened behind a call waits for it.
      (
        [open(a, "f"), .delta(a, #"{"x":"#), .open(b, .text("")), .delta(b, "t"), .delta(a, "1}"), .delta(b, "u"), .close(b)],
        [#"{"functionCall":{"id":"f","name":"f","args":{"x":1}}}"#, #"{"text":"t"}"#, #"{"text":"u"}"#]
      ),
      // Text that goes on behind another part is a new one.
      (
        [.open(a, .text("")), .delta(a, "t"), .open(b, .reasoning(Reasoning())), .delta(b, "r"), .delta(a, "u"), .delta(b, "s")],
        [#"{"text":"t"}"#, #"{"text":"r","thought":true}"#, #"{"text":"u"}"#, #"{"text":"s","thought":true}"#]
      ),
      // Signatures: with the text that has not gone out, behind it, late, on the call.
      (
        [.open(a, .reasoning(Reasoning())), .delta(a, "r"), .signature(a, Signature(.anthropic, "c2ln")), .close(a)],
        [#"{"text":"r","thought":true}"#, #"{"text":"","thought":true,"thoughtSignature":"YXB1czE6YW50aHJvcGljOmMybG4="}"#]
      ),
      (
        [.open(a, .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "x")))), .close(a)],
        [#"{"text":"","thought":true,"thoughtSignature":"YXB1czE6YW50aHJvcGljLXJlZGFjdGVkOng="}"#]
      ),
      (
        [
          .open(a, .reasoning(Reasoning())), .delta(a, "r"), .close(a), .open(b, .text("")), .delta(b, "t"),
          .signature(a, Signature(.anthropic, "c2ln")), .delta(b, "u"),
        ],
        [
          #"{"text":"r","thought":true}"#, #"{"text":"t"}"#,
          #"{"text":"","thought":true,"thoughtSignature":"YXB1czE6YW50aHJvcGljOmMybG4="}"#,
          #"{"text":"u"}"#,
        ]
      ),
      ([open(a, "f", Signature(.gemini, "S")), .close(a)], [#"{"functionCall":{"id":"f","name":"f","args":{}},"thoughtSignature":"S"}"#]),
      // Refusals are words, images are data.
      ([.open(a, .refusal("")), .delta(a, "no"), .close(a)], [#"{"text":"no"}"#]),
      (
        [.open(a, .media(Media(.image, .data("AA==", mediaType: "image/png")))), .close(a)],
        [#"{"inlineData":{"mimeType":"image/png","data":"AA=="}}"#]
      ),
      (
        [.open(a, .media(Media(.image, .url("https://a.example/x.png")))), .close(a)],
        [#"{"fileData":{"mimeType":"image/png","fileUri":"https://a.example/x.png"}}"#]
      ),
      // Deltas of parts that never opened, empty parts.
      ([.delta(c, "x"), .close(c), .open(a, .text("")), .open(b, .reasoning(Reasoning())), .close(b)], []),
    ] as [([Event], [String])])
  func `has parts in the order they opened`(events: [Event], expected: [String]) throws {
    #expect(try parts([.candidate(0)] + events + [.finish(candidate: 0, .stop), .end]) == expected.map { try .of($0) })
  }

  @Test func `holds a call until it is whole, and nothing else`() {
    var encoder = GeminiStreamEncoder(context)
    var bytes: [UInt8] = []
    func feed(_ event: Event) -> Bool {
      encoder.encode(event, into: &bytes)
      return encoder.isHolding
    }
    #expect(!feed(.open(a, .text(""))) && !feed(.delta(a, "x")) && !feed(.close(a)))
    #expect(feed(open(b, "f")) && feed(.delta(b, "{")) && !feed(.delta(b, "}")))
  }

  @Test(
    arguments: [
      (.length, [], ["tool_calls[1]:dropped"]), (.contextWindow, [], ["tool_calls[1]:dropped"]),
      (
        .stop, [#"{"functionCall":{"id":"g","name":"g","args":{"__raw_arguments":"{\"y\""}}}"#],
        ["tool_calls[1].function.arguments:emulated"]
      ),
    ] as [(FinishReason, [String], [String])])
  func `leaves a call out that the limit cut off`(reason: FinishReason, more: [String], losses: [String]) throws {
    let events: [Event] = [
      open(a, "f"), .delta(a, "{}"), open(b, "g"), .delta(b, #"{"y""#), .close(a), .close(b), .finish(candidate: 0, reason), .end,
    ]
    #expect(try parts(events) == [#"{"functionCall":{"id":"f","name":"f","args":{}}}"#].map { try .of($0) } + more.map { try .of($0) })
    #expect(encode(events).losses == losses)
    var encoder = GeminiReplyEncoder(context)
    let whole = try JSON(parsing: encoder.encode(Reply(events)))
    #expect(whole.at("candidates[0].content.parts")?.count == 1 + more.count)
    #expect(encoder.losses.map(\.description) == losses)
  }

  @Test(
    arguments: [
      (.stop, "STOP", []), (.tool, "STOP", []), (.length, "MAX_TOKENS", []), (.contextWindow, "MAX_TOKENS", []), (.filter, "SAFETY", []),
      (.pause, "STOP", ["stop_reason:downgraded"]), (.stopSequence, "STOP", ["stop_sequence:dropped"]),
    ] as [(FinishReason, String, [String])])
  func `ends for a reason`(reason: FinishReason, word: String, losses: [String]) throws {
    let events: [Event] = [.candidate(0), .finish(candidate: 0, reason, sequence: reason == .stopSequence ? "X" : nil), .end]
    #expect(try chunks(events).last?.at("candidates[0].finishReason")?.string == word)
    #expect(encode(events).losses == losses)
  }

  @Test func `ends all candidates in one chunk`() throws {
    let found = try chunks([
      .candidate(0), .candidate(1), .open(Place(1, 0), .text("")), .delta(Place(1, 0), "b"), .finish(candidate: 1, .length),
      .open(a, .text("")), .delta(a, "a"), .finish(candidate: 0, .stop), .end,
    ])
    #expect(found.map { $0["candidates"]?.count } == [1, 1, 2])
    #expect(found.last?.at("candidates[1].finishReason") == "MAX_TOKENS")
    #expect(found.dropLast().allSatisfy { !$0.description.contains("finishReason") })
  }

  @Test func `never says how it ended when it broke`() {
    let found = encode([.candidate(0), .open(a, .text("")), .delta(a, "x"), .finish(candidate: 0, .stop), .usage(Usage(input: 1))])
    #expect(!found.text.contains("finishReason") && !found.text.contains("usageMetadata"))
  }

  @Test func `has logprobs and their mean`() throws {
    let token: JSON = ["token": "a", "logprob": -0.5, "bytes": nil, "top_logprobs": [["token": "b", "logprob": -1.5]]]
    let events: [Event] = [
      .candidate(0), .logprobs(candidate: 0, ["content": [token], "refusal": nil]), .open(a, .text("")), .delta(a, "a"), .close(a),
      .finish(candidate: 0, .stop), .end,
    ]
    let expected: JSON = [
      "chosenCandidates": [["token": "a", "logProbability": -0.5]],
      "topCandidates": [["candidates": [["token": "b", "logProbability": -1.5]]]],
    ]
    let found = try chunks(events)
    #expect(found[0].at("candidates[0].logprobsResult") == expected && found.last?.at("candidates[0].avgLogprobs") == -0.5)
    var encoder = GeminiReplyEncoder(context)
    let whole = try JSON(parsing: encoder.encode(Reply(events)))
    #expect(whole.at("candidates[0].logprobsResult") == expected && whole.at("candidates[0].avgLogprobs") == -0.5)
  }

  @Test func `reports what the wire can't show`() {
    let citation = Citation(url: "https://a.example")
    let found = encode([
      .open(a, .text("")), .delta(a, "x"), .citation(a, citation), .citation(a, citation), .signature(a, Signature(.gemini, "S")),
      .close(a),
      .open(b, .opaque(vendor: .openAI, [:])), .loss(Loss("x", .dropped)), .finish(candidate: 0, .stop), .end,
    ])
    #expect(found.losses == ["x:dropped", "annotations:dropped", "signature:dropped", "content[1]:dropped"])
  }
}

/// A reply that a seed decides.
private func generated(_ seed: UInt64) -> Reply {
  var state = seed
  func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, sides)))
  }
  var reply = Reply()
  reply.isComplete = true
  if roll(3) > 0 { reply.usage = Usage(input: roll(1000), output: roll(1000)) }
  for index in 0...roll(2) {
    var candidate = Reply.Candidate(index)
    for number in 0..<roll(6) {
      let text = (0...roll(4)).map { _ in ["a", "\n", "日本", "\"", "😀", "\\ "][roll(6)] }.joined()
      switch (roll(4), candidate.parts.last) {
      case (0, .text?), (1, .reasoning?): break  // neighbours of one kind are one part
      case (0, _): candidate.parts.append(.text(text))
      case (1, _): candidate.parts.append(.reasoning(Reasoning(text, signature: roll(2) == 0 ? nil : Signature(.gemini, "S\(number)"))))
      default: candidate.parts.append(.call(ToolCall(id: "c\(index)\(number)", name: "f", arguments: #"{"x":"\#(number)"}"#)))
      }
    }
    let calls = candidate.parts.contains { if case .call = $0 { true } else { false } }
    candidate.finish = calls ? .tool : [.stop, .length, .filter][roll(3)]
    reply.candidates.append(candidate)
  }
  return reply
}

@Suite struct `A reply to a Gemini client` {
  @Test(arguments: 1...60)
  func `reads back as what it was made of, streamed and whole`(seed: UInt64) throws {
    let reply = generated(seed)
    func bare(_ reply: Reply) -> Reply {
      var reply = reply
      reply.head = ReplyHead()
      reply.losses = []
      return reply
    }
    var decoder = GeminiStreamDecoder()
    var events: [Event] = []
    for frame in try frames(encode(reply.events).text) { events += try decoder.decode(frame) }
    #expect(bare(Reply(events + (try decoder.end()))) == reply)
    var encoder = GeminiReplyEncoder(context)
    #expect(bare(try GeminiReplyDecoder().decode(JSON(parsing: encoder.encode(reply)))) == reply)
  }

  @Test func `has parts, finish, names and usage`() throws {
    var reply = Reply()
    var candidate = Reply.Candidate(0)
    candidate.parts = [
      .reasoning(Reasoning("t", signature: Signature(.anthropic, "c2ln"))), .text("Ok."), .text(""),
      .call(ToolCall(id: "toolu_1", name: "f", arguments: #"{"a":[1,2]}"#)),
    ]
    candidate.finish = .tool
    reply.candidates = [candidate]
    reply.usage = Usage(input: 10, output: 12)
    var encoder = GeminiReplyEncoder(context)
    let expected =
      #"""
      {"candidates":[{"content":{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"YXB1czE6YW50aHJvcGljOmMybG4="},
      {"text":"Ok."},{"functionCall":{"id":"toolu_1","name":"f","args":{"a":[1,2]}}}]},"index":0,"finishReason":"STOP"}],
      "modelVersion":"m","responseId":"g","usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":12,"totalTokenCount":22}}
      """#
    #expect(try JSON(parsing: encoder.encode(reply)) == .of(expected))
  }

  @Test func `has no usage where the upstream told none, and an id of its own`() throws {
    var encoder = GeminiReplyEncoder(ReplyContext(model: "m", created: 7))
    var reply = Reply()
    reply.head.id = "up"
    reply.candidates = [Reply.Candidate(0)]
    let body = try JSON(parsing: encoder.encode(reply))
    #expect(body["usageMetadata"] == nil && body["responseId"]?.string?.count == 24)
  }
}

@Suite struct `Events in any order` {
  /// No decoder gives them so; a wire that comes later may.
  @Test(arguments: 1...200)
  func `make a stream of whole chunks that says how it ended only at its end`(seed: UInt64) throws {
    var state = seed
    func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(sides))
    }
    var events: [Event] = []
    for _ in 0..<40 {
      let place = Place(roll(2), roll(4))
      switch roll(9) {
      case 0: events.append(.open(place, .text("")))
      case 1: events.append(.open(place, .reasoning(Reasoning())))
      case 2: events.append(open(place, "f"))
      case 3: events.append(.signature(place, Signature(.anthropic, "x")))
      case 4: events.append(.close(place))
      case 5: events.append(.finish(candidate: roll(2), .length))
      case 6: events.append(.usage(Usage(input: 1)))
      default: events.append(.delta(place, ["{", "}", "a", "\"", " "][roll(5)]))
      }
    }
    #expect(!encode(events).text.contains("finishReason"))
    let found = try chunks(events + [.end])
    #expect(found.last?.description.contains("usageMetadata") == events.contains(.usage(Usage(input: 1))))
    #expect(found.dropLast().allSatisfy { !$0.description.contains("finishReason") })
    var encoder = GeminiReplyEncoder(context)
    _ = try JSON(parsing: encoder.encode(Reply(events)))
  }
}
