import Base

@testable import Wire

/// Small numbers by a linear congruence, so that a failure can be had again.
struct SeededDice {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed &* 0x9E37_79B9_7F4A_7C15
    _ = roll(2)
  }

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(1, sides)))
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }

  /// One to seven pieces of text that are hard to cut or to escape.
  mutating func text() -> String {
    (0...roll(6)).map { _ in pick(["a", "\n", "日本", "\"", "😀", "\\ ", "e\u{301}", "\u{2028}", "</x>", "{\"k\":"]) }.joined()
  }

  /// The text in pieces, cut between any two code points.
  mutating func pieces(_ text: String) -> [String] {
    var pieces: [String] = []
    var rest = Array(text.unicodeScalars)[...]
    while !rest.isEmpty {
      let count = 1 + roll(rest.count)
      pieces.append(String(String.UnicodeScalarView(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    return pieces
  }
}

/// The events of a model's turn that a seed decides, in an order that upstreams give: one text, thought or refusal at a time, calls side
/// by side, usage anywhere.
struct RandomTurn {
  /// What a turn may have beyond text, thoughts and calls.
  struct Traits: OptionSet {
    let rawValue: Int
    /// More than one candidate.
    static let candidates = Traits(rawValue: 1)
    static let refusals = Traits(rawValue: 2)
    /// Signatures of another vendor's.
    static let signatures = Traits(rawValue: 4)
    static let freeform = Traits(rawValue: 8)
    /// Citations and logprobs.
    static let extras = Traits(rawValue: 16)
    /// A last call that the limit cut off.
    static let cut = Traits(rawValue: 32)
    /// Thoughts behind text, text behind calls.
    static let anyOrder = Traits(rawValue: 64)
    static let all: Traits = [.candidates, .refusals, .signatures, .freeform, .extras, .cut, .anyOrder]
  }

  private(set) var events: [Event] = [.start(ReplyHead(id: "up_1", model: "up", created: 9))]
  private var dice: SeededDice
  private let traits: Traits

  init(_ seed: UInt64, _ traits: Traits = .all) {
    dice = SeededDice(seed)
    self.traits = traits
    var lines: [[Event]] = []
    for index in 0...(traits.contains(.candidates) ? dice.roll(2) : 0) { lines.append(candidate(index)) }
    // Candidates run side by side; the first one begins.
    events.append(lines[0].removeFirst())
    while let line = lines.indices.filter({ !lines[$0].isEmpty }).randomly(&dice) { events.append(lines[line].removeFirst()) }
    if dice.roll(4) > 0 {
      var usage = Usage(input: dice.roll(1000), output: 10 + dice.roll(1000))
      usage.cacheRead = dice.roll(usage.input + 1)
      usage.reasoning = dice.roll(10)
      events.append(.usage(usage))
    }
    events.append(.end)
  }

  private mutating func candidate(_ index: Int) -> [Event] {
    var line: [Event] = [.candidate(index)]
    var next = 0
    var calls = 0
    var isCut = false
    let kinds = traits.contains(.anyOrder) ? (0..<dice.roll(5)).map { _ in dice.roll(3) } : [0, 1, 2].filter { _ in dice.roll(3) > 0 }
    for kind in kinds {
      switch kind {
      case 0: thought(index, &next, &line)
      case 1: text(index, &next, &line)
      default: calls += callGroup(index, &next, &line)
      }
    }
    if calls > 0, traits.contains(.cut), kinds.last == 2, dice.roll(4) == 0 {
      isCut = true
      let place = Place(index, next)
      line += [.open(place, .call(ToolCall(id: "cut_\(index)", name: "f"))), .delta(place, "{\"x\":[1"), .close(place)]
      next += 1
    }
    let refuses = calls == 0 && traits.contains(.refusals) && dice.roll(5) == 0
    if refuses { grow(Place(index, next), .refusal(""), &line) }
    let reason: FinishReason = isCut ? .length : calls > 0 ? .tool : refuses ? .filter : dice.pick([.stop, .stop, .length, .filter])
    line.append(.finish(candidate: index, reason))
    return line
  }

  private mutating func grow(_ place: Place, _ part: Part, _ line: inout [Event]) {
    line.append(.open(place, part))
    line += dice.pieces(dice.text()).map { .delta(place, $0) }
    line.append(.close(place))
  }

  private mutating func thought(_ index: Int, _ next: inout Int, _ line: inout [Event]) {
    let place = Place(index, next)
    next += 1
    grow(place, .reasoning(Reasoning()), &line)
    guard traits.contains(.signatures), dice.roll(2) == 0 else { return }
    line.insert(.signature(place, Signature(.anthropic, "c2ln\(next)")), at: line.count - 1)
  }

  private mutating func text(_ index: Int, _ next: inout Int, _ line: inout [Event]) {
    let place = Place(index, next)
    next += 1
    let text = dice.text()
    line.append(.open(place, .text("")))
    for piece in dice.pieces(text) {
      if traits.contains(.extras) { line.append(.logprobs(candidate: index, Self.logprobs(piece))) }
      line.append(.delta(place, piece))
    }
    if traits.contains(.extras), dice.roll(3) == 0 { line.append(.citation(place, Citation(url: "https://a.example", title: "A"))) }
    line.append(.close(place))
  }

  private static func logprobs(_ piece: String) -> JSON {
    ["content": [["token": JSON(piece), "logprob": -1, "bytes": .array(piece.utf8.map { JSON(Int($0)) }), "top_logprobs": []]]]
  }

  /// Calls that open one after the other and grow side by side; they close in order. Gives how many there are.
  private mutating func callGroup(_ index: Int, _ next: inout Int, _ line: inout [Event]) -> Int {
    let count = 1 + dice.roll(3)
    var pieces: [(place: Place, rest: [Event])] = []
    for _ in 0..<count {
      let place = Place(index, next)
      next += 1
      let isFreeform = traits.contains(.freeform) && dice.roll(4) == 0
      let call = ToolCall(id: "call_\(index)_\(next)", name: "f\(dice.roll(3))", kind: isFreeform ? .freeform : .function)
      let text =
        isFreeform
        ? dice.text() : dice.pick(["", "{}", "{\"x\":\"\(next)\"}", "{\"n\":12345678901234567890,\"日\":[1.50,{\"}\":\"\\\"\"}]}"])
      pieces.append((place, [.open(place, .call(call))] + dice.pieces(text).map { .delta(place, $0) }))
    }
    // The next call opens whenever the dice say so, but in order.
    var opened = 0
    while pieces.contains(where: { !$0.rest.isEmpty }) {
      if opened < count, opened == 0 || dice.roll(3) == 0 || !pieces[..<opened].contains(where: { !$0.rest.isEmpty }) { opened += 1 }
      guard let one = pieces[..<opened].indices.filter({ !pieces[$0].rest.isEmpty }).randomly(&dice) else { continue }
      // What opens first has the lower number.
      let first = pieces[..<opened].indices.first { pieces[$0].rest.count > 0 && pieces[$0].rest[0].isOpening } ?? one
      let chosen = pieces[one].rest[0].isOpening ? first : one
      line.append(pieces[chosen].rest.removeFirst())
    }
    line += pieces.map { .close($0.place) }
    return count
  }
}

extension Event {
  fileprivate var isOpening: Bool { if case .open = self { true } else { false } }
}

extension Array {
  fileprivate func randomly(_ dice: inout SeededDice) -> Element? { isEmpty ? nil : self[dice.roll(count)] }
}
