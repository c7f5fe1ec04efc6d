internal import Base
internal import CSQLite
internal import Glibc

/// A connection to a SQLite file.
///
/// The file is in WAL mode: readers never wait for the writer, nor it for them. A commit is safe against the end of the process; it
/// reaches the disk with the next checkpoint, unless `Archive.syncEveryCommit` wants it there at once. Source: https://sqlite.org/wal.html
@safe
final class SQLite: Database {
  let flavor = Flavor.sqlite
  private let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  /// Milliseconds that a statement waits for another connection's lock.
  static let patience = 5000

  /// Opens a file, which is made where there is none and `writes`.
  init(path: String, writes: Bool) throws(Fault) {
    if writes { try Self.makeFile(path) }
    var handle: OpaquePointer?
    let access = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
    let opened = unsafe sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard opened == SQLITE_OK, let handle = unsafe handle else {
      unsafe sqlite3_close_v2(handle)
      throw Fault(opened == SQLITE_CANTOPEN ? .missing : Self.trouble(opened), detail: "\(path): error \(opened) of SQLite")
    }
    unsafe self.handle = handle
    _ = unsafe sqlite3_busy_timeout(handle, Int32(Self.patience))
    for pragma in writes ? Self.writing : Self.reading { _ = try rows(pragma) }
  }

  deinit {
    // The statements may end later: SQLite waits for them.
    _ = unsafe sqlite3_close_v2(handle)
  }

  func run(_ sql: String, _ values: [Value]) throws(Fault) {
    let statement = try prepare(sql)
    defer { statement.reset() }
    statement.bind(values)
    while try step(statement) {}
  }

  func rows(_ sql: String, each lists: [[Value]]) throws(Fault) -> [[Cells]] {
    let statement = try prepare(sql)
    var all: [[Cells]] = []
    all.reserveCapacity(lists.count)
    for values in lists {
      defer { statement.reset() }
      statement.bind(values)
      var rows: [Cells] = []
      while try step(statement) { rows.append(statement.cells) }
      all.append(rows)
    }
    return all
  }

  func begin() throws(Fault) { try run("BEGIN IMMEDIATE") }
  func commit() throws(Fault) { try run("COMMIT") }
  func rollback() {
    // A full disk may have ended the transaction already.
    if unsafe sqlite3_get_autocommit(handle) == 0 { try? run("ROLLBACK") }
  }

  /// Before the first table: how pages are given back, then how the file is written.
  private static let writing = [
    "PRAGMA page_size = 8192", "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = OFF", "PRAGMA cache_size = -65536", "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
  ]
  private static let reading = ["PRAGMA cache_size = -16384", "PRAGMA mmap_size = 268435456", "PRAGMA temp_store = MEMORY"]

  /// Makes the file, for its owner's eyes only; SQLite gives those that stand beside it the same mode.
  private static func makeFile(_ path: String) throws(Fault) {
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw Fault(errno == ENOSPC ? .full : errno == ENOENT ? .missing : .readOnly, detail: "\(path): errno \(errno)")
    }
    close(file)
  }
}

extension SQLite {
  private func prepare(_ sql: String) throws(Fault) -> SQLiteStatement {
    if let statement = statements[sql] { return statement }
    var pointer: OpaquePointer?
    // `$2` is a name to SQLite, `?2` the second value.
    let text = sql.replacing("$", with: "?")
    let result = unsafe sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
    guard result == SQLITE_OK, let pointer = unsafe pointer else { throw fault(result) }
    let statement = unsafe SQLiteStatement(pointer)
    statements[sql] = statement
    return statement
  }

  /// Whether there is another row.
  private func step(_ statement: SQLiteStatement) throws(Fault) -> Bool {
    let result = statement.step()
    if result == SQLITE_ROW { return true }
    guard result == SQLITE_DONE else { throw fault(result) }
    return false
  }

  private func fault(_ result: Int32) -> Fault {
    // SQLite's words name tables and columns, never what is in them.
    let words = unsafe String(cString: sqlite3_errmsg(handle))
    return Fault(Self.trouble(result), detail: "error \(result) of SQLite: \(words)")
  }

  /// Source: https://sqlite.org/rescode.html
  private static func trouble(_ result: Int32) -> StoreTrouble {
    switch result & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN: .readOnly
    case SQLITE_FULL: .full
    case SQLITE_IOERR: .lost
    case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
    default: .other
    }
  }
}
