internal import Base
internal import CPostgreSQL
internal import Glibc

/// One connection of libpq in pipeline mode, with what has been sent and not been answered.
@safe
final class PostgreSQLConnection {
  private let pointer: OpaquePointer
  private var names: [String: String] = [:]
  private var pending: [Sent] = []
  private var bytes = 0

  /// What was sent, in the order of the answers.
  private enum Sent { case preparation, statement, query }

  /// Milliseconds without a byte of an answer, after which a server counts as lost; longer than a statement may take.
  static let patience: Int32 = 60_000
  private static let settings = "SET lock_timeout = '5s'; SET statement_timeout = '50s'; SET client_min_messages = error"

  init(_ location: Secret, writes: Bool) throws(Fault) {
    try Self.check(location)
    // What the location says wins over what stands before it.
    let names = CStrings(["connect_timeout", "application_name", "dbname", "client_encoding"])
    let values = CStrings(["5", "apus", location.exposed, "UTF8"])
    let made = unsafe names.withPointers { names in unsafe values.withPointers { unsafe PQconnectdbParams(names, $0, 1) } }
    guard let pointer = unsafe made else { throw Fault(.lost, detail: "no memory for a connection") }
    unsafe self.pointer = pointer
    guard isUsable else { throw Fault(.lost, detail: words) }
    // Notices go nowhere: they may quote values.
    _ = unsafe PQsetNoticeProcessor(pointer, { _, _ in }, nil)
    let readOnly = writes ? "" : "; SET default_transaction_read_only = on"
    try unsafe PostgreSQLResult(PQexec(pointer, Self.settings + readOnly)).check(words)
    guard unsafe PQsetnonblocking(pointer, 1) == 0, unsafe PQenterPipelineMode(pointer) == 1 else { throw Fault(.lost, detail: words) }
  }

  deinit {
    unsafe PQfinish(pointer)
  }

  var isUsable: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }
  /// Whether it is time to read outcomes.
  var isFull: Bool { pending.count >= PostgreSQL.pipelineLimit || bytes >= PostgreSQL.pipelineBytes }

  /// Sends a statement; its outcome is read by `settle`.
  func send(_ sql: String, _ values: [Value], wantsRows: Bool) throws(Fault) {
    let name = try prepare(sql)
    let strings = CStrings(values)
    bytes += strings.count
    let sent = unsafe strings.withPointers { pointers in
      unsafe PQsendQueryPrepared(pointer, name, Int32(values.count), pointers, strings.lengths, strings.formats, 1)
    }
    guard sent == 1 else { throw Fault(.lost, detail: words) }
    pending.append(wantsRows ? .query : .statement)
  }

  /// Reads all outcomes, and gives the rows of those that wanted some. Throws the first fault; after it the connection is of no more use.
  func settle() throws(Fault) -> [[Cells]] {
    guard unsafe PQpipelineSync(pointer) == 1 else { throw Fault(.lost, detail: words) }
    let sent = pending
    pending = []
    bytes = 0
    var rows: [[Cells]] = []
    for sent in sent {
      let result = try outcome()
      if case .query = sent { rows.append(result.rows) }
    }
    // The end of the pipeline is an outcome without an end of its own.
    _ = try next()
    return rows
  }

  private func prepare(_ sql: String) throws(Fault) -> String {
    if let name = names[sql] { return name }
    let name = "s\(names.count)"
    guard unsafe PQsendPrepare(pointer, name, sql, 0, nil) == 1 else { throw Fault(.lost, detail: words) }
    pending.append(.preparation)
    names[sql] = name
    return name
  }

  /// The one result of a statement, and its end.
  private func outcome() throws(Fault) -> PostgreSQLResult {
    let result = try next()
    try result.check(words)
    while try !next().isEnd {}
    return result
  }

  private func next() throws(Fault) -> PostgreSQLResult {
    while true {
      let flushed = unsafe PQflush(pointer)
      guard flushed >= 0 else { throw Fault(.lost, detail: words) }
      guard unsafe PQisBusy(pointer) == 1 else { return unsafe PostgreSQLResult(PQgetResult(pointer)) }
      var wait = pollfd(fd: unsafe PQsocket(pointer), events: Int16(POLLIN) | (flushed == 1 ? Int16(POLLOUT) : 0), revents: 0)
      let ready = unsafe poll(&wait, 1, Self.patience)
      guard ready != 0 else { throw Fault(.lost, detail: "the server was silent for \(Self.patience / 1000) s") }
      guard ready > 0 || errno == EINTR, unsafe PQconsumeInput(pointer) == 1 else { throw Fault(.lost, detail: words) }
    }
  }

  /// What libpq says of the connection; it names hosts and users, not passwords.
  private var words: String { unsafe String(cString: PQerrorMessage(pointer)).split(separator: "\n").joined(separator: " ") }

  /// A location that can't be read is quoted by libpq, so its words for it are not used.
  private static func check(_ location: Secret) throws(Fault) {
    let options = unsafe PQconninfoParse(location.exposed, nil)
    guard unsafe options != nil else { throw Fault(.location) }
    unsafe PQconninfoFree(options)
  }
}
