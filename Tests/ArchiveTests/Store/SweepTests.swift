import Base
import Testing

@testable import Archive

@Suite struct `A sweep` {
  /// Four eras, an hour each; a conversation goes on through all of them, others are only of theirs.
  private func archive(_ kind: Kind) throws -> Archive {
    let archive = try Place(kind).open()
    let long = session("long", calls: 40)
    var now = 0
    archive.clock = { now }
    for era in 0..<4 {
      now = era * Era.duration
      for batch in 0..<10 {
        var entries = session("of \(era) \(batch)", calls: 3, time: now)
        entries.append(long[era * 10 + batch])
        entries[3].row.record.time = now
        try archive.write(entries, spool: "s", positions: [:])
      }
    }
    return archive
  }

  private func sweep(_ archive: Archive, olderThan time: Int? = nil, largerThan bytes: Int? = nil) throws -> Int {
    var steps = 0
    while try archive.sweep(olderThan: time, largerThan: bytes) { steps += 1 }
    return steps
  }

  @Test(arguments: Kind.allCases) func `removes eras that are too old, and nothing that others need`(_ kind: Kind) throws {
    let archive = try archive(kind)
    #expect(try sweep(archive, olderThan: 0) == 0)
    #expect(try archive.stats().exchanges == 160)
    #expect(try sweep(archive, olderThan: 2 * Era.duration) > 3)
    let stats = try archive.stats()
    #expect(stats.exchanges == 80)
    #expect(stats.oldest == 2 * Era.duration)
    // 20 short conversations of 7 turns each, and the long one whole: its later calls repeat what was said before.
    #expect(stats.nodes == 20 * 7 + 81)
    #expect(stats.conversations == 21)
    #expect(try archive.turns("long-39").count == 81)
    #expect(try archive.findings().isEmpty)
    #expect(try archive.find("of 0 0-1") == nil)
    #expect(try archive.bodies("of 0 0-1") == nil)
    // No ghosts: what is found is there.
    #expect(try archive.search("\"of 1 3 answer\"").isEmpty)
    #expect(try archive.search("\"long answer 3\"").isEmpty)
    #expect(try archive.search("\"of 2 3 answer\"") == ["of 2 3-2", "of 2 3-1", "of 2 3-0"])
    #expect(try archive.search("\"answer 2\"").count == 20)
    #expect(try sweep(archive, olderThan: 2 * Era.duration) == 0)
    // The present era stays, however old.
    _ = try sweep(archive, olderThan: Int.max)
    #expect(try archive.stats().exchanges == 40)
    #expect(try archive.findings().isEmpty)
    // What was removed may come again.
    try archive.write(session("of 0 0", calls: 3), spool: "s", positions: [:])
    #expect(try archive.search("\"of 0 0 answer\"").count == 3)
    #expect(try archive.findings().isEmpty)
  }

  @Test(arguments: Kind.allCases) func `removes the oldest while all is too large`(_ kind: Kind) throws {
    let archive = try archive(kind)
    #expect(try sweep(archive, largerThan: 1 << 30) == 0)
    #expect(try sweep(archive, largerThan: 1) > 3)
    #expect(try archive.stats().exchanges == 40)
    #expect(try archive.findings().isEmpty)
    #expect(try archive.search("\"of 3 3 answer\"").count == 3)
  }

  @Test(arguments: Kind.allCases) func `may stop anywhere, and filing may go on between its steps`(_ kind: Kind) throws {
    let archive = try archive(kind)
    let again = session("long", calls: 40) + session("of 0 1", calls: 3) + session("of 1 9", calls: 3)
    var call = 0
    while try archive.sweep(olderThan: 3 * Era.duration) {
      var entry = again[call % again.count]
      entry.row.record.id += " again \(call)"
      entry.row.record.time = 4 * Era.duration
      try archive.write([entry], spool: "s", positions: [:])
      call += 1
      #expect(try archive.findings().isEmpty)
    }
    #expect(try archive.stats().exchanges == 40 + call)
  }

  @Test func `gives a file's pages back`() throws {
    let folder = try Folder()
    let archive = try Archive.open("sqlite:\(folder.path)/a.db", mode: .write)
    var now = 0
    archive.clock = { now }
    for batch in 0..<30 {
      now = batch < 29 ? 0 : Era.duration
      let entries = (0..<40).map { Sample("\(batch) \($0)", [("user", text(batch * 40 + $0, 20_000))], time: now).entry }
      try archive.write(entries, spool: "s", positions: [:])
    }
    let before = try archive.size()
    _ = try sweep(archive, olderThan: 1)
    #expect(try archive.size() < before / 10)
    let pages = try archive.database.rows("PRAGMA page_count")[0].int(0)
    let free = try archive.database.rows("PRAGMA freelist_count")[0].int(0)
    #expect(free <= max(Archive.spareLeast, pages / 8))
    #expect(try archive.findings().isEmpty)
  }

  @Test func `begins an era after a thousand records, an hour, or when the clock was set back`() throws {
    let archive = try Place(.sqlite).open()
    var now = 10 * Era.duration
    archive.clock = { now }
    func write(_ count: Int) throws -> Int {
      let first = try archive.stats().exchanges
      let entries = (first..<first + count).map { Sample("\($0)", [("user", "\($0)")]).entry }
      try archive.write(entries, spool: "s", positions: [:])
      return archive.filing.era.id
    }
    #expect(try write(1000) == 1)
    #expect(try write(23) == 1)
    #expect(try write(1) == 1)
    #expect(try write(2000) == 2)
    #expect(try write(1) == 3)
    now += Era.duration - 1
    #expect(try write(1) == 3)
    now += 1
    #expect(try write(1) == 4)
    now = 0
    #expect(try write(1) == 5)
  }
}
