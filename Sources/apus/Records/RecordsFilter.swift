import Archive
import Base
import Wire

/// The options that choose records.
struct RecordsFilter {
  private(set) var filter = Filter()
  /// Nil for all.
  let limit: Int?

  init(_ arguments: inout Arguments) throws(UsageError) {
    limit = try Self.number(&arguments, "--limit")
    filter.from = try Self.time(&arguments, "--since")
    filter.to = try Self.time(&arguments, "--until")
    filter.model = try arguments.option("--model")
    filter.provider = try arguments.option("--provider")
    filter.key = try arguments.option("--key")
    filter.clientWire = try Self.word(&arguments, "--wire", among: ClientWire.allCases.map(\.rawValue))
    filter.endpoint = try arguments.option("--endpoint")
    filter.finish = try Self.word(&arguments, "--finish", among: FinishReason.allCases.map(\.rawValue) + [""])
    filter.error = try arguments.option("--error")
    filter.status = try Self.status(&arguments)
    filter.isComplete = try Self.truth(&arguments, "--complete")
    filter.isStream = try Self.truth(&arguments, "--stream")
    filter.hasCalls = try Self.truth(&arguments, "--calls")
    filter.hasTools = try Self.truth(&arguments, "--tools")
    filter.state = try Self.state(&arguments)
    filter.tag = try arguments.option("--tag")
    filter.text = try arguments.option("--text")
    filter.leastScore = try Self.number(&arguments, "--min-score")
  }

  /// Whether anything was chosen.
  var isEmpty: Bool { limit == nil && filter.isEmpty }

  func searching(_ text: String) -> RecordsFilter {
    var copy = self
    copy.filter.text = text
    return copy
  }

  static func state(_ arguments: inout Arguments) throws(UsageError) -> Review.State? {
    guard let word = try arguments.option("--state") else { return nil }
    guard let state = Review.State(rawValue: word) else {
      let words = Review.State.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError(message: "--state wants one of \(words), not “\(word)”")
    }
    return state
  }

  static func number(_ arguments: inout Arguments, _ name: String) throws(UsageError) -> Int? {
    guard let text = try arguments.option(name) else { return nil }
    guard let number = Int(text), number >= 0 else { throw UsageError(message: "\(name) wants a number, not “\(text)”") }
    return number
  }

  private static func word(_ arguments: inout Arguments, _ name: String, among words: [String]) throws(UsageError) -> String? {
    guard let word = try arguments.option(name) else { return nil }
    guard words.contains(word) else {
      throw UsageError(message: "\(name) wants one of \(words.filter { !$0.isEmpty }.joined(separator: ", ")), not “\(word)”")
    }
    return word
  }

  private static func truth(_ arguments: inout Arguments, _ name: String) throws(UsageError) -> Bool? {
    switch try arguments.option(name) {
    case nil: nil
    case "yes", "true": true
    case "no", "false": false
    case let text?: throw UsageError(message: "\(name) wants yes or no, not “\(text)”")
    }
  }

  private static func status(_ arguments: inout Arguments) throws(UsageError) -> ClosedRange<Int>? {
    guard let text = try arguments.option("--status") else { return nil }
    if let status = Int(text), (100...599).contains(status) { return status...status }
    guard text.count == 3, text.hasSuffix("xx"), let first = text.first?.wholeNumberValue, (1...5).contains(first) else {
      throw UsageError(message: "--status wants a number such as 200 or a class such as 5xx, not “\(text)”")
    }
    return first * 100...first * 100 + 99
  }

  /// Milliseconds since 1970 of a day, a time, or an age.
  private static func time(_ arguments: inout Arguments, _ name: String) throws(UsageError) -> Int? {
    guard let text = try arguments.option(name) else { return nil }
    if let age = try? Duration(parsing: text) { return Time.now.milliseconds - age.milliseconds }  // nil is right: it may be a date
    if let time = Timestamp(parsing: text) { return time.milliseconds }
    throw UsageError(message: "\(name) wants a time such as 2026-11-25, 2026-11-25T08:00:00Z or an age such as 2h, not “\(text)”")
  }
}
