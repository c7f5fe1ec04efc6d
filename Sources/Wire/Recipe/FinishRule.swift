import Base

/// What ends a reply, and why it ended.
package struct FinishRule: Sendable {
  /// What a finish means.
  package enum Reason: Sendable, Equatable {
    case finish(FinishReason)
    /// The site stopped in between: the step of scope `resume` goes on, and without one it is `length`.
    case goesOn
  }

  /// What the frame must say; none for rules by data or flag.
  package var when: [(path: JSONPath, predicate: Predicate)] = []
  /// The frame's data as text, such as `[DONE]`.
  package var data: String?
  /// A bit of the envelope's flags (Connect).
  package var flag: Int?
  /// Why it ended; nil keeps what an earlier rule noted, and is `stop` if nothing was noted and there is text.
  package var reason: Reason?
  /// Whether it is only noted, and reading goes on: to a rule that isn't, or to the end of the bytes.
  package var isNoted = false

  private static let kinds = ["when", "data", "frame_flag", "eof"]
  private static let reasons = FinishReason.allCases.map(\.rawValue) + ["content_filter", "continue"]

  /// Reads `{when, reason, hold}`, `{data}`, `{frame_flag}` or `{eof}`; nil for the last, whose meaning goes to `eof`.
  init?(_ field: Field, eof: inout ResponseRecipe.EndOfStream) {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    let named = Self.kinds.filter(fields.has)
    guard named.count == 1 else {
      field.mistake("expected exactly one of \(Self.kinds.joined(separator: ", "))")
      _ = fields["reason"]
      return nil
    }
    if let place = fields["eof"] {
      eof = Self.end(place) ?? eof
      return nil
    }
    when = fields["when"]?.conditions() ?? []
    data = fields["data"]?.string()
    flag = fields["frame_flag"]?.int(1...255)
    reason = fields["reason"].flatMap { Self.reason($0) }
    isNoted = fields["hold"]?.bool() ?? false
    if !when.isEmpty, reason == nil, !fields.has("reason") { reason = .finish(.stop) }
  }

  private static func reason(_ field: Field) -> Reason? {
    guard let word = field.string().flatMap({ field.choice($0, among: reasons) }) else { return nil }
    if word == "continue" { return .goesOn }
    return .finish(FinishReason(rawValue: word) ?? .filter)
  }

  private static func end(_ field: Field) -> ResponseRecipe.EndOfStream? {
    guard let word = field.string().flatMap({ field.choice($0, among: ["truncated"] + reasons.filter { $0 != "continue" }) }) else {
      return nil
    }
    return word == "truncated" ? .truncated : .finish(FinishReason(rawValue: word) ?? .filter)
  }
}
