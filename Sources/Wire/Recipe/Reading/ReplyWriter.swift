import Base

/// Makes the events of a reply out of pieces of text and reasoning, each part open while its pieces come.
struct ReplyWriter: Sendable {
  private enum Kind { case text, reasoning }

  private var open: Kind?
  private var part = -1
  private var hasStarted = false
  private var citations: [Citation] = []
  private var keys: Set<String> = []
  private var cite: CiteFilter
  /// Quarters of tokens that went out.
  private var quarters = 0
  /// Whether the client saw text of the answer.
  private(set) var hasText = false
  /// Whether the client saw reasoning.
  private(set) var hasReasoning = false
  /// The references so far.
  private(set) var referenceCount = 0

  static let referenceLimit = 1000

  init(cite: [CiteRule]) { self.cite = CiteFilter(cite) }

  /// The tokens of what went out, as an estimate.
  var tokens: Int { TokenEstimate.rounded(quarters) }

  mutating func text(_ piece: String, into events: inout [Event]) {
    plain(cite.feed(piece), into: &events)
  }

  mutating func reasoning(_ piece: String, into events: inout [Event]) {
    guard !piece.isEmpty else { return }
    move(to: .reasoning, into: &events)
    hasReasoning = true
    write(piece, into: &events)
  }

  /// Keeps a source for the next text that ends; one that is known already is left out.
  mutating func reference(_ citation: Citation, key: String) {
    guard keys.count < Self.referenceLimit, keys.insert(key).inserted else { return }
    citations.append(citation)
    referenceCount += 1
  }

  /// Writes out what was held back.
  mutating func flush(into events: inout [Event]) {
    plain(cite.end(), into: &events)
  }

  /// The end of the reply.
  mutating func finish(_ reason: FinishReason, _ usage: Usage, isEstimated: Bool, into events: inout [Event]) {
    flush(into: &events)
    start(into: &events)
    if !citations.isEmpty, hasText { move(to: .text, into: &events) }
    close(into: &events)
    events.append(.finish(candidate: 0, reason))
    events.append(.usage(usage))
    if isEstimated { events.append(.loss(Loss("usage", .estimated))) }
    events.append(.end)
  }

  private mutating func plain(_ piece: String, into events: inout [Event]) {
    guard !piece.isEmpty else { return }
    move(to: .text, into: &events)
    hasText = true
    write(piece, into: &events)
  }

  private mutating func write(_ piece: String, into events: inout [Event]) {
    quarters += TokenEstimate.quarters(of: piece.utf8)
    events.append(.delta(Place(0, part), piece))
  }

  private mutating func start(into events: inout [Event]) {
    guard !hasStarted else { return }
    hasStarted = true
    events.append(.start(ReplyHead()))
    events.append(.candidate(0))
  }

  private mutating func move(to kind: Kind, into events: inout [Event]) {
    guard open != kind else { return }
    start(into: &events)
    close(into: &events)
    part += 1
    open = kind
    events.append(.open(Place(0, part), kind == .text ? .text("") : .reasoning(Reasoning())))
  }

  private mutating func close(into events: inout [Event]) {
    guard let kind = open else { return }
    if kind == .text {
      for citation in citations { events.append(.citation(Place(0, part), citation)) }
      citations = []
    }
    events.append(.close(Place(0, part)))
    open = nil
  }
}
