internal import Base

/// A connection to a PostgreSQL server.
///
/// Statements are sent in a pipeline: `run` only hands them on, and their outcomes are read together, at the latest by `commit`. So a batch
/// of records takes a handful of round trips. Source: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
final class PostgreSQL: Database {
  let flavor = Flavor.postgres
  private let location: Secret
  private let writes: Bool
  private var connection: PostgreSQLConnection?
  private var isInTransaction = false

  /// The statements that are sent before their outcomes are read, and the bytes of their values.
  static let pipelineLimit = 500
  static let pipelineBytes = 8 << 20
  /// The number of the lock that whoever writes an archive holds. Two gateways never write at once, so that `seq` is the order of commits
  /// and nobody removes a blob that another has just found.
  static let lock = 0x6170_7573  // "apus"

  /// Connects to `postgres://…`, whose password is never shown.
  init(_ location: Secret, writes: Bool) throws(Fault) {
    self.location = location
    self.writes = writes
    _ = try connected()
  }

  func run(_ sql: String, _ values: [Value]) throws(Fault) {
    try use { connection throws(Fault) in
      try connection.send(sql, values, wantsRows: false)
      if !isInTransaction || connection.isFull { _ = try connection.settle() }
    }
  }

  func rows(_ sql: String, each lists: [[Value]]) throws(Fault) -> [[Cells]] {
    var all: [[Cells]] = []
    var rest = lists[...]
    while !rest.isEmpty {
      try use { connection throws(Fault) in
        for values in rest.prefix(Self.pipelineLimit) { try connection.send(sql, values, wantsRows: true) }
        all += try connection.settle()
      }
      rest = rest.dropFirst(Self.pipelineLimit)
    }
    return all
  }

  func begin() throws(Fault) {
    isInTransaction = true
    do {
      _ = try connected()
      try run("BEGIN")
      _ = try rows("SELECT pg_advisory_xact_lock($1)", [.int(Self.lock)])
    } catch {
      rollback()
      throw error
    }
  }

  func commit() throws(Fault) {
    _ = try rows("COMMIT")
    isInTransaction = false
  }

  /// The server undoes what a connection leaves unfinished.
  func rollback() {
    isInTransaction = false
    connection = nil
  }

  /// A connection on which anything failed is not used again: what it has prepared is no longer known.
  private func use<Result>(_ body: (PostgreSQLConnection) throws(Fault) -> Result) throws(Fault) -> Result {
    // A transaction can't go on over another connection.
    if isInTransaction, connection?.isUsable != true { throw Fault(.lost) }
    do {
      return try body(connected())
    } catch {
      connection = nil
      throw error
    }
  }

  private func connected() throws(Fault) -> PostgreSQLConnection {
    if let connection, connection.isUsable { return connection }
    let connection = try PostgreSQLConnection(location, writes: writes)
    self.connection = connection
    return connection
  }
}
