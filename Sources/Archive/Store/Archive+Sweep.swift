package import Base

extension Archive {
  /// Removes a little of what is too old or too much, and says whether there is more to do.
  ///
  /// Whole eras go, the oldest first, never the present one: those whose last record is older than `time` (milliseconds since 1970), and
  /// one after the other while all takes more than `bytes`. A step is one short transaction, so that the ingester and readers go on between
  /// two.
  package func sweep(olderThan time: Int? = nil, largerThan bytes: Int? = nil) throws(Fault) -> Bool {
    if let keep = try firstKept(olderThan: time, largerThan: bytes) {
      return try database.transaction { () throws(Fault) in try remove(before: keep) }
    }
    return try giveBack()
  }

  /// The rows that one step removes.
  static let sweepSize = 300

  /// The first era that stays; nil when all do.
  private func firstKept(olderThan time: Int?, largerThan bytes: Int?) throws(Fault) -> Int? {
    let eras = try database.rows("SELECT id, newest FROM era ORDER BY id")
    guard let first = eras.first?.int(0), let last = eras.last?.int(0), first < last else { return nil }
    var keep = eras.first { $0.int(1) >= time ?? 0 }?.int(0) ?? last
    keep = min(keep, last)
    if keep == first, let bytes, try size() > bytes { keep = eras[1].int(0) }
    return keep > first ? keep : nil
  }

  private func remove(before era: Int) throws(Fault) -> Bool {
    if try removeExchanges(before: era) { return true }
    if try removeNodes(before: era) { return true }
    let blobs = try database.rows("SELECT id FROM blob WHERE era < $1 LIMIT $2", [.int(era), .int(Self.sweepSize)])
    for blob in blobs { try database.run("DELETE FROM blob WHERE id = $1", [.int(blob.int(0))]) }
    if blobs.isEmpty {
      // What was forgotten is still written in the older parts of the index, until they are merged: some more for every era.
      try database.run("DELETE FROM era WHERE id = (SELECT min(id) FROM era)")
      if database.flavor == .sqlite { try database.run("INSERT INTO search (search, rank) VALUES ('merge', -500)") }
    }
    return true
  }

  private func removeExchanges(before era: Int) throws(Fault) -> Bool {
    let rows = try database.rows(
      """
      SELECT exchange.seq, leaf, said, era, complete, error, coalesce(request_size, 0) + coalesce(response_size, 0) FROM exchange
      LEFT JOIN body ON body.seq = exchange.seq ORDER BY exchange.seq LIMIT $1
      """, [.int(Self.sweepSize)]
    ).filter { $0.int(3) < era }
    try unindex(rows.map { ($0.int(0), $0.optionalInt(1), $0.int(2)) })
    for row in rows {
      try database.run("DELETE FROM body WHERE seq = $1", [.int(row.int(0))])
      try database.run("DELETE FROM exchange WHERE seq = $1", [.int(row.int(0))])
      for table in ["review", "tag", "review_log"] { try database.run("DELETE FROM \(table) WHERE seq = $1", [.int(row.int(0))]) }
    }
    for (era, rows) in Dictionary(grouping: rows, by: { $0.int(3) }) { try discount(rows, from: era) }
    return !rows.isEmpty
  }

  /// Takes exchanges out of the figures of their era.
  private func discount(_ rows: [Cells], from era: Int) throws(Fault) {
    try database.run(
      "UPDATE era SET records = records - $1, incomplete = incomplete - $2, errors = errors - $3, raw = raw - $4 WHERE id = $5",
      [
        .int(rows.count), .int(rows.count { !$0.bool(4) }), .int(rows.count { !$0.text(5).isEmpty }),
        .int(rows.reduce(0) { $0 + $1.int(6) }),
        .int(era),
      ])
  }

  private func removeNodes(before era: Int) throws(Fault) -> Bool {
    // A turn goes before those above it, whose eras are no older and whose numbers are lower: a new turn must not find a broken chain.
    let sql = "SELECT id, parent FROM node WHERE era < $1 ORDER BY era, id DESC LIMIT $2"
    let rows = try database.rows(sql, [.int(era), .int(Self.sweepSize)])
    for row in rows {
      try database.run("DELETE FROM node WHERE id = $1", [.int(row.int(0))])
      if let parent = row.optionalInt(1) { try database.run("UPDATE node SET children = children - 1 WHERE id = $1", [.int(parent)]) }
    }
    return !rows.isEmpty
  }

  /// Gives pages back to the disk when many are free; PostgreSQL's vacuum does so itself.
  private func giveBack() throws(Fault) -> Bool {
    guard database.flavor == .sqlite else { return false }
    let free = try database.rows("PRAGMA freelist_count")[0].int(0)
    let all = try database.rows("PRAGMA page_count")[0].int(0)
    guard free > Self.spareLeast, free > all / 8 else { return false }
    _ = try database.rows("PRAGMA incremental_vacuum(\(Self.vacuumSize))")
    return true
  }

  /// Pages that stay free for what comes next, and those that one step gives back.
  static let spareLeast = 1000
  static let vacuumSize = 500
}
