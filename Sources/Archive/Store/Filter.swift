/// Which records are wanted: those that fit all that is set.
package struct Filter: Sendable, Equatable {
  /// Milliseconds since 1970: from then on, and before.
  package var from: Int?
  package var to: Int?
  /// The model asked for or served; `*` stands for any run of characters.
  package var model: String?
  package var provider: String?
  package var key: String?
  /// The raw value of a `ClientWire`.
  package var clientWire: String?
  package var endpoint: String?
  /// One status, or a class as `500...599`.
  package var status: ClosedRange<Int>?
  package var finish: String?
  package var isComplete: Bool?
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
  package var tag: String?
  /// The least score.
  package var leastScore: Int?

  package init() {}

  /// Whether everything fits.
  package var isEmpty: Bool { self == Filter() }
}
