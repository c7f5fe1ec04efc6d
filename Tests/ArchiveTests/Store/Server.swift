import Glibc
import Synchronization

@testable import Archive

/// A PostgreSQL server of the tests' own, in a folder of its own, heard only through a socket there.
///
/// It refuses to run as root, so root lends it another user. A shell stops it when the tests have ended, however they did.
final class Server: Sendable {
  static let shared = Result { try Server() }

  let folder: String
  private let databases = Atomic(0)

  private init() throws {
    var template = Array("/tmp/apus-pg-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Folder.Failure() }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try Shell.run(
      """
      set -e
      bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
      if [ "$(id -u)" = 0 ]; then
        user=postgres; id -u $user >/dev/null 2>&1 || user=nobody
        chown $user '\(folder)'; as="runuser -u $user --"
      fi
      cd '\(folder)'
      $as $bin/initdb -D data -U postgres -A trust -N --no-locale -E UTF8 >log 2>&1 || { cat log >&2; exit 1; }
      $as $bin/pg_ctl -D data -l log2 -w -o "-k '\(folder)' -c listen_addresses='' -c fsync=off -c full_page_writes=off" start >log3 2>&1 ||
        { cat log2 log3 >&2; exit 1; }
      (while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done
       $as $bin/pg_ctl -D data -m immediate stop; rm -rf '\(folder)') >/dev/null 2>&1 </dev/null &
      """)
  }

  /// The location of a new, empty database.
  func makeDatabase() throws -> String {
    let name = "d\(databases.add(1, ordering: .relaxed).newValue)"
    try Shell.run("psql -q -h '\(folder)' -U postgres -c 'CREATE DATABASE \(name)' postgres")
    return "postgres://postgres@/\(name)?host=\(folder)"
  }
}

/// The two databases that must behave alike.
enum Kind: String, CaseIterable, Sendable { case sqlite, postgres }

/// A new archive's place.
struct Place {
  let location: String
  private let folder: Folder?

  init(_ kind: Kind) throws {
    switch kind {
    case .sqlite:
      let folder = try Folder()
      self.folder = folder
      location = "sqlite:\(folder.path)/archive.db"
    case .postgres:
      folder = nil
      location = try Server.shared.get().makeDatabase()
    }
  }

  /// An archive that is written. It may outlive its folder: its files are open.
  func open() throws -> Archive { try Archive.open(location, mode: .write) }
}
