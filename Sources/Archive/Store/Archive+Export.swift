package import Base

/// A record with its bodies as an export reads it.
package struct ExportedRow: Sendable {
  /// Its place in the archive.
  package var place: Int
  /// The columns, and the bodies where they are kept.
  package var row: Row
  /// What was decided on it.
  package var review: Review
  /// Whether its bodies can't be rebuilt.
  package var isDamaged: Bool
}

extension Archive {
  /// The last turns of records by their places; places of what is no conversation are missing.
  package func leaves(_ places: ClosedRange<Int>) throws(Fault) -> [Int: Int] {
    let rows = try database.rows(
      "SELECT seq, leaf FROM exchange WHERE seq >= $1 AND seq <= $2 AND leaf IS NOT NULL",
      [.int(places.lowerBound), .int(places.upperBound)])
    return Dictionary(rows.map { ($0.int(0), $0.int(1)) }, uniquingKeysWith: { $1 })
  }

  /// Records by their places, with bodies; those that are no more are left out.
  ///
  /// Without `hasReviews` what was decided on them is not read, without `hasRequests` what was sent.
  package func exported(_ places: [Int], hasReviews: Bool = true, hasRequests: Bool = true) throws(Fault) -> [ExportedRow] {
    // One lock for all of it: SQLite's locks took a sixth of an export.
    try database.run("BEGIN")
    do {
      let rows = try read(places, hasReviews, hasRequests)
      try database.run("COMMIT")
      return rows
    } catch {
      database.rollback()
      throw error
    }
  }

  /// Reads without mapping the file into memory: pages that are read once need not stay.
  package func readsOnce() throws(Fault) {
    if database.flavor == .sqlite { _ = try database.rows("PRAGMA mmap_size = 0") }
  }

  private func read(_ places: [Int], _ hasReviews: Bool, _ hasRequests: Bool) throws(Fault) -> [ExportedRow] {
    let keys = places.map { [Value.int($0)] }
    let rows = try database.rows("SELECT \(ExchangeRow.columns) FROM exchange WHERE seq = $1", each: keys)
    let bodies = try database.rows("SELECT * FROM body WHERE seq = $1", each: keys)
    let reviews = hasReviews ? try reviews(places) : places.map { _ in Review() }
    let none = FiledEnvelope(bytes: [], blobs: [])
    let packed = bodies.map {
      $0.first.flatMap { envelopes($0.bytes(11)) }.map { (request: hasRequests ? $0.request : none, response: $0.response) }
    }
    let texts = try blobs(packed.compactMap(\.self))
    var exported: [ExportedRow] = []
    for position in places.indices {
      guard let cells = rows[position].first else { continue }
      var row = ExportedRow(place: cells.int(0), row: ExchangeRow.row(cells), review: reviews[position], isDamaged: false)
      if let body = bodies[position].first {
        let sides = packed[position]
        let request = hasRequests ? Self.body(body, 1, sides?.request, texts) : Record.Body()
        let response = Self.body(body, 6, sides?.response, texts)
        row.isDamaged = request == nil || response == nil
        row.row.record.request = request ?? Record.Body()
        row.row.record.response = response ?? Record.Body()
      }
      exported.append(row)
    }
    return exported
  }

  /// The texts of all blobs that envelopes refer to.
  private func blobs(_ envelopes: [(request: FiledEnvelope, response: FiledEnvelope)]) throws(Fault) -> [Int: [UInt8]] {
    let list = Array(Set(envelopes.flatMap { $0.request.blobs + $0.response.blobs }))
    let rows = try database.rows("SELECT data FROM blob WHERE id = $1", each: list.map { [.int($0)] })
    var texts: [Int: [UInt8]] = [:]
    for (id, row) in zip(list, rows) { texts[id] = row.first.flatMap { zstd.unpack($0.bytes(0)) } }
    return texts
  }

  /// One side; empty when there was none, nil when it isn't what was recorded.
  private static func body(_ cells: Cells, _ column: Int, _ envelope: FiledEnvelope?, _ texts: [Int: [UInt8]]) -> Record.Body? {
    guard let size = cells.optionalInt(column) else { return Record.Body() }
    guard let envelope, let bytes = Envelope.open(envelope.bytes, envelope.blobs.map { texts[$0] }), bytes.count == size,
      Digest.sha256(bytes) == cells.bytes(column + 1)
    else { return nil }
    var body = Record.Body(bytes, type: cells.text(column + 2), coding: cells.text(column + 3))
    body.isCut = cells.bool(column + 4)
    return body
  }

  /// Of some last turns, which are the history of others among them. Numbers of turns grow from the first to the last of a conversation,
  /// so one way through the table from its end is enough, and takes a bit for each turn.
  package func inner(of leaves: [Int]) throws(Fault) -> BitSet {
    var reached = BitSet()
    var inner = BitSet()
    for leaf in leaves { reached.insert(leaf) }
    var place = Int.max
    while true {
      let rows = try database.rows(
        "SELECT id, parent FROM node WHERE id < $1 ORDER BY id DESC LIMIT $2", [.int(place), .int(Self.nodePage)])
      for row in rows where reached.contains(row.int(0)) {
        guard let parent = row.optionalInt(1) else { continue }
        reached.insert(parent)
        inner.insert(parent)
      }
      guard rows.count == Self.nodePage, let last = rows.last else { return inner }
      place = last.int(0)
    }
  }

  private static let nodePage = 10_000
}

/// Small numbers, a bit for each up to the largest.
package struct BitSet: Sendable {
  private var words: [UInt64] = []

  /// No number.
  package init() {}

  /// Adds a number; false when it was there. Negative ones are ignored.
  @discardableResult
  package mutating func insert(_ number: Int) -> Bool {
    guard number >= 0 else { return false }
    while words.count <= number >> 6 { words.append(0) }
    let bit: UInt64 = 1 << UInt64(number & 63)
    defer { words[number >> 6] |= bit }
    return words[number >> 6] & bit == 0
  }

  /// The numbers, ascending.
  package var members: some Sequence<Int> {
    words.indices.lazy.flatMap { [words] place in (0..<64).lazy.filter { words[place] >> UInt64($0) & 1 == 1 }.map { place << 6 | $0 } }
  }

  /// Whether there is none.
  package var isEmpty: Bool { words.isEmpty }

  /// Whether a number is there.
  package func contains(_ number: Int) -> Bool {
    number >= 0 && number >> 6 < words.count && words[number >> 6] >> UInt64(number & 63) & 1 == 1
  }
}

extension Archive {
  /// The turns before others, by their numbers; first turns are missing.
  package func parents(of nodes: [Int]) throws(Fault) -> [Int: Int] {
    let rows = try database.rows("SELECT parent FROM node WHERE id = $1", each: nodes.map { [.int($0)] })
    var parents: [Int: Int] = [:]
    for (node, row) in zip(nodes, rows) { parents[node] = row.first?.optionalInt(0) }
    return parents
  }

  /// The model's turns of the conversation that ends on a turn, by their numbers, the first one first.
  package func modelTurns(to leaf: Int) throws(Fault) -> [Int] {
    try database.rows(
      """
      WITH RECURSIVE chain (id, parent, role) AS (
      SELECT id, parent, role FROM node WHERE id = $1 UNION ALL
      SELECT node.id, node.parent, node.role FROM node JOIN chain ON node.id = chain.parent)
      SELECT id FROM chain WHERE role = 'assistant' ORDER BY id
      """, [.int(leaf)]
    ).map { $0.int(0) }
  }

  /// For each of some turns the place of the first record that ended on it and did not fail.
  package func endings(on turns: BitSet) throws(Fault) -> [Int: Int] {
    var endings: [Int: Int] = [:]
    var place = 0
    while !turns.isEmpty {
      let rows = try database.rows(
        """
        SELECT seq, leaf FROM exchange WHERE seq > $1 AND leaf IS NOT NULL AND (complete = 1 OR finish = 'length') ORDER BY seq LIMIT $2
        """, [.int(place), .int(Self.nodePage)])
      for row in rows where turns.contains(row.int(1)) && endings[row.int(1)] == nil { endings[row.int(1)] = row.int(0) }
      guard rows.count == Self.nodePage, let last = rows.last else { break }
      place = last.int(0)
    }
    return endings
  }
}
