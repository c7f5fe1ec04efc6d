package import Base

/// A check of all that an archive holds, step by step.
///
/// Every body is rebuilt and its SHA-256 compared, every conversation is followed from its last turn to its first.
package struct Verification {
  /// The records that were looked at.
  package private(set) var records = 0
  /// Whether all have been looked at.
  package private(set) var isDone = false

  private var place = 0
  /// The nodes that are known to be whole, a bit each.
  private var whole: [UInt64] = []
  private var hasBegun = false
  private let hash: (@Sendable (_ previous: [UInt8]?, _ canonical: [UInt8]) -> [UInt8])?

  /// What is wrong with a record; with the whole database when `record` is empty.
  package struct Finding: Sendable, Equatable {
    /// The record's id; empty for the whole database.
    package var record: String
    /// A sentence that says what is wrong.
    package var words: String
  }

  /// The records of one step.
  static let stepSize = 200

  /// Begins a check; with `hash` that of every turn is compared too, which is made from that of the turn before and its canonical text.
  package init(hash: (@Sendable (_ previous: [UInt8]?, _ canonical: [UInt8]) -> [UInt8])? = nil) {
    self.hash = hash
  }

  /// Looks at some more records; call it until `isDone`. Throws when the archive can't be read at all.
  package mutating func step(_ archive: Archive) throws(Fault) -> [Finding] {
    var findings: [Finding] = []
    if !hasBegun {
      hasBegun = true
      findings += try integrity(archive)
    }
    let rows = try archive.database.rows(
      """
      SELECT exchange.seq, exchange.id, leaf, request_size, request_hash, response_size, response_hash, data FROM exchange
      LEFT JOIN body ON body.seq = exchange.seq WHERE exchange.seq > $1 ORDER BY exchange.seq LIMIT $2
      """, [.int(place), .int(Self.stepSize)])
    for row in rows {
      findings += try bodies(row, archive).map { Finding(record: row.text(1), words: $0) }
      if let leaf = row.optionalInt(2), let words = try chain(leaf, archive) { findings.append(Finding(record: row.text(1), words: words)) }
    }
    records += rows.count
    place = rows.last?.int(0) ?? place
    isDone = rows.isEmpty
    return findings
  }

  private func integrity(_ archive: Archive) throws(Fault) -> [Finding] {
    guard archive.database.flavor == .sqlite else { return [] }
    return try archive.database.rows("PRAGMA quick_check(20)").map { $0.text(0) }.filter { $0 != "ok" }.map {
      Finding(record: "", words: $0)
    }
  }

  private func bodies(_ row: Cells, _ archive: Archive) throws(Fault) -> [String] {
    guard row.optionalInt(3) != nil || row.optionalInt(5) != nil else { return [] }
    guard let envelopes = archive.envelopes(row.bytes(7)) else { return ["The bodies can't be read."] }
    var words: [String] = []
    for (name, envelope, column) in [("request", envelopes.request, 3), ("response", envelopes.response, 5)] {
      guard let size = row.optionalInt(column) else { continue }
      guard let bytes = try archive.open(envelope) else {
        words.append("A piece of the \(name) is missing.")
        continue
      }
      if bytes.count != size || Digest.sha256(bytes) != row.bytes(column + 1) { words.append("The \(name) isn't what was sent.") }
    }
    return words
  }

  /// What is wrong above a node; nil when nothing is.
  private mutating func chain(_ leaf: Int, _ archive: Archive) throws(Fault) -> String? {
    var path: [Int] = []
    var below: Cells?
    var next: Int? = leaf
    while let id = next {
      let isKnown = isWhole(id)
      let sql = "SELECT parent, depth, hash, data FROM node WHERE id = $1"
      guard let node = try archive.database.rows(sql, [.int(id)]).first else { return "A turn of the conversation is missing." }
      if let below, let words = fault(below, above: node, archive) { return words }
      if isKnown { break }
      path.append(id)
      below = node
      next = node.optionalInt(0)
      if next == nil, let words = fault(node, above: nil, archive) { return words }
    }
    for id in path { remember(id) }
    return nil
  }

  private func fault(_ node: Cells, above parent: Cells?, _ archive: Archive) -> String? {
    guard node.int(1) == parent.map({ $0.int(1) + 1 }) ?? 0 else { return "The turns of the conversation don't follow each other." }
    guard let text = archive.zstd.unpack(node.bytes(3)).flatMap(NodeText.split) else { return "A turn of the conversation can't be read." }
    if let hash, hash(parent?.bytes(2), text.canonical) != node.bytes(2) { return "A turn of the conversation isn't what was said." }
    return nil
  }

  private func isWhole(_ node: Int) -> Bool { node >> 6 < whole.count && whole[node >> 6] >> UInt64(node & 63) & 1 == 1 }

  private mutating func remember(_ node: Int) {
    while whole.count <= node >> 6 { whole.append(0) }
    whole[node >> 6] |= 1 << UInt64(node & 63)
  }
}
