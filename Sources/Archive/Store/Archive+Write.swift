package import Base

extension Archive {
  /// Files a batch and, in the same transaction, how far its spool has been read: `positions` are bytes by segment.
  ///
  /// A record whose id is there already is skipped with all it would bring. About a hundred at a time is best, more than some thousands
  /// take too much memory.
  package func write(_ entries: [Entry], spool: String, positions: [String: Int]) throws(Fault) {
    do {
      try database.transaction { () throws(Fault) in
        let fresh = try unknown(entries)
        try filing.begin(database, now: clock(), isEmpty: fresh.isEmpty)
        try file(fresh)
        for (segment, place) in positions { try keep(place, spool, segment) }
        if !fresh.isEmpty { try filing.end(database) }
      }
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
    let bodies = entries.map { [$0.request, $0.response].map { $0.map(CutBody.init) } }
    try filing.blobs.look(up: bodies.joined().flatMap { $0?.hashes ?? [] }, in: database, "blob", era: filing.era.id)
    try filing.nodes.look(up: entries.flatMap { filing.unseen($0.turns) }, in: database, "node", era: filing.era.id)
    for (entry, bodies) in zip(entries, bodies) { try file(entry, bodies) }
  }

  private func file(_ entry: Entry, _ bodies: [CutBody?]) throws(Fault) {
    let seq = filing.nextSeq
    filing.nextSeq += 1
    filing.era.count(entry)
    let (leaf, said) = try file(entry.turns, firstOwn: entry.firstOwn)
    try database.run(ExchangeRow.insert, ExchangeRow.values(entry.row, seq: seq, era: filing.era.id, leaf: leaf, said: said))
    if entry.request != nil || entry.response != nil { try file(entry, bodies, seq: seq) }
    try index(entry.turns[min(said, entry.turns.count)...], seq: seq)
  }
}

// Bodies and turns.
extension Archive {
  private func file(_ entry: Entry, _ bodies: [CutBody?], seq: Int) throws(Fault) {
    let request = try envelope(bodies[0])
    let response = try envelope(bodies[1])
    var data: [UInt8] = []
    Varint.append(request.count, to: &data)
    data += request
    data += response
    try database.run(
      "INSERT INTO body VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      [.int(seq)] + columns(entry.request) + columns(entry.response) + [.bytes(zstd.pack(data))])
  }

  private func columns(_ body: FiledBody?) -> [Value] {
    guard let body else { return [.null, .null, .text(""), .text(""), .int(0)] }
    return [
      .int(body.bytes.count), .bytes(body.digest), .text(body.type.clipped(to: 256)), .text(body.coding.clipped(to: 256)),
      Value(body.isCut),
    ]
  }

  private func envelope(_ body: CutBody?) throws(Fault) -> [UInt8] {
    guard let body else { return [] }
    var blobs: [Int] = []
    for (piece, hash) in zip(body.pieces, body.hashes) {
      if let id = filing.blobs[hash] {
        blobs.append(id)
        continue
      }
      let id = filing.blobs.add(hash)
      blobs.append(id)
      try database.run(
        "INSERT INTO blob (id, key, era, hash, data) VALUES ($1, $2, $3, $4, $5)",
        [.int(id), .int(hash.key), .int(filing.era.id), .bytes(hash.bytes), .bytes(zstd.pack(Array(body.body.bytes[piece])))])
    }
    return Envelope(body.body, pieces: body.pieces, blobs: blobs).bytes
  }

  /// Files the turns that are new; the last one's node, and the depth of the first that was said here.
  private func file(_ turns: [Turn], firstOwn: Int) throws(Fault) -> (leaf: Int?, said: Int) {
    guard !turns.isEmpty else { return (nil, 0) }
    // A node is never without those before it: what is new is the end.
    let known = turns.lastIndex { filing.nodes[Hash($0.hash)] != nil }
    var parent = known.flatMap { filing.nodes[Hash(turns[$0].hash)] }
    let firstNew = known.map { $0 + 1 } ?? 0
    if firstNew < turns.count, let parent { try database.run("UPDATE node SET children = children + 1 WHERE id = $1", [.int(parent)]) }
    for depth in firstNew..<turns.count {
      parent = try insert(turns[depth], depth, under: parent, children: depth + 1 < turns.count ? 1 : 0)
    }
    return (parent, min(firstOwn, firstNew))
  }

  private func insert(_ turn: Turn, _ depth: Int, under parent: Int?, children: Int) throws(Fault) -> Int {
    let hash = Hash(turn.hash)
    let id = filing.nodes.add(hash)
    try database.run(
      "INSERT INTO node (id, key, era, parent, depth, children, role, hash, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        .int(id), .int(hash.key), .int(filing.era.id), Value(parent), .int(depth), .int(children), .text(turn.role.clipped(to: 64)),
        .bytes(turn.hash), .bytes(zstd.pack(NodeText.join(turn))),
      ])
    return id
  }
}

/// A body with the hashes of the pieces that become blobs.
struct CutBody {
  let body: FiledBody
  let pieces: [Range<Int>]
  let hashes: [Hash]

  init(_ body: FiledBody) {
    self.body = body
    pieces = Envelope.pieces(of: body)
    hashes = pieces.map { Hash(Digest.sha256(Array(body.bytes[$0]))) }
  }
}

/// What a node keeps of its turn, in one packed text: the words mostly stand in the canonical message too, and cost little there.
enum NodeText {
  static func join(_ turn: Turn) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(turn.canonical.count + turn.words.utf8.count + 4)
    Varint.append(turn.canonical.count, to: &text)
    text += turn.canonical
    text += turn.words.utf8
    return text
  }

  /// The canonical message and the words; nil for what `join` didn't make.
  static func split(_ text: [UInt8]) -> (canonical: [UInt8], words: String)? {
    var place = 0
    guard let count = Varint.read(text, at: &place), count <= text.count - place else { return nil }
    return (Array(text[place..<place + count]), String(decoding: text[(place + count)...], as: UTF8.self))
  }
}
