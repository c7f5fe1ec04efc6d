package import Base

extension Archive {
  /// What an archive holds.
  package struct Stats: Sendable, Equatable {
    /// All records.
    package var exchanges = 0
    /// Those that aren't the beginning of another.
    package var conversations = 0
    /// Turns of conversations.
    package var nodes = 0
    /// Pieces that bodies share.
    package var blobs = 0
    /// What it takes on the disk, without what could be given back.
    package var storedBytes = 0
    /// The bodies as they were sent.
    package var rawBytes = 0
    /// Milliseconds since 1970; nil when it is empty.
    package var oldest: Int?
    /// Of the latest record; nil for none.
    package var newest: Int?
    /// Records whose answer is no whole one.
    package var incomplete = 0
    /// Records that ended in an error.
    package var errors = 0

    /// Of an archive with nothing in it.
    package init() {}
  }

  /// Counts what is there.
  package func stats() throws(Fault) -> Stats {
    let eras = try database.rows("SELECT \(Era.columns) FROM era ORDER BY id").map(Era.init)
    var stats = Stats()
    for era in eras where era.records > 0 {
      stats.exchanges += era.records
      stats.rawBytes += era.raw
      stats.incomplete += era.incomplete
      stats.errors += era.errors
      stats.oldest = min(stats.oldest ?? Int.max, era.oldest)
      stats.newest = max(stats.newest ?? 0, era.newest)
    }
    stats.conversations = try count("node WHERE children = 0")
    stats.nodes = try count("node")
    stats.blobs = try count("blob")
    stats.storedBytes = try size()
    return stats
  }

  /// The bytes that the tables take.
  func size() throws(Fault) -> Int {
    switch database.flavor {
    case .sqlite:
      let pages = try database.rows("PRAGMA page_count")[0].int(0) - database.rows("PRAGMA freelist_count")[0].int(0)
      return try pages * database.rows("PRAGMA page_size")[0].int(0)
    case .postgres:
      let sql = """
        SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        """
      return try database.rows(sql)[0].int(0)
    }
  }

  private func count(_ source: String) throws(Fault) -> Int { try database.rows("SELECT count(*) FROM \(source)")[0].int(0) }
}
