import Base

/// What a relay must know of a reply that it hands on: whether it is of use, how it ended, how many tokens it took.
struct GeminiSniffer: Sendable {
  private let finishWords: [String: FinishReason]
  private var started: Set<Int> = []
  private var visible: Set<Int> = []
  private var callers: Set<Int> = []
  private var usageText: JSON?
  private(set) var finishes: [Int: FinishReason] = [:]
  /// Whether content of any kind came, or a finish.
  private(set) var isUseful = false

  init(_ finishWords: [String: FinishReason]) {
    self.finishWords = finishWords
  }

  var hasStarted: Bool { !started.isEmpty }
  /// Whether any candidate has more than thoughts.
  var hasContent: Bool { !visible.isEmpty }
  /// Whether every candidate that started has its finish, and one did.
  var isComplete: Bool { !finishes.isEmpty && started.isSubset(of: finishes.keys) }
  var usage: Usage? { Usage(gemini: usageText) }

  /// Takes a chunk in. `.broken` for a candidate that the upstream gave up before anything came of it.
  mutating func read(_ json: JSON) throws(Fault) {
    for candidate in (json["candidates"] ?? .null).elements { try read(candidate: candidate) }
    if let usage = json["usageMetadata"], usage.count > 0 { usageText = usage }
    guard started.isEmpty, json.at("promptFeedback.blockReason")?.string != nil else { return }
    finishes[0] = .filter
    isUseful = true
  }

  /// Ends the candidates that are still open; gives which.
  mutating func finishAll() -> [Int] {
    let open = started.subtracting(finishes.keys).sorted()
    for index in open { finish(index, .stop) }
    return open
  }

  private mutating func read(candidate: JSON) throws(Fault) {
    let index = candidate["index"]?.int ?? 0
    guard (0..<128).contains(index) else { return }
    started.insert(index)
    for part in (candidate.at("content.parts") ?? .null).elements { read(part: part, of: index) }
    guard let word = candidate["finishReason"]?.string else { return }
    switch GeminiFinish(word, finishWords) {
    case .none: break
    case .reason(let reason): finish(index, reason)
    case .abort:
      guard visible.contains(index) else { throw GeminiFinish.fault(word, message: candidate["finishMessage"]?.string) }
      finish(index, .stop)
    }
  }

  private mutating func read(part: JSON, of index: Int) {
    let isCall = part["functionCall"] != nil
    let hasText = part["text"].map { $0.bytes.count > 2 } ?? false
    guard isCall || hasText || part["inlineData"] != nil else { return }
    isUseful = true
    if isCall { callers.insert(index) }
    if part["thought"]?.bool != true { visible.insert(index) }
  }

  private mutating func finish(_ index: Int, _ reason: FinishReason) {
    isUseful = true
    finishes[index] = reason == .stop && callers.contains(index) ? .tool : reason
  }
}
