import Base
import Testing

@testable import Wire

/// A wire that clients speak: how its stream and its whole reply are written, and what a client makes of either.
private struct ClientCodec: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let stream: @Sendable ([Event]) -> [UInt8]
  let whole: @Sendable (Reply) -> [UInt8]
  let fold: @Sendable ([JSON]) -> JSON
  let view: @Sendable (JSON) -> JSON
  /// What its stream and its whole reply may tell differently, so that turns here have none of it.
  let without: RandomTurn.Traits

  init(
    _ name: String, _ stream: @escaping @Sendable (ReplyContext) -> some EventEncoder,
    _ whole: @escaping @Sendable (ReplyContext) -> some ReplyEncoder, fold: @escaping @Sendable ([JSON]) -> JSON,
    view: @escaping @Sendable (JSON) -> JSON, without: RandomTurn.Traits = []
  ) {
    testDescription = name
    self.stream = { events in
      var encoder = stream(Self.context)
      var bytes: [UInt8] = []
      for event in events { encoder.encode(event, into: &bytes) }
      return bytes
    }
    self.whole = { reply in
      var encoder = whole(Self.context)
      return encoder.encode(reply)
    }
    self.fold = fold
    self.view = view
    self.without = without
  }

  private static let context = ReplyContext(
    model: "m", id: "id_1", created: 7, showsUsage: true, request: ["model": "m", "tools": [["type": "function", "name": "f0"]]])

  /// One line for each client wire.
  static let all = [
    ClientCodec("openai-chat", ChatStream.init, ChatWhole.init, fold: StreamFold.chat, view: StreamFold.chat(whole:)),
    ClientCodec(
      "openai-responses", ResponsesStreamEncoder.init, ResponsesReplyEncoder.init, fold: StreamFold.responses,
      view: StreamFold.responses(whole:),
      // Its clients can't ask for more than one.
      without: .candidates),
    ClientCodec(
      "anthropic", AnthropicStreamEncoder.init, AnthropicReplyEncoder.init, fold: StreamFold.anthropic, view: StreamFold.anthropic(whole:),
      // A call that was cut off has left already in a stream, and is left out of a whole reply. Source: wire-formats §2.11, §7.2.
      without: [.candidates, .cut]),
    ClientCodec(
      "gemini", { GeminiStreamEncoder($0) }, GeminiReplyEncoder.init, fold: StreamFold.gemini, view: StreamFold.gemini(whole:),
      // Every chunk has the logprobs of its own tokens.
      without: .extras),
  ]
}

/// A wire that upstreams speak: how its stream is read, and how one is made to be read.
private struct UpstreamCodec: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let decoder: @Sendable () -> any EventDecoder
  let sample: @Sendable ([Event]) -> [UInt8]
  /// What the wire can't say, so that turns here have none of it.
  let without: RandomTurn.Traits

  init(_ name: String, _ decoder: @escaping @Sendable () -> any EventDecoder, without: RandomTurn.Traits = []) {
    testDescription = name
    self.decoder = decoder
    let client = ClientCodec.all.first { $0.testDescription == name }
    sample = { client?.stream($0) ?? [] }
    self.without = without
  }

  /// One line for each upstream wire; its client's encoder makes the streams.
  static let all = [
    UpstreamCodec("openai-chat", { ChatDecoder() }),
    UpstreamCodec("anthropic", { AnthropicStreamDecoder() }, without: [.candidates]),
    // What another vendor signed is not told apart from its own.
    UpstreamCodec("gemini", { GeminiStreamDecoder() }, without: .signatures),
  ]

  /// The events of a stream that arrives in pieces of these lengths, the last of which goes on for ever.
  func events(_ bytes: [UInt8], in lengths: () -> Int) throws -> [Event] {
    var stream = EventStream(.upstream)
    var decoder = decoder()
    var events: [Event] = []
    func take(_ frames: [Frame]) throws { for frame in frames { events += try decoder.decode(frame) } }
    var rest = bytes[...]
    while !rest.isEmpty {
      var frames: [Frame] = []
      let piece = rest.prefix(max(1, lengths()))
      try stream.feed(piece, into: &frames)
      try take(frames)
      rest = rest.dropFirst(piece.count)
    }
    var frames: [Frame] = []
    try stream.end(into: &frames)
    try take(frames)
    return events + (try decoder.end())
  }
}

// The doors of Chat have other names than those of the other wires.
private struct ChatStream: EventEncoder {
  private var encoder: ChatStreamEncoder
  let isHolding = false
  var losses: [Loss] { encoder.losses }
  init(_ context: ReplyContext) {
    encoder = ChatStreamEncoder(model: context.model, id: context.id, created: context.created, showsUsage: context.showsUsage)
  }
  mutating func encode(_ event: Event, into bytes: inout [UInt8]) { encoder.encode(event, into: &bytes) }
  mutating func fail(_ fault: Fault, into bytes: inout [UInt8]) { encoder.fail(fault, into: &bytes) }
}

private struct ChatWhole: ReplyEncoder {
  private var encoder: ChatReplyEncoder
  var losses: [Loss] { encoder.losses }
  init(_ context: ReplyContext) { encoder = ChatReplyEncoder(model: context.model, id: context.id, created: context.created) }
  mutating func encode(_ reply: Reply) -> [UInt8] { encoder.encode(reply) }
}

private struct ChatDecoder: EventDecoder {
  private var decoder = ChatStreamDecoder()
  var isFinished: Bool { decoder.isFinished }
  mutating func decode(_ frame: Frame) throws(Fault) -> [Event] { try decoder.decode(frame) }
  mutating func end() throws(Fault) -> [Event] { try decoder.end() }
}

/// The data of a stream's events, without an end mark.
private func data(_ bytes: [UInt8]) throws -> [JSON] {
  var stream = EventStream(.upstream)
  var frames: [Frame] = []
  try stream.feed(bytes[...], into: &frames)
  try stream.end(into: &frames)
  return try frames.filter { $0.kind == .data }.map { try $0.json() }
}

private let seeds: [UInt64] = Array(1...40)

@Suite struct `A stream and a whole reply` {
  @Test(arguments: ClientCodec.all)
  fileprivate func `tell a client the same`(codec: ClientCodec) throws {
    for seed in 1...400 as ClosedRange<UInt64> {
      let events = RandomTurn(seed, RandomTurn.Traits.all.subtracting(codec.without)).events
      let streamed = codec.fold(try data(codec.stream(events)))
      let whole = codec.view(try JSON(parsing: codec.whole(Reply(events))))
      #expect(streamed == whole, "seed \(seed)")
      guard streamed == whole else { return }  // one is enough to look at
    }
  }

  @Test(arguments: ClientCodec.all)
  fileprivate func `tell the same of a reply whose texts come at once`(codec: ClientCodec) throws {
    for seed in 1...400 as ClosedRange<UInt64> {
      let reply = Reply(RandomTurn(seed, RandomTurn.Traits.all.subtracting(codec.without.union(.extras))).events)
      let streamed = codec.fold(try data(codec.stream(reply.events)))
      let whole = codec.view(try JSON(parsing: codec.whole(reply)))
      #expect(streamed == whole, "seed \(seed)")
      guard streamed == whole else { return }
    }
  }

  /// What the client got may not look finished when the upstream broke off. Source: wire-formats §7.1.
  @Test(arguments: ClientCodec.all)
  fileprivate func `say nothing of an end before it came`(codec: ClientCodec) throws {
    for seed in seeds {
      let events = RandomTurn(seed, RandomTurn.Traits.all.subtracting(codec.without)).events
      for count in 0..<events.count {
        let bytes = codec.stream(Array(events.prefix(count)))
        let text = String(decoding: bytes, as: UTF8.self)
        for end in ["[DONE]", "response.completed", "response.incomplete", "\"message_stop\"", "\"message_delta\"", "\"finishReason\":\""] {
          #expect(!text.contains(end), "seed \(seed), \(count) events, \(end)")
        }
      }
    }
  }
}

@Suite struct `An upstream's stream` {
  private static let traits: RandomTurn.Traits = [.candidates, .refusals, .signatures, .freeform, .extras, .anyOrder]

  @Test(arguments: UpstreamCodec.all)
  fileprivate func `gives the same events however its bytes are cut`(codec: UpstreamCodec) throws {
    for seed in seeds {
      let bytes = codec.sample(RandomTurn(seed, Self.traits.subtracting(codec.without)).events)
      var dice = SeededDice(seed)
      let whole = try codec.events(bytes) { bytes.count }
      #expect(!whole.isEmpty)
      #expect(try codec.events(bytes) { 1 } == whole, "seed \(seed), byte by byte")
      for _ in 0..<3 {
        #expect(try codec.events(bytes) { 1 + dice.roll(dice.roll(2) == 0 ? 5 : 200) } == whole, "seed \(seed), in random pieces")
      }
    }
  }

  @Test(arguments: UpstreamCodec.all)
  fileprivate func `brings all of the text and the thoughts, each once`(codec: UpstreamCodec) throws {
    for seed in 1...400 as ClosedRange<UInt64> {
      let turn = Reply(RandomTurn(seed, ([.signatures, .anyOrder] as RandomTurn.Traits).subtracting(codec.without)).events)
      let bytes = codec.sample(turn.events)
      let read = Reply(try codec.events(bytes) { bytes.count })
      #expect(Self.said(read) == Self.said(turn), "seed \(seed)")
    }
  }

  /// Texts and thoughts, each joined, and the thoughts' signatures.
  private static func said(_ reply: Reply) -> [String] {
    var (texts, thoughts, signatures) = ("", "", "")
    for part in reply.candidates.first?.parts ?? [] {
      if case .text(let text, _) = part { texts += text }
      guard case .reasoning(let thought) = part else { continue }
      thoughts += thought.text
      signatures += thought.signature.map { $0.envelope + " " } ?? ""
    }
    return [texts, thoughts, signatures]
  }

  /// From an upstream's bytes to what each client gets.
  @Test(arguments: UpstreamCodec.all, ClientCodec.all)
  fileprivate func `reaches every client as its whole reply would`(upstream: UpstreamCodec, client: ClientCodec) throws {
    for seed in seeds {
      let turn = RandomTurn(seed, Self.traits.subtracting(upstream.without).subtracting(client.without))
      let bytes = upstream.sample(turn.events)
      let events = try upstream.events(bytes) { bytes.count }
      let streamed = client.fold(try data(client.stream(events)))
      let whole = client.view(try JSON(parsing: client.whole(Reply(events))))
      #expect(streamed == whole, "seed \(seed)")
      guard streamed == whole else { return }
    }
  }
}
