internal import Base

/// What the writer remembers from batch to batch. Made anew after every fault, and then read from the tables again.
struct Filing {
  var era = Era()
  var nextSeq = 1
  var blobs = Found()
  var nodes = Found()

  /// Reads where the numbers stand, which another gateway may have moved, and begins an era when it is time.
  mutating func begin(_ database: any Database, now: Int, isEmpty: Bool) throws(Fault) {
    guard !isEmpty else { return }
    let last = try database.rows("SELECT \(Era.columns) FROM era ORDER BY id DESC LIMIT 1").first.map(Era.init)
    let numbers = try database.rows(
      "SELECT (SELECT max(seq) FROM exchange), (SELECT max(id) FROM blob), (SELECT max(id) FROM node)")[0]
    nextSeq = max(numbers.int(0), last?.lastSeq ?? 0) + 1
    let isOver = last.map { $0.isOver(now) } ?? true
    if isOver || last?.id != era.id {
      blobs.forget()
      nodes.forget()
    }
    blobs.begin(after: numbers.int(1))
    nodes.begin(after: numbers.int(2))
    era = isOver ? Era(id: (last?.id ?? 0) + 1, began: now, firstSeq: nextSeq) : last ?? Era()
  }

  mutating func end(_ database: any Database) throws(Fault) {
    era.lastSeq = nextSeq - 1
    try era.store(in: database)
  }

  /// The hashes of the turns behind the last one that is remembered: those before it are remembered to be there.
  func unseen(_ turns: [Turn]) -> [Hash] {
    var hashes: [Hash] = []
    for turn in turns.reversed() {
      let hash = Hash(turn.hash)
      if nodes[hash] != nil { break }
      hashes.append(hash)
    }
    return hashes
  }
}

/// The blobs or the nodes that this era is known to refer to, by their hashes.
struct Found {
  private var ids: [Hash: Int] = [:]
  private var nextID = 1

  /// How many are remembered between batches; about 8 MB.
  static let limit = 100_000

  subscript(hash: Hash) -> Int? { ids[hash] }

  mutating func forget() { ids.removeAll(keepingCapacity: true) }

  mutating func begin(after id: Int) {
    nextID = id + 1
    if ids.count > Self.limit { forget() }
  }

  /// Gives a new one its number.
  mutating func add(_ hash: Hash) -> Int {
    defer { nextID += 1 }
    ids[hash] = nextID
    return nextID
  }

  /// Finds those that are in the table, and says there that this era refers to them.
  mutating func look(up hashes: [Hash], in database: any Database, _ table: String, era: Int) throws(Fault) {
    let unknown = Array(Set(hashes.lazy.filter { [ids] in ids[$0] == nil }))
    guard !unknown.isEmpty else { return }
    let rows = try database.rows("SELECT id, era, hash FROM \(table) WHERE key = $1", each: unknown.map { [.int($0.key)] })
    for (hash, rows) in zip(unknown, rows) {
      guard let row = rows.first(where: { Hash($0.bytes(2)) == hash }) else { continue }
      ids[hash] = row.int(0)
      if row.int(1) != era { try database.run("UPDATE \(table) SET era = $1 WHERE id = $2", [.int(era), .int(row.int(0))]) }
    }
  }
}

/// About a thousand records that are removed together.
struct Era: Equatable {
  var id = 0
  /// Milliseconds since 1970, when its first record was filed.
  var began = 0
  var firstSeq = 0
  var lastSeq = 0
  /// The times of its records.
  var oldest = Int.max
  var newest = 0
  var records = 0
  var incomplete = 0
  var errors = 0
  /// Bytes of the bodies as they were sent.
  var raw = 0

  /// An era ends after so many records, or milliseconds.
  static let recordLimit = 1024
  static let duration = 3_600_000
  static let columns = "id, began, first_seq, last_seq, oldest, newest, records, incomplete, errors, raw"

  func isOver(_ now: Int) -> Bool { lastSeq - firstSeq >= Self.recordLimit - 1 || now - began >= Self.duration || now < began }

  mutating func count(_ entry: Entry) {
    let record = entry.row.record
    oldest = min(oldest, record.time)
    newest = max(newest, record.time)
    records += 1
    if !record.isComplete { incomplete += 1 }
    if !record.error.isEmpty { errors += 1 }
    raw += (entry.request?.bytes.count ?? 0) + (entry.response?.bytes.count ?? 0)
  }

  func store(in database: any Database) throws(Fault) {
    try database.run(
      """
      INSERT INTO era (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET
      last_seq = excluded.last_seq, oldest = excluded.oldest, newest = excluded.newest, records = excluded.records,
      incomplete = excluded.incomplete, errors = excluded.errors, raw = excluded.raw
      """, [id, began, firstSeq, lastSeq, oldest, newest, records, incomplete, errors, raw].map { .int($0) })
  }
}

extension Era {
  init(_ row: Cells) {
    self.init(
      id: row.int(0), began: row.int(1), firstSeq: row.int(2), lastSeq: row.int(3), oldest: row.int(4), newest: row.int(5),
      records: row.int(6), incomplete: row.int(7), errors: row.int(8), raw: row.int(9))
  }
}
