import Base
import Testing

@testable import Wire

/// What a client's wire can say of a generated turn, and how it is written there.
private struct Recorded: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let wire: ClientWire
  let traits: RandomTurn.Traits
  var form = GeminiStreamForm.events
  /// What stands before the reason in the event that is the reply's end.
  let endMark: String

  static let all = [
    Recorded("openai-chat", .chat, [.candidates, .refusals, .freeform], end: "\"finish_reason\":\""),
    Recorded("openai-responses", .responses, [.refusals, .freeform], end: "event: response."),
    Recorded("anthropic", .messages, [.refusals], end: "\"stop_reason\":\""),
    Recorded("gemini", .gemini, .candidates, end: "\"finishReason\":\""),
    Recorded("gemini as an array", .gemini, .candidates, .array, end: "\"finishReason\":\""),
    Recorded("openai-completions", .completions, .candidates, end: "\"finish_reason\":\""),
  ]

  init(_ name: String, _ wire: ClientWire, _ traits: RandomTurn.Traits, _ form: GeminiStreamForm = .events, end: String) {
    testDescription = name
    self.wire = wire
    self.traits = traits
    self.form = form
    endMark = end
  }

  private static let context = ReplyContext(model: "m", id: "id_1", created: 7, showsUsage: true)

  func whole(_ turn: RandomTurn) -> [UInt8] {
    var encoder = wire.replyEncoder(Self.context)
    return encoder.encode(Reply(turn.events))
  }

  func stream(_ turn: RandomTurn) -> [UInt8] {
    var encoder = wire.streamEncoder(Self.context, form: form)
    var bytes: [UInt8] = []
    for event in turn.events { encoder.encode(event, into: &bytes) }
    return bytes
  }

  /// A reply in words, as far as this wire can tell it.
  func view(_ reply: Reply) -> [[String]] {
    reply.candidates.map { candidate in
      candidate.parts.flatMap { view($0) } + [view(candidate.finish ?? .stop)]
    }
  }

  /// A reply as this wire's encoder tells it: Messages say a refusal twice, to read and as the explanation.
  func told(_ reply: Reply) -> Reply {
    guard wire == .messages else { return reply }
    var reply = reply
    for position in reply.candidates.indices {
      reply.candidates[position].parts = reply.candidates[position].parts.flatMap { part -> [Part] in
        if case .refusal(let text) = part { [.text(text), part] } else { [part] }
      }
    }
    return reply
  }

  private func view(_ finish: FinishReason) -> String { wire == .completions ? finish.completions : finish.rawValue }

  private func view(_ part: Part) -> [String] {
    switch part {
    case .text(let text, _): return ["text " + text]
    case .reasoning(let thought): return wire == .completions ? [] : ["thought " + thought.text]
    case .refusal(let text): return ["refusal " + text]
    case .call(let call):
      guard wire != .completions else { return [] }
      let json = try? JSON(parsing: call.arguments.isEmpty ? "{}" : call.arguments)
      return ["call \(call.id) \(call.name) \(call.kind) \(json.map(ArgumentText.compact) ?? call.arguments)"]
    case .result, .media, .opaque: return ["something else"]
    }
  }
}

@Suite struct `A reply that was written and recorded` {
  @Test(arguments: Recorded.all)
  fileprivate func `is read as what it was`(recorded: Recorded) {
    for seed in 1...150 as ClosedRange<UInt64> {
      let turn = RandomTurn(seed, recorded.traits)
      let reply = Reply(turn.events)
      for bytes in [recorded.whole(turn), recorded.stream(turn)] {
        let read = RecordedReply(recorded.wire, bytes)
        #expect(read.fault == nil && read.reply.isComplete, "seed \(seed)")
        #expect(recorded.view(read.reply) == recorded.view(recorded.told(reply)), "seed \(seed)")
        guard let usage = reply.usage else { continue }
        #expect(read.reply.usage?.input == usage.input && read.reply.usage?.output == usage.output, "seed \(seed)")
      }
    }
  }

  @Test(arguments: Recorded.all)
  fileprivate func `and cut off is complete from its own end on`(recorded: Recorded) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let bytes = recorded.stream(RandomTurn(seed, recorded.traits.subtracting(.candidates)))
      let end = try #require(String(decoding: bytes, as: UTF8.self).ranges(of: recorded.endMark).last?.lowerBound)
      let mark = String(decoding: bytes, as: UTF8.self)[..<end].utf8.count
      let text = text(RecordedReply(recorded.wire, bytes).reply)
      var wasComplete = false
      for count in Self.cuts(bytes.count, around: mark) {
        let read = RecordedReply(recorded.wire, Array(bytes.prefix(count)))
        #expect(read.reply.isComplete == (read.fault == nil) && (count > mark || !read.reply.isComplete), "seed \(seed), \(count) bytes")
        #expect(!wasComplete || read.reply.isComplete, "seed \(seed), \(count) bytes")
        #expect(text.utf8.starts(with: self.text(read.reply).utf8) && (!read.reply.isComplete || self.text(read.reply) == text))
        wasComplete = read.reply.isComplete
      }
      #expect(wasComplete)
    }
  }

  /// Lengths to cut to: every one where the end may be, and some of the others.
  private static func cuts(_ count: Int, around mark: Int) -> [Int] {
    let some = Set(stride(from: 0, to: count, by: max(1, count / 40)))
    return some.union(mark...min(count, mark + 150)).union(max(0, count - 50)...count).sorted()
  }

  private func text(_ reply: Reply) -> String {
    (reply.candidates.first?.parts ?? []).reduce("") { text, part in
      if case .text(let more, _) = part { text + more } else { text }
    }
  }

  @Test(arguments: Recorded.all)
  fileprivate func `and damaged is complete or has a fault`(recorded: Recorded) {
    for seed in 1...150 as ClosedRange<UInt64> {
      let turn = RandomTurn(seed, recorded.traits)
      var bytes = seed % 2 == 0 ? recorded.stream(turn) : recorded.whole(turn)
      var dice = SeededDice(seed)
      for _ in 0...dice.roll(4) {
        let start = dice.roll(bytes.count)
        let range = start..<min(bytes.count, start + 1 + dice.roll(40))
        switch dice.roll(3) {
        case 0: bytes.removeSubrange(range)
        case 1: bytes.insert(contentsOf: bytes[range], at: dice.roll(bytes.count))
        default: bytes[start] = dice.pick([0, 10, 13, 34, 58, 91, 92, 123, 125, 255])
        }
      }
      let read = RecordedReply(recorded.wire, bytes)
      #expect(read.reply.isComplete == (read.fault == nil), "seed \(seed)")
    }
  }

  // MARK: A failure

  @Test(arguments: Recorded.all)
  fileprivate func `and failed tells of it`(recorded: Recorded) {
    let context = ReplyContext(model: "m", created: 7)
    var encoder = recorded.wire.streamEncoder(context, form: recorded.form)
    var bytes: [UInt8] = []
    let place = Place(0, 0)
    for event: Event in [.start(ReplyHead()), .candidate(0), .open(place, .text("")), .delta(place, "He")] {
      encoder.encode(event, into: &bytes)
    }
    encoder.fail(Fault(.rateLimited, "Slow down"), into: &bytes)
    let read = RecordedReply(recorded.wire, bytes)
    #expect(read.fault?.kind == .rateLimited && !read.reply.isComplete && text(read.reply) == "He")
    let body = recorded.wire.errors.reply(Fault(.rateLimited, "Slow down"))
    #expect(RecordedReply(recorded.wire, status: body.status, body.body).fault?.kind == .rateLimited)
  }
}
