/// Which records are wanted: those that fit all that is set.
package struct Filter: Sendable {
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

  package init() {}
}
