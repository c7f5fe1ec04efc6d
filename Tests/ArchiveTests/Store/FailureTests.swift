import Base
import Testing

@testable import Archive

/// Fails at one of its statements.
private final class Failing: Database {
  let base: any Database
  var left = Int.max
  var flavor: Flavor { base.flavor }

  init(_ base: any Database) { self.base = base }

  private func count() throws(Fault) {
    left -= 1
    if left < 0 { throw Fault(.full) }
  }
  func run(_ sql: String, _ values: [Value]) throws(Fault) {
    try count()
    try base.run(sql, values)
  }
  func rows(_ sql: String, each lists: [[Value]]) throws(Fault) -> [[Cells]] {
    try count()
    return try base.rows(sql, each: lists)
  }
  func begin() throws(Fault) {
    try count()
    try base.begin()
  }
  func commit() throws(Fault) {
    try count()
    try base.commit()
  }
  func rollback() { base.rollback() }
}

private func trouble(_ body: () throws -> Void) -> StoreTrouble? {
  do {
    try body()
    return nil
  } catch {
    return (error as? Fault)?.storeTrouble
  }
}

@Suite struct `A failing archive` {
  @Test(arguments: Kind.allCases) func `has done nothing, and can do it later`(_ kind: Kind) throws {
    let location = try Place(kind)
    let plain = try Archive.open(location.location, mode: .write)
    let failing = Failing(plain.database)
    let archive = try Archive(failing, mode: .write)
    let calls = session("a", calls: 12)
    try archive.write(Array(calls[..<2]), spool: "s", positions: ["1": 2])
    for call in 2..<12 {
      let before = try plain.stats().nodes
      // Until it succeeds, at every statement that it has.
      failing.left = call
      var tries = 0
      while trouble({ try archive.write([calls[call]], spool: "s", positions: ["1": call + 1]) }) == .full {
        tries += 1
        failing.left = Int.max
        #expect(try plain.stats().nodes == before)
        #expect(try plain.ids().count == call)
        #expect(try plain.position(spool: "s") == ["1": call])
        failing.left = call + tries
      }
      failing.left = Int.max
      #expect(tries > 3)
      #expect(try plain.position(spool: "s") == ["1": call + 1])
    }
    #expect(try plain.stats().nodes == 25)
    #expect(try plain.ids() == calls.reversed().map(\.row.record.id))
    #expect(try plain.findings().isEmpty)
  }

  @Test func `tells of a full disk, and goes on when there is room`() throws {
    let archive = try Place(.sqlite).open()
    try archive.write(session("a", calls: 2), spool: "s", positions: [:])
    let pages = try archive.database.rows("PRAGMA page_count")[0].int(0)
    _ = try archive.database.rows("PRAGMA max_page_count = \(pages + 4)")
    let entries = (0..<50).map { Sample("b\($0)", [("user", text($0, 9000))]).entry }
    #expect(trouble { try archive.write(entries, spool: "s", positions: ["1": 1]) } == .full)
    #expect(try archive.stats().exchanges == 2)
    #expect(try archive.position(spool: "s").isEmpty)
    _ = try archive.database.rows("PRAGMA max_page_count = 1000000")
    try archive.write(entries, spool: "s", positions: ["1": 1])
    #expect(try archive.stats().exchanges == 52)
    #expect(try archive.findings().isEmpty)
  }

  @Test(arguments: Kind.allCases) func `tells of another's lock, and goes on when it is gone`(_ kind: Kind) throws {
    let place = try Place(kind)
    let archive = try Archive.open(place.location, mode: .write)
    let other = try Archive.open(place.location, mode: .write)
    try archive.database.run(kind == .sqlite ? "PRAGMA busy_timeout = 20" : "SET lock_timeout = '20ms'")
    try other.database.begin()
    #expect(trouble { try archive.write(session("a", calls: 2), spool: "s", positions: [:]) } == .busy)
    // Readers don't wait for a writer.
    #expect(try Archive.open(place.location, mode: .read).ids().isEmpty)
    other.database.rollback()
    try archive.write(session("a", calls: 2), spool: "s", positions: [:])
    #expect(try archive.stats().exchanges == 2)
  }

  @Test(arguments: Kind.allCases) func `is not written by a reader`(_ kind: Kind) throws {
    let place = try Place(kind)
    #expect(trouble { _ = try Archive.open(place.location, mode: .read) } == .missing)
    _ = try Archive.open(place.location, mode: .write)
    let reader = try Archive.open(place.location, mode: .read)
    #expect(trouble { try reader.write(session("a", calls: 2), spool: "s", positions: [:]) } == .readOnly)
    #expect(try reader.ids().isEmpty)
  }

  @Test func `connects again when the server has ended the connection`() throws {
    let place = try Place(.postgres)
    let archive = try Archive.open(place.location, mode: .write)
    let other = try Archive.open(place.location, mode: .write)
    let calls = session("a", calls: 6)
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    try archive.write(Array(calls[..<2]), spool: "s", positions: [:])
    _ = try other.database.rows(end)
    #expect(trouble { try archive.write(Array(calls[2..<4]), spool: "s", positions: [:]) } == .lost)
    try archive.write(Array(calls[2..<4]), spool: "s", positions: [:])
    // In the middle of a transaction.
    try archive.database.begin()
    _ = try other.database.rows(end)
    #expect(trouble { _ = try archive.database.rows("SELECT 1") } == .lost)
    #expect(trouble { _ = try archive.database.rows("SELECT 1") } == .lost)
    archive.database.rollback()
    try archive.write(calls, spool: "s", positions: [:])
    #expect(try archive.ids() == calls.reversed().map(\.row.record.id))
  }

  @Test(
    arguments: [
      ("mysql://u:hunter2@h/d", .location), ("hunter2", .location), ("sqlite:", .location), ("sqlite:/nowhere/hunter/a.db", .missing),
      ("postgres://u:hunter2@%zz/d", .location), ("postgres://u:hunter2@h:port/d", .lost), ("postgres://u:hunter2@127.0.0.1:1/d", .lost),
      ("postgresql://u@/d?host=/nowhere&password=hunter2", .lost), ("postgres://u:hunter2@/d?nonsense=hunter2", .location),
    ] as [(String, StoreTrouble)])
  func `never tells a password`(location: String, expected: StoreTrouble) {
    do {
      _ = try Archive.open(location, mode: .write)
      Issue.record("it opened")
    } catch {
      #expect(error.storeTrouble == expected)
      #expect(!error.description.contains("hunter2"))
    }
  }
}

@Suite struct `A schema` {
  @Test(arguments: Kind.allCases) func `is brought up to date by all steps that it lacks, or by none`(_ kind: Kind) throws {
    let place = try Place(kind)
    let first = try Archive.open(place.location, mode: .write)
    try first.write(session("a", calls: 3), spool: "s", positions: [:])
    let more = [
      Migration(common: ["ALTER TABLE exchange ADD COLUMN note TEXT NOT NULL DEFAULT ''"]),
      Migration(common: ["CREATE TABLE extra (id INTEGER PRIMARY KEY)", "CREATE TABLE extra (id INTEGER PRIMARY KEY)"]),
    ]
    #expect(trouble { _ = try Archive(first.database, mode: .write, steps: Schema.steps + more) } == .other)
    #expect(try Migration.version(of: first.database) == Schema.steps.count)
    let mended = Schema.steps + [more[0], Migration(common: ["CREATE TABLE extra (id INTEGER PRIMARY KEY)"])]
    #expect(trouble { _ = try Archive(first.database, mode: .read, steps: mended) } == .older)
    let second = try Archive(first.database, mode: .write, steps: mended)
    #expect(try second.ids().count == 3)
    #expect(try second.findings().isEmpty)
    #expect(trouble { _ = try Archive.open(place.location, mode: .write) } == .newer)
    #expect(trouble { _ = try Archive.open(place.location, mode: .read) } == .newer)
  }
}

@Suite struct `A verification` {
  @Test(arguments: Kind.allCases) func `names the records that aren't whole`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    try archive.write(session("a", calls: 5) + session("b", calls: 5) + session("c", calls: 5), spool: "s", positions: [:])
    try archive.write([Sample("d", [("user", "short")]).entry, Sample("e", [("user", "other")]).entry], spool: "s", positions: [:])
    #expect(try archive.findings().isEmpty)
    let damages: [(String, [String], String)] = [
      ("DELETE FROM blob WHERE id = (SELECT max(id) FROM blob)", ["c-4"], "A piece of the request is missing."),
      (
        "UPDATE node SET depth = 9 WHERE id = (SELECT leaf FROM exchange WHERE id = 'b-4')", ["b-4"],
        "The turns of the conversation don't follow each other."
      ),
      (
        "DELETE FROM node WHERE depth = 0 AND id = (SELECT min(id) FROM node)", (0..<5).map { "a-\($0)" },
        "A turn of the conversation is missing."
      ),
      ("UPDATE body SET data = $1 WHERE seq = (SELECT seq FROM exchange WHERE id = 'd')", ["d"], "The bodies can't be read."),
      (
        "UPDATE body SET response_hash = $1 WHERE seq = (SELECT seq FROM exchange WHERE id = 'e')", ["e"],
        "The response isn't what was sent."
      ),
    ]
    var expected: [Verification.Finding] = []
    for (sql, records, words) in damages {
      try archive.database.run(sql, sql.contains("$1") ? [.bytes([1, 2, 3])] : [])
      expected += records.map { Verification.Finding(record: $0, words: words) }
    }
    let findings = try archive.findings()
    #expect(findings.sorted { $0.record < $1.record } == expected.sorted { $0.record < $1.record })
    #expect(trouble { _ = try archive.bodies("c-4") } == .damaged)
    #expect(trouble { _ = try archive.bodies("d") } == .damaged)
  }

  @Test func `names a turn that isn't what was said`() throws {
    let archive = try Place(.sqlite).open()
    try archive.write(session("a", calls: 2), spool: "s", positions: [:])
    try archive.database.run(
      "UPDATE node SET data = (SELECT data FROM node WHERE depth = 1) WHERE id = (SELECT leaf FROM exchange WHERE id = 'a-1')")
    #expect(try archive.findings() == [Verification.Finding(record: "a-1", words: "A turn of the conversation isn't what was said.")])
  }
}
