package import Base

/// A whole reply: the fold of its events, so that streamed and whole replies can't drift apart.
package struct Reply: Sendable, Equatable {
  /// What it says of itself.
  package var head = ReplyHead()
  /// The candidates in the order of their indexes.
  package var candidates: [Candidate] = []
  /// The last total of tokens, nil when the upstream gave none.
  package var usage: Usage?
  /// What changed its meaning on the way.
  package var losses: [Loss] = []
  /// Whether it reached its own end.
  package var isComplete = false

  /// One of the answers that were asked for.
  package struct Candidate: Sendable, Equatable {
    /// Its number, from 0.
    package var index: Int
    /// Its content, in order.
    package var parts: [Part] = []
    /// Why it ended, nil while it has not.
    package var finish: FinishReason?
    /// The stop sequence that ended it, where the wire tells.
    package var stopSequence: String?
    /// The logprobs of its tokens in Chat's shape, one object a delta.
    package var logprobs: [JSON] = []

    /// A candidate without content.
    package init(_ index: Int) { self.index = index }
  }

  /// A reply before its first event.
  package init() {}

  /// The fold of all these events.
  package init(_ events: some Sequence<Event>) {
    for event in events { fold(event) }
  }

  /// Takes one event in. Deltas to parts that never opened are ignored.
  package mutating func fold(_ event: Event) {
    switch event {
    case .start(let head): self.head = head
    case .candidate(let index): _ = position(index)
    case .open(let place, let part): candidates[position(place.candidate)].parts.append(part)
    case .delta(let place, let text): edit(place) { $0.append(text) }
    case .signature(let place, let signature): edit(place) { $0.sign(signature) }
    case .citation(let place, let citation): edit(place) { $0.cite(citation) }
    case .close: break
    case .logprobs(let index, let json): candidates[position(index)].logprobs.append(json)
    case .finish(let index, let reason, let sequence):
      let position = position(index)
      candidates[position].finish = reason
      candidates[position].stopSequence = sequence
    case .usage(let usage): self.usage = usage
    case .loss(let loss): losses.append(loss)
    case .end: isComplete = true
    }
  }

  /// The events of which this reply is the fold, each part's text in one delta.
  package var events: [Event] {
    var events: [Event] = [.start(head)]
    for candidate in candidates { candidate.events(into: &events) }
    if let usage { events.append(.usage(usage)) }
    events += losses.map(Event.loss)
    if isComplete { events.append(.end) }
    return events
  }

  private mutating func edit(_ place: Place, _ change: (inout Part) -> Void) {
    let position = position(place.candidate)
    guard candidates[position].parts.indices.contains(place.part) else { return }
    change(&candidates[position].parts[place.part])
  }

  /// Where the candidate of that index stands; it is made when it is new.
  private mutating func position(_ index: Int) -> Int {
    if let last = candidates.indices.last, candidates[last].index == index { return last }
    if let found = candidates.firstIndex(where: { $0.index >= index }) {
      if candidates[found].index != index { candidates.insert(Candidate(index), at: found) }
      return found
    }
    candidates.append(Candidate(index))
    return candidates.count - 1
  }
}

extension Reply.Candidate {
  fileprivate func events(into events: inout [Event]) {
    events.append(.candidate(index))
    for (number, part) in parts.enumerated() {
      let place = Place(index, number)
      events.append(.open(place, part.opening))
      if !part.growth.isEmpty { events.append(.delta(place, part.growth)) }
      if case .reasoning(let reasoning) = part, let signature = reasoning.signature { events.append(.signature(place, signature)) }
      if case .text(_, let citations) = part { events += citations.map { .citation(place, $0) } }
      events.append(.close(place))
    }
    events += logprobs.map { .logprobs(candidate: index, $0) }
    if let finish { events.append(.finish(candidate: index, finish, sequence: stopSequence)) }
  }
}

extension Part {
  /// The part as it opens: without what deltas bring.
  fileprivate var opening: Part {
    switch self {
    case .text: .text("")
    case .reasoning: .reasoning(Reasoning())
    case .refusal: .refusal("")
    case .call(let call): .call(ToolCall(id: call.id, name: call.name, kind: call.kind, signature: call.signature))
    case .result, .media, .opaque: self
    }
  }

  /// What deltas bring.
  fileprivate var growth: String {
    switch self {
    case .text(let text, _), .refusal(let text): text
    case .reasoning(let reasoning): reasoning.text
    case .call(let call): call.arguments
    case .result, .media, .opaque: ""
    }
  }

  fileprivate mutating func append(_ more: String) {
    switch self {
    case .text(var text, let citations):
      self = .refusal("")  // releases the text, so that it grows in place
      text += more
      self = .text(text, citations: citations)
    case .refusal(var text):
      self = .text("")
      text += more
      self = .refusal(text)
    case .reasoning(var reasoning):
      self = .text("")
      reasoning.text += more
      self = .reasoning(reasoning)
    case .call(var call):
      self = .text("")
      call.arguments += more
      self = .call(call)
    case .result, .media, .opaque: break
    }
  }

  fileprivate mutating func sign(_ signature: Signature) {
    if case .reasoning(var reasoning) = self {
      reasoning.signature = signature
      self = .reasoning(reasoning)
    } else if case .call(var call) = self {
      call.signature = signature
      self = .call(call)
    }
  }

  fileprivate mutating func cite(_ citation: Citation) {
    guard case .text(let text, let citations) = self else { return }
    self = .text(text, citations: citations + [citation])
  }
}
