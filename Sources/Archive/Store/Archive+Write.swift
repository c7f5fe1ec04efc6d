package import Base

extension Archive {
  /// Files a batch and, in the same transaction, how far its spool has been read: `positions` are bytes by segment.
  ///
  /// A record whose id is there already is skipped with all it would bring. A thousand at a time is best, many thousands take too much
  /// memory. Returns how many were new.
  @discardableResult
  package func write(_ entries: [Entry], spool: String, positions: [String: Int]) throws(Fault) -> Int {
    do {
      var count = 0
      try database.transaction { () throws(Fault) in
        let fresh = try unknown(entries)
        count = fresh.count
        try filing.begin(database, now: clock(), isEmpty: fresh.isEmpty)
        try file(fresh)
        for (segment, place) in positions { try keep(place, spool, segment) }
        if !fresh.isEmpty { try filing.end(database) }
      }
      return count
    } catch {
      // What was remembered of this batch isn't in the tables.
      filing = Filing()
      throw error
    }
  }

  /// How far a spool has been filed: bytes by segment.
  package func position(spool: String) throws(Fault) -> [String: Int] {
    let rows = try database.rows("SELECT segment, place FROM position WHERE spool = $1", [.text(spool)])
    return Dictionary(rows.map { ($0.text(0), $0.int(1)) }, uniquingKeysWith: max)
  }

  /// Forgets segments that are no more.
  package func forget(spool: String, segments: [String]) throws(Fault) {
    try database.transaction { () throws(Fault) in
      for segment in segments {
        try database.run("DELETE FROM position WHERE spool = $1 AND segment = $2", [.text(spool), .text(segment)])
      }
    }
  }

  private func keep(_ place: Int, _ spool: String, _ segment: String) throws(Fault) {
    try database.run(
      """
      INSERT INTO position (spool, segment, place) VALUES ($1, $2, $3)
      ON CONFLICT (spool, segment) DO UPDATE SET place = excluded.place
      """, [.text(spool), .text(segment), .int(place)])
  }

  /// The entries whose ids aren't there yet, each id once.
  private func unknown(_ entries: [Entry]) throws(Fault) -> [Entry] {
    let known = try database.rows("SELECT 1 FROM exchange WHERE id = $1", each: entries.map { [.text($0.row.record.id)] })
    var seen: Set<String> = []
    return zip(entries, known).filter { entry, known in known.isEmpty && seen.insert(entry.row.record.id).inserted }.map(\.0)
  }

  private func file(_ entries: [Entry]) throws(Fault) {
    let prepared = entries.map { $0.prepared ?? preparer.prepare($0) }
    try filing.blobs.look(up: prepared.flatMap { $0.pieces.map(\.hash) }, in: database, "blob", era: filing.era.id)
    try filing.nodes.look(up: entries.flatMap { filing.unseen($0.turns) }, in: database, "node", era: filing.era.id)
    for (entry, prepared) in zip(entries, prepared) { try file(entry, prepared) }
  }

  private func file(_ entry: Entry, _ prepared: Prepared) throws(Fault) {
    let seq = filing.nextSeq
    filing.nextSeq += 1
    filing.era.count(entry)
    let (leaf, said) = try file(entry.turns, prepared, firstOwn: entry.firstOwn)
    try database.run(ExchangeRow.insert, ExchangeRow.values(entry.row, seq: seq, era: filing.era.id, leaf: leaf, said: said))
    if entry.request != nil || entry.response != nil { try fileBodies(entry, prepared, seq: seq) }
    // Some of the history may be new as well.
    try index(said == entry.firstOwn ? prepared.words : Words(of: entry.turns[said...].lazy.map(\.words)), seq: seq)
  }
}

// Bodies and turns.
extension Archive {
  private func fileBodies(_ entry: Entry, _ prepared: Prepared, seq: Int) throws(Fault) {
    let data = Envelope.file(prepared.envelopes, blobs: try blobs(entry, prepared.pieces))
    try database.run(
      "INSERT INTO body VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      [.int(seq)] + columns(entry.request) + columns(entry.response) + [.bytes(data)])
  }

  private func columns(_ body: FiledBody?) -> [Value] {
    guard let body else { return [.null, .null, .text(""), .text(""), .int(0)] }
    return [
      .int(body.bytes.count), .bytes(body.digest), .text(body.type.clipped(to: 256)), .text(body.coding.clipped(to: 256)),
      Value(body.isCut),
    ]
  }

  /// The numbers of the pieces, of which those that are new are filed.
  private func blobs(_ entry: Entry, _ pieces: [Prepared.Piece]) throws(Fault) -> [Int] {
    var blobs: [Int] = []
    for (place, piece) in pieces.enumerated() {
      if let id = filing.blobs[piece.hash] {
        blobs.append(id)
        continue
      }
      let id = filing.blobs.add(piece.hash)
      blobs.append(id)
      let data = piece.data ?? zstd.pack(Envelope.piece(place, of: entry))
      try database.run(
        "INSERT INTO blob (id, key, era, hash, data) VALUES ($1, $2, $3, $4, $5)",
        [.int(id), .int(piece.hash.key), .int(filing.era.id), .bytes(piece.hash.bytes), .bytes(data)])
    }
    return blobs
  }

  /// Files the turns that are new; the last one's node, and the depth of the first that was said here.
  private func file(_ turns: [Turn], _ prepared: Prepared, firstOwn: Int) throws(Fault) -> (leaf: Int?, said: Int) {
    guard !turns.isEmpty else { return (nil, 0) }
    // A node is never without those before it: what is new is the end.
    let known = turns.lastIndex { filing.nodes[Hash($0.hash)] != nil }
    var parent = known.flatMap { filing.nodes[Hash(turns[$0].hash)] }
    let firstNew = known.map { $0 + 1 } ?? 0
    if firstNew < turns.count, let parent { try database.run("UPDATE node SET children = children + 1 WHERE id = $1", [.int(parent)]) }
    for depth in firstNew..<turns.count {
      let data = prepared.turns[depth] ?? zstd.pack(NodeText.join(turns[depth]))
      parent = try insert(turns[depth], data, depth, under: parent, children: depth + 1 < turns.count ? 1 : 0)
    }
    return (parent, min(firstOwn, firstNew))
  }

  private func insert(
    _ turn: Turn, _ data: [UInt8], _ depth: Int, under parent: Int?, children: Int
  ) throws(Fault) -> Int {
    let hash = Hash(turn.hash)
    let id = filing.nodes.add(hash)
    try database.run(
      "INSERT INTO node (id, key, era, parent, depth, children, role, hash, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        .int(id), .int(hash.key), .int(filing.era.id), Value(parent), .int(depth), .int(children), .text(turn.role.clipped(to: 64)),
        .bytes(turn.hash), .bytes(data),
      ])
    return id
  }
}
