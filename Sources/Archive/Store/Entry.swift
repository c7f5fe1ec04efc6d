/// A record as it is filed: what it was read to be, with its place among the conversations.
///
/// `Reading` makes it from a `Record`; an archive stores it and gives it back as a `Row` with its `Bodies`.
package struct Entry: Sendable {
  /// The columns.
  package var row: Row
  /// The turns of its conversation from the first to the last, the reply at the end where there is one. Empty for what is no
  /// conversation and for what could not be understood.
  package var turns: [Turn] = []
  /// The first turn that was said in this exchange: the client's new one and the reply. The earlier ones are history.
  package var firstOwn = 0
  /// The bodies; nil where only metadata is kept.
  package var request: FiledBody?
  /// Likewise what was answered.
  package var response: FiledBody?
  /// What was made ready for filing; nil leaves that to the archive.
  package var prepared: Prepared?

  /// Columns alone, without conversation and bodies.
  package init(_ row: Row) {
    self.row = row
  }
}

/// The columns of a record: those of `Record` without the bodies, and what reading the bodies added.
package struct Row: Sendable, Equatable {
  /// What was recorded, its bodies only where they were read too.
  package var record: Record
  /// Whether the reply calls tools.
  package var hasCalls = false
  /// Whether the request offers tools.
  package var hasTools = false
  /// Whether the bodies were understood: known wire, whole JSON or stream.
  package var isUnderstood = false

  /// Of a record whose bodies nobody has read yet.
  package init(_ record: Record) {
    self.record = record
  }
}

/// One turn of a conversation, in the form that tells whether two records share a history. Source: formats/datasets.md §10.
package struct Turn: Sendable, Equatable {
  /// SHA-256 over the hash of the turn before and this one's canonical text; of the first turn over a fixed seed.
  package var hash: [UInt8]
  /// `system`, `user`, `assistant` or `tool`.
  package var role: String
  /// The canonical message as compact JSON: what is hashed.
  package var canonical: [UInt8]
  /// The text that a search finds it by.
  package var words: String

  /// Of its parts; `hash` has 32 bytes.
  package init(hash: [UInt8], role: String, canonical: [UInt8], words: String) {
    self.hash = hash
    self.role = role
    self.canonical = canonical
    self.words = words
  }
}

/// A body cut into pieces, so that those that other bodies hold too are stored once.
package struct FiledBody: Sendable {
  /// The bytes, byte for byte.
  package var bytes: [UInt8]
  /// SHA-256 of the bytes.
  package var digest: [UInt8]
  /// The ranges that may be shared with other bodies, ascending and apart; what lies between belongs to this body alone.
  package var shared: [Range<Int>]
  /// `Content-Type`; empty for none.
  package var type: String
  /// `Content-Encoding`; empty for none.
  package var coding: String
  /// Whether it was longer than what is kept.
  package var isCut: Bool

  /// Of a recorded body, its SHA-256 and its pieces.
  package init(_ body: Record.Body, digest: [UInt8], shared: [Range<Int>]) {
    bytes = body.bytes
    self.digest = digest
    self.shared = shared
    type = body.type
    coding = body.coding
    isCut = body.isCut
  }
}
