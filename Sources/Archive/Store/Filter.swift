/// Which records are wanted: those that fit all that is set.
package struct Filter: Sendable, Equatable {
  /// Milliseconds since 1970: from then on, and before.
  package var from: Int?
  /// Milliseconds since 1970; that one is too late.
  package var to: Int?
  /// The model asked for or served; `*` stands for any run of characters.
  package var model: String?
  /// The provider that answered.
  package var provider: String?
  /// The name of the key that asked.
  package var key: String?
  /// The raw value of a `ClientWire`.
  package var clientWire: String?
  /// As in `Record.endpoint`: `chat`, `messages`, `proxy` …
  package var endpoint: String?
  /// One status, or a class as `500...599`.
  package var status: ClosedRange<Int>?
  /// Why the answer ended: `stop`, `length`, `tool_calls` …; empty for those without.
  package var finish: String?
  /// Whether the answer is whole.
  package var isComplete: Bool?
  /// Whether it was streamed.
  package var isStream: Bool?
  /// Whether the reply calls tools.
  package var hasCalls: Bool?
  /// Whether the request offers tools.
  package var hasTools: Bool?
  /// The kind of a fault; `*` for any, empty for none.
  package var error: String?
  /// Words and phrases that must all have been said; see `SearchText`.
  package var text: String?
  /// What was decided on it.
  package var state: Review.State?
  /// A tag that it carries.
  package var tag: String?
  /// The least score.
  package var leastScore: Int?

  /// All records.
  package init() {}

  /// Whether everything fits.
  package var isEmpty: Bool { self == Filter() }
}
