package import Base

extension Archive {
  /// A record's columns; nil when there is none of that id.
  package func find(_ id: String) throws(Fault) -> Row? {
    try database.rows("SELECT \(ExchangeRow.columns) FROM exchange WHERE id = $1", [.text(id)]).first.map(ExchangeRow.row)
  }

  /// What a client sent and got, byte for byte; nil for a record that keeps none. Throws `damaged` when they can't be rebuilt.
  package func bodies(_ id: String) throws(Fault) -> (request: Record.Body?, response: Record.Body?)? {
    let sql = "SELECT body.* FROM body JOIN exchange ON exchange.seq = body.seq WHERE exchange.id = $1"
    guard let cells = try database.rows(sql, [.text(id)]).first else { return nil }
    guard let envelopes = envelopes(cells.bytes(11)) else { throw Fault(.damaged, detail: "body of \(id)") }
    return (try body(cells, 1, envelopes.request, id), try body(cells, 6, envelopes.response, id))
  }

  /// The conversation up to a record and with its reply; empty for what is no conversation.
  package func turns(_ id: String) throws(Fault) -> [Turn] {
    guard let leaf = try database.rows("SELECT leaf FROM exchange WHERE id = $1", [.text(id)]).first?.optionalInt(0) else { return [] }
    return try chain(to: leaf, from: 0)
  }

  /// The turns from a depth on to a node.
  func chain(to leaf: Int, from depth: Int) throws(Fault) -> [Turn] {
    let rows = try database.rows(
      """
      WITH RECURSIVE chain (id, parent, depth, hash, role, data) AS (
      SELECT id, parent, depth, hash, role, data FROM node WHERE id = $1 UNION ALL
      SELECT node.id, node.parent, node.depth, node.hash, node.role, node.data FROM node JOIN chain ON node.id = chain.parent
      WHERE node.depth >= $2) SELECT depth, hash, role, data FROM chain
      """, [.int(leaf), .int(depth)])
    var turns: [Turn] = []
    for row in rows.sorted(by: { $0.int(0) < $1.int(0) }) {
      guard let text = zstd.unpack(row.bytes(3)).flatMap(NodeText.split) else { throw Fault(.damaged, detail: "a node above \(leaf)") }
      turns.append(Turn(hash: row.bytes(1), role: row.text(2), canonical: text.canonical, words: text.words))
    }
    return turns
  }

  /// The two envelopes of a row of `body` with the numbers of their blobs; nil when it is damaged.
  func envelopes(_ data: [UInt8]) -> (request: FiledEnvelope, response: FiledEnvelope)? {
    guard let (packed, blobs) = Envelope.unfile(data), let text = zstd.unpack(packed),
      let (request, response) = Envelope.split(text), let count = Envelope.blobCount(in: request), count <= blobs.count
    else { return nil }
    return (FiledEnvelope(bytes: request, blobs: Array(blobs[..<count])), FiledEnvelope(bytes: response, blobs: Array(blobs[count...])))
  }

  /// The body of an envelope; nil when a blob of it is missing.
  func open(_ envelope: FiledEnvelope) throws(Fault) -> [UInt8]? {
    let rows = try database.rows("SELECT data FROM blob WHERE id = $1", each: envelope.blobs.map { [.int($0)] })
    return Envelope.open(envelope.bytes, rows.map { $0.first.flatMap { zstd.unpack($0.bytes(0)) } })
  }

  /// The body whose columns begin at one; nil when there is none.
  private func body(_ cells: Cells, _ column: Int, _ envelope: FiledEnvelope, _ id: String) throws(Fault) -> Record.Body? {
    guard let size = cells.optionalInt(column) else { return nil }
    guard let bytes = try open(envelope), bytes.count == size, Digest.sha256(bytes) == cells.bytes(column + 1) else {
      throw Fault(.damaged, detail: "body of \(id)")
    }
    var body = Record.Body(bytes, type: cells.text(column + 2), coding: cells.text(column + 3))
    body.isCut = cells.bool(column + 4)
    return body
  }
}

/// An envelope with the numbers of its blobs.
struct FiledEnvelope {
  let bytes: [UInt8]
  let blobs: [Int]
}
