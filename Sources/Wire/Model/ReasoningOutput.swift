/// How the model's reasoning reaches the client. Source: DESIGN §5. The raw value is the word of the config and of `x-apus-reasoning`.
package enum ReasoningOutput: String, Sendable, CaseIterable {
  /// In the wire's own place for it.
  case field
  /// As `<think>…</think>` in front of the answer.
  case thinkTags = "think_tags"
  /// As `<think:…>` in front of the answer, nothing added.
  case thinkColon = "think_colon"
  /// Not at all.
  case hide

  /// What stands before and behind the reasoning in the answer; nil where it does not stand there.
  fileprivate var marks: (opening: String, closing: String)? {
    switch self {
    case .field, .hide: nil
    case .thinkTags: ("<think>", "</think>")
    case .thinkColon: ("<think:", ">")
    }
  }
}

/// Moves the reasoning of a reply into its text, or out of it, event by event.
///
/// Reasoning opens a text part, and the answer that follows goes on in it, so that clients see one text:
///
///     open 0 reasoning · delta 0 "hm" · close 0 · open 1 text  · delta 1 "Hi" · close 1
///     open 0 text · delta 0 "<think>" · delta 0 "hm" · delta 0 "</think>" · delta 0 "Hi" · close 0
///
/// What comes behind it has the numbers of parts that it would have had without the reasoning. Signatures of thoughts go with them.
package struct ReasoningRewriter: Sendable {
  private let output: ReasoningOutput
  private var candidates: [RewrittenCandidate] = []

  /// For a reply that has not begun.
  package init(_ output: ReasoningOutput) {
    self.output = output
  }

  /// A whole reply, rewritten.
  package static func rewrite(_ reply: Reply, _ output: ReasoningOutput) -> Reply {
    guard output != .field else { return reply }
    var rewriter = ReasoningRewriter(output)
    var rewritten = Reply(rewriter.rewrite(reply.events))
    // A reply that broke off has no finish to close it.
    for candidate in reply.candidates where candidate.finish == nil {
      for event in rewriter.close(candidate.index) { rewritten.fold(event) }
    }
    return rewritten
  }

  /// What the client is to see of these events.
  package mutating func rewrite(_ events: [Event]) -> [Event] {
    guard output != .field else { return events }
    var rewritten: [Event] = []
    rewritten.reserveCapacity(events.count + 2)
    for event in events { rewrite(event, into: &rewritten) }
    return rewritten
  }

  /// Appends what the client is to see of an event.
  package mutating func rewrite(_ event: Event, into events: inout [Event]) {
    guard output != .field else { return events.append(event) }
    switch event {
    case .open(let place, let part): candidates[position(place.candidate)].open(place.part, part, &events)
    case .delta(let place, let text): candidates[position(place.candidate)].grow(place.part, text, &events)
    case .signature(let place, let signature): candidates[position(place.candidate)].sign(place.part, signature, &events)
    case .citation(let place, let citation): candidates[position(place.candidate)].cite(place.part, citation, &events)
    case .close(let place): candidates[position(place.candidate)].close(place.part, &events)
    case .finish(let index, _, _):
      candidates[position(index)].end(&events)
      events.append(event)
    case .end:
      for position in candidates.indices { candidates[position].end(&events) }
      events.append(event)
    case .start, .candidate, .logprobs, .usage, .loss: events.append(event)
    }
  }

  private mutating func close(_ index: Int) -> [Event] {
    var events: [Event] = []
    candidates[position(index)].end(&events)
    return events
  }

  private mutating func position(_ index: Int) -> Int {
    if let position = candidates.firstIndex(where: { $0.index == index }) { return position }
    candidates.append(RewrittenCandidate(index, output.marks))
    return candidates.count - 1
  }
}

/// One candidate while its reasoning is moved.
private struct RewrittenCandidate: Sendable {
  /// What has become of one of the upstream's parts.
  private enum Target: Sendable {
    case reasoning
    case text(Int)
    case other(Int)
  }

  let index: Int
  private let opening: String?
  private let closing: String
  private var targets: [Int: Target] = [:]
  private var next = 0
  /// The text that reasoning was put into and that is still open; the answer goes on in it.
  private var shared: Int?
  /// The upstream's text that goes on in it now.
  private var owner: Int?
  private var isThinking = false
  /// How many code points of the upstream's text have come.
  private var length = 0
  /// What was put into the text: before which of the upstream's code points, and how many.
  private var insertions: [(place: Int, count: Int)] = []

  init(_ index: Int, _ marks: (opening: String, closing: String)?) {
    self.index = index
    opening = marks?.opening
    closing = marks?.closing ?? ""
  }

  mutating func open(_ number: Int, _ part: Part, _ events: inout [Event]) {
    switch part {
    case .reasoning(let reasoning):
      targets[number] = .reasoning
      think(reasoning.text, &events)
    case .text(let text, let citations): openText(number, text, citations, &events)
    case .refusal, .call, .result, .media, .opaque:
      end(&events)
      targets[number] = .other(next)
      events.append(.open(Place(index, next), part))
      next += 1
    }
  }

  mutating func grow(_ number: Int, _ text: String, _ events: inout [Event]) {
    switch targets[number] {
    case .reasoning: think(text, &events)
    case .text(let target):
      stopThinking(&events)
      if opening != nil { length += text.unicodeScalars.count }
      events.append(.delta(Place(index, target), text))
    case .other(let target): events.append(.delta(Place(index, target), text))
    case nil: break
    }
  }

  mutating func sign(_ number: Int, _ signature: Signature, _ events: inout [Event]) {
    if case .other(let target) = targets[number] { events.append(.signature(Place(index, target), signature)) }
  }

  mutating func cite(_ number: Int, _ citation: Citation, _ events: inout [Event]) {
    guard case .text(let target) = targets[number] else { return }
    var citation = citation
    citation.range = citation.range.map { $0.lowerBound + shift($0.lowerBound)..<$0.upperBound + shift($0.lowerBound) }
    events.append(.citation(Place(index, target), citation))
  }

  mutating func close(_ number: Int, _ events: inout [Event]) {
    switch targets.removeValue(forKey: number) {
    case .reasoning: stopThinking(&events)
    case .text(let target):
      stopThinking(&events)
      if shared == target { (shared, owner) = (nil, nil) }
      events.append(.close(Place(index, target)))
    case .other(let target): events.append(.close(Place(index, target)))
    case nil: break
    }
  }

  /// Ends the reasoning and the text that has only that.
  mutating func end(_ events: inout [Event]) {
    stopThinking(&events)
    guard let shared, owner == nil else { return }
    self.shared = nil
    events.append(.close(Place(index, shared)))
  }

  private mutating func openText(_ number: Int, _ text: String, _ citations: [Citation], _ events: inout [Event]) {
    stopThinking(&events)
    if let shared, owner == nil {
      owner = number
      targets[number] = .text(shared)
    } else {
      targets[number] = .text(next)
      events.append(.open(Place(index, next), .text("")))
      next += 1
    }
    if !text.isEmpty { grow(number, text, &events) }
    for citation in citations { cite(number, citation, &events) }
  }

  private mutating func think(_ text: String, _ events: inout [Event]) {
    guard let opening, !text.isEmpty else { return }
    let target = shared ?? openShared(&events)
    if !isThinking {
      isThinking = true
      insert(opening, target, &events)
    }
    insert(text, target, &events)
  }

  private mutating func stopThinking(_ events: inout [Event]) {
    guard isThinking, let shared else { return }
    isThinking = false
    insert(closing, shared, &events)
  }

  private mutating func openShared(_ events: inout [Event]) -> Int {
    let target = next
    next += 1
    shared = target
    events.append(.open(Place(index, target), .text("")))
    return target
  }

  private mutating func insert(_ text: String, _ target: Int, _ events: inout [Event]) {
    events.append(.delta(Place(index, target), text))
    let count = text.unicodeScalars.count
    if insertions.last?.place == length { insertions[insertions.count - 1].count += count } else { insertions.append((length, count)) }
  }

  /// How far a place in the upstream's text has moved.
  private func shift(_ place: Int) -> Int {
    insertions.reduce(0) { $1.place <= place ? $0 + $1.count : $0 }
  }
}
