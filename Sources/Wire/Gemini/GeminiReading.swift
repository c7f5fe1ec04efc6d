import Base

/// What the stream decoder and the decoder of whole replies share: the head, candidates, usage and the end of a Gemini reply.
/// Source: wire-formats §3.4, §7.1.
struct GeminiReading: Sendable {
  private let finishWords: [String: FinishReason]
  private let rules: [ErrorRule]
  private var candidates: [GeminiCandidate] = []
  private var hasStarted = false
  private var isBlocked = false

  init(_ finishWords: [String: FinishReason], _ rules: [ErrorRule]) {
    self.finishWords = finishWords
    self.rules = rules
  }

  /// Whether any candidate has content.
  var hasContent: Bool { candidates.contains(where: \.hasContent) }
  /// Whether every candidate that started was told to be finished, and there is one.
  var isFinished: Bool { isBlocked || (!candidates.isEmpty && candidates.allSatisfy { $0.finish != nil }) }
  /// Whether any candidate began.
  var hasCandidates: Bool { !candidates.isEmpty }

  /// Reads a chunk or a whole body. Throws what an error in it means.
  mutating func read(_ json: JSON, event: String?) throws(Fault) -> [Event] {
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: json, event: event), rules: rules) { throw fault }
    var events: [Event] = []
    guard json.kind == .object else { return events }
    let reason = candidates.isEmpty && (json["candidates"]?.count ?? 0) == 0 ? Self.blockReason(json) : nil
    start(json, isBlocked: reason != nil, &events)
    if let reason, !isBlocked { block(reason, &events) }
    for candidate in (json["candidates"] ?? .null).elements { try read(candidate, &events) }
    if let usage = Usage(gemini: json["usageMetadata"]) { events.append(.usage(usage)) }
    return events
  }

  /// Ends all candidates; those that were not told why end for the reason.
  mutating func finishAll(_ reason: FinishReason, _ events: inout [Event]) {
    guard !isBlocked else { return }
    for position in candidates.indices { candidates[position].end(reason, &events) }
  }

  private mutating func start(_ json: JSON, isBlocked: Bool, _ events: inout [Event]) {
    guard !hasStarted else { return }
    hasStarted = true
    func text(_ name: String) -> String? { json[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    var head = ReplyHead(id: text("responseId"), model: text("modelVersion"))
    head.isBlocked = isBlocked
    events.append(.start(head))
  }

  private static func blockReason(_ json: JSON) -> String? {
    guard let reason = json.at("promptFeedback.blockReason")?.string, reason != "BLOCK_REASON_UNSPECIFIED",
      reason != "BLOCKED_REASON_UNSPECIFIED"
    else { return nil }
    return reason
  }

  /// The upstream refused the prompt: a reply of a refusal alone. Source: wire-formats §6.
  private mutating func block(_ reason: String, _ events: inout [Event]) {
    isBlocked = true
    let place = Place(0, 0)
    let name = Redaction.clean(String(reason.prefix(64))) ?? ""
    events += [
      .candidate(0), .open(place, .refusal("")), .delta(place, "The prompt was blocked by the upstream's filter: \(name)."), .close(place),
      .finish(candidate: 0, .filter),
    ]
  }

  private mutating func read(_ candidate: JSON, _ events: inout [Event]) throws(Fault) {
    let index = candidate["index"]?.int ?? 0
    guard (0..<128).contains(index), !isBlocked else { return }  // far more than the API allows
    let position = position(index, &events)
    candidates[position].read(candidate, &events)
    guard let word = candidate["finishReason"]?.string else { return }
    switch GeminiFinish(word, finishWords) {
    case .none: break
    case .reason(let reason): candidates[position].finish = reason
    case .abort:
      guard candidates[position].hasContent else { throw GeminiFinish.fault(word, message: candidate["finishMessage"]?.string) }
      candidates[position].finish = .stop
      events.append(.loss(Loss("finish_reason", .downgraded)))
    }
  }

  private mutating func position(_ index: Int, _ events: inout [Event]) -> Int {
    if let known = candidates.firstIndex(where: { $0.index == index }) { return known }
    candidates.append(GeminiCandidate(index))
    events.append(.candidate(index))
    return candidates.count - 1
  }
}
