import Base
import Testing

@testable import Archive

@Suite struct `A list` {
  /// The record's number decides all its columns.
  static func entry(_ number: Int) -> Entry {
    var entry = Sample("\(number)", [("user", number % 4 == 0 ? "数据 four" : "three"), ("assistant", "answer")], time: number * 10).entry
    entry.row.record.model = ["gpt-5", "gpt-5-mini", "claude"][number % 3]
    entry.row.record.modelServed = number % 5 == 0 ? "gpt-5" : entry.row.record.model
    entry.row.record.provider = number % 2 == 0 ? "even" : "odd"
    entry.row.record.key = "key \(number % 4)"
    entry.row.record.clientWire = number % 3 == 0 ? "anthropic" : "openai-chat"
    entry.row.record.endpoint = number == 7 ? "embeddings" : "chat"
    entry.row.record.status = number % 6 == 0 ? 502 : number % 6 == 1 ? 503 : 200
    entry.row.record.error = number % 6 == 0 ? "broken" : number % 6 == 1 ? "overloaded" : ""
    entry.row.record.isComplete = number % 6 > 1
    entry.row.record.finish = number % 6 > 1 ? "stop" : ""
    entry.row.record.isStream = number % 2 == 0
    entry.row.hasTools = number % 4 < 2
    entry.row.hasCalls = number % 4 < 1
    return entry
  }

  static let filters: [(String, @Sendable (inout Filter) -> Void, @Sendable (Int) -> Bool)] = [
    ("all", { _ in }, { _ in true }),
    ("from", { $0.from = 200 }, { $0 >= 20 }),
    ("to", { $0.to = 200 }, { $0 < 20 }),
    ("within", { ($0.from, $0.to) = (200, 210) }, { $0 == 20 }),
    ("later", { $0.from = 100_000 }, { _ in false }),
    ("asked", { $0.model = "claude" }, { $0 % 3 == 2 }),
    ("asked or served", { $0.model = "gpt-5" }, { $0 % 3 == 0 || $0 % 5 == 0 }),
    ("pattern", { $0.model = "gpt-*" }, { $0 % 3 < 2 || $0 % 5 == 0 }),
    ("pattern with an end", { $0.model = "*5*mini" }, { $0 % 3 == 1 }),
    ("pattern of all", { $0.model = "*" }, { _ in true }),
    ("pattern of none", { $0.model = "x*" }, { _ in false }),
    ("no wildcard but a star", { $0.model = "gpt_5" }, { _ in false }),
    ("provider", { $0.provider = "odd" }, { $0 % 2 == 1 }),
    ("key", { $0.key = "key 3" }, { $0 % 4 == 3 }),
    ("wire", { $0.clientWire = "anthropic" }, { $0 % 3 == 0 }),
    ("endpoint", { $0.endpoint = "embeddings" }, { $0 == 7 }),
    ("status", { $0.status = 502...502 }, { $0 % 6 == 0 }),
    ("class", { $0.status = 500...599 }, { $0 % 6 < 2 }),
    ("class of none", { $0.status = 400...499 }, { _ in false }),
    ("class and models", { ($0.status, $0.model) = (200...599, "gpt-5*") }, { $0 % 3 < 2 || $0 % 5 == 0 }),
    ("class and text", { ($0.status, $0.text) = (500...599, "four") }, { $0 % 6 < 2 && $0 % 4 == 0 }),
    ("finish", { $0.finish = "stop" }, { $0 % 6 > 1 }),
    ("no finish", { $0.finish = "" }, { $0 % 6 < 2 }),
    ("complete", { $0.isComplete = true }, { $0 % 6 > 1 }),
    ("incomplete", { $0.isComplete = false }, { $0 % 6 < 2 }),
    ("stream", { $0.isStream = true }, { $0 % 2 == 0 }),
    ("whole", { $0.isStream = false }, { $0 % 2 == 1 }),
    ("calls", { $0.hasCalls = true }, { $0 % 4 == 0 }),
    ("no calls", { $0.hasCalls = false }, { $0 % 4 != 0 }),
    ("tools", { $0.hasTools = true }, { $0 % 4 < 2 }),
    ("calls in whole", { ($0.hasCalls, $0.isStream) = (true, false) }, { _ in false }),
    ("incomplete with tools", { ($0.isComplete, $0.hasTools) = (false, true) }, { $0 % 6 < 2 && $0 % 4 < 2 }),
    ("error", { $0.error = "broken" }, { $0 % 6 == 0 }),
    ("any error", { $0.error = "*" }, { $0 % 6 < 2 }),
    ("no error", { $0.error = "" }, { $0 % 6 > 1 }),
    ("text", { $0.text = "数据" }, { $0 % 4 == 0 }),
    ("no text", { $0.text = " % " }, { _ in false }),
    ("text and model", { ($0.text, $0.model) = ("four", "gpt-5") }, { $0 % 4 == 0 && ($0 % 3 == 0 || $0 % 5 == 0) }),
    ("text and pattern", { ($0.text, $0.model) = ("four", "gpt-5-*") }, { $0 % 4 == 0 && $0 % 3 == 1 }),
    ("quotes", { $0.provider = "' OR '1' = '1" }, { _ in false }),
    (
      "much",
      {
        ($0.from, $0.to, $0.model, $0.provider, $0.isStream, $0.isComplete, $0.error) = (100, 900, "gpt-*", "even", true, true, "")
        ($0.status, $0.finish, $0.text, $0.clientWire, $0.endpoint, $0.key) = (
          200...299, "stop", "answer \"数据\"", "openai-chat", "chat", "key 0"
        )
      }, { (10..<90).contains($0) && ($0 % 3 == 1 || $0 % 15 == 5) && $0 % 4 == 0 && $0 % 6 > 1 }
    ),
  ]

  @Test(arguments: Kind.allCases) func `holds what fits all of a filter, the latest first`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    for start in stride(from: 0, to: 120, by: 40) {
      try archive.write((start..<start + 40).map(Self.entry), spool: "s", positions: [:])
    }
    for (name, change, fits) in Self.filters {
      var filter = Filter()
      change(&filter)
      let expected = (0..<120).reversed().filter(fits).map { "\($0)" }
      #expect(try archive.ids(filter) == expected, "\(name)")
      #expect(try archive.ids(filter, limit: 3) == Array(expected.prefix(3)), "\(name)")
      #expect(try pages(of: 7, filter, archive) == expected, "\(name)")
    }
  }

  @Test(arguments: Kind.allCases) func `is read in pages to its end while records are added`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    for start in stride(from: 0, to: 1200, by: 400) {
      try archive.write((start..<start + 400).map(Self.entry), spool: "s", positions: [:])
    }
    var next = 1200
    let read = try pages(of: 99, Filter(), archive) {
      try archive.write([Self.entry(next)], spool: "s", positions: [:])
      next += 1
    }
    #expect(read == (0..<1200).reversed().map { "\($0)" })
    #expect(next > 1205)
    // More than are read at once, and an end before the end.
    #expect(try archive.ids().count == next)
    #expect(try archive.ids(limit: 700).count == 700)
    #expect(try archive.ids(limit: 0).isEmpty)
    var count = 0
    try archive.list(Filter()) { _, _ in
      count += 1
      return count < 600
    }
    #expect(count == 600)
  }

  static let leads: [(String, @Sendable (inout Filter) -> Void)] = [
    ("exchange_stream", { $0.isStream = true }),
    ("exchange_calls", { ($0.hasCalls, $0.isStream) = (true, true) }),
    ("exchange_incomplete", { ($0.isComplete, $0.hasTools, $0.isStream) = (false, true, true) }),
    ("exchange_tools", { ($0.hasTools, $0.hasCalls) = (true, false) }),
    ("exchange_failed", { ($0.error, $0.isStream) = ("*", true) }),
    ("exchange_model", { ($0.model, $0.isStream) = ("rare", true) }),
    ("exchange_key", { ($0.key, $0.isComplete) = ("rare", true) }),
  ]

  /// Of a million records some thousand may be what is asked for, or none: looking at all of them takes longer than anyone wants to wait.
  @Test(arguments: leads)
  func `is led by the index with the fewest records`(_ index: String, _ change: @Sendable (inout Filter) -> Void) throws {
    let archive = try Place(.sqlite).open()
    var filter = Filter()
    change(&filter)
    let selection = try #require(try archive.selection(filter))
    let plan = try archive.database.rows("EXPLAIN QUERY PLAN " + selection.sql, selection.values + [.int(Int.max), .int(50)])
    #expect(plan.contains { $0.text(3).contains("USING INDEX \(index) ") }, "\(plan.map { $0.text(3) })")
  }

  private func pages(of size: Int, _ filter: Filter, _ archive: Archive, between: () throws -> Void = {}) throws -> [String] {
    var ids: [String] = []
    var place: Int?
    while true {
      let before = ids.count
      try archive.list(filter, limit: size, after: place) { row, at in
        ids.append(row.record.id)
        place = at
        return true
      }
      if ids.count == before { return ids }
      try between()
    }
  }
}
