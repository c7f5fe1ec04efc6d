/// What a person made of a record.
package struct Review: Sendable, Equatable {
  /// Whether a record is to be trained on.
  package enum State: String, Sendable, CaseIterable {
    case new, confirmed, rejected
    case needsEdit = "needs-edit"
  }

  /// What was decided.
  package var state = State.new
  /// 1 (bad) to 5 (good); nil where nobody gave one.
  package var score: Int?
  /// Words that were put on it, ascending.
  package var tags: [String] = []

  /// Of a record that nobody looked at.
  package init() {}

  /// One thing that is decided on.
  package enum Change: Sendable, Equatable {
    case state(State)
    /// 1 to 5; nil takes it away.
    case score(Int?)
    case tag(String)
    case untag(String)
  }

  /// One decision, as it is remembered.
  package struct Event: Sendable, Equatable {
    /// Which decision it was part of; one may be about many records.
    package var batch: Int
    /// `state`, `score` or `tag`.
    package var field: String
    /// The values before and after; empty for none.
    package var old: String
    /// The value that it set.
    package var new: String
    /// Who decided.
    package var who: String
    /// Milliseconds since 1970.
    package var time: Int
    /// Whether it was taken back.
    package var isUndone: Bool
  }

  /// The scores there are.
  package static let scores = 1...5
  /// The longest tag, in bytes.
  package static let tagLimit = 64
}
