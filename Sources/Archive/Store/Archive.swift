package import Base

/// Where records are kept: a SQLite file, or a PostgreSQL database that several gateways share.
///
/// One connection, used by one thread at a time: the ingester has one that writes, each reader opens its own. All faults have a
/// `storeTrouble`; after one the archive is as it was before the call, and can be used again.
package final class Archive {
  let database: any Database
  let zstd = Zstd()
  /// For entries that nobody has prepared.
  let preparer = Preparer()
  var filing = Filing()
  /// Milliseconds since 1970, by which eras end.
  var clock: () -> Int = { Time.now.milliseconds }

  /// Who may write: the ingester; everybody else reads.
  package enum Mode: Sendable { case write, read }

  /// Opens `sqlite:PATH` or `postgres://…`. For writing, it makes the file and brings the tables up to date; for reading, both must be there.
  package static func open(_ location: String, mode: Mode) throws(Fault) -> Archive {
    try Archive(connect(location, mode: mode), mode: mode)
  }

  /// Makes the folder of `sqlite:PATH`, 0700, and those above it, where they are missing; nothing elsewhere. Throws `internal`.
  package static func makeFolder(of location: String) throws(Fault) {
    guard location.hasPrefix("sqlite:"), let slash = location.lastIndex(of: "/") else { return }
    let folder = String(location[..<slash].dropFirst(7))
    if !folder.isEmpty { try DataFolder.make(folder) }
  }

  /// Has every commit reach the disk itself. SQLite leaves that to the next checkpoint else; PostgreSQL does as its server is set.
  package func syncEveryCommit() throws(Fault) {
    if database.flavor == .sqlite { _ = try database.rows("PRAGMA synchronous = FULL") }
  }

  init(_ database: any Database, mode: Mode, steps: [Migration] = Schema.steps) throws(Fault) {
    self.database = database
    if mode == .write {
      try Migration.run(steps, on: database)
      return
    }
    let version = try Migration.version(of: database)
    guard version > 0 else { throw Fault(.missing) }
    guard version == steps.count else { throw Fault(version > steps.count ? .newer : .older) }
  }

  private static func connect(_ location: String, mode: Mode) throws(Fault) -> any Database {
    if location.hasPrefix("sqlite:"), location.utf8.count > 7 {
      return try SQLite(path: String(location.dropFirst(7)), writes: mode == .write)
    }
    if location.hasPrefix("postgres://") || location.hasPrefix("postgresql://") {
      return try PostgreSQL(Secret(location), writes: mode == .write)
    }
    // The location may hold a password, so no fault shows it.
    throw Fault(.location)
  }
}
