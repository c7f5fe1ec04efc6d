import Base
import Testing

@testable import Archive

@Suite struct `An archive` {
  @Test(arguments: Kind.allCases) func `gives back what was filed, byte for byte`(_ kind: Kind) throws {
    let place = try Place(kind)
    let archive = try Archive.open(place.location, mode: .write)
    var entries = [Sample("A1", [("system", text(0)), ("user", text(1)), ("assistant", text(2))]).entry]
    entries += (0..<60).map(random)
    entries[3].row.record.losses = ["a:b", "c:d"]
    entries[3].row.record.tokens = Record.Tokens()
    entries[3].row.record.tokens?.cached = 7
    entries[3].row.record.firstByte = 0
    try archive.write(entries, spool: "s", positions: ["1": 10])
    let reader = try Archive.open(place.location, mode: .read)
    for entry in entries {
      let id = entry.row.record.id
      #expect(try reader.find(id) == entry.row)
      let bodies = try reader.bodies(id)
      #expect(bodies?.request == entry.request.map(body))
      #expect(bodies?.response == entry.response.map(body))
      #expect(try reader.turns(id) == entry.turns)
    }
    #expect(try reader.findings().isEmpty)
    #expect(try reader.find("none") == nil)
    #expect(try reader.bodies("none") == nil)
    #expect(try reader.turns("none").isEmpty)
  }

  @Test(arguments: Kind.allCases) func `keeps an agent's 40 calls once, as one conversation`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    let calls = session("agent", calls: 40)
    // Out of order, and in batches: the result is the same.
    for batch in [calls[20...], calls[..<5], calls[5..<20]] { try archive.write(Array(batch), spool: "s", positions: [:]) }
    let stats = try archive.stats()
    #expect(stats.exchanges == 40)
    #expect(stats.conversations == 1)
    #expect(stats.nodes == 81)
    #expect(stats.blobs == 80)  // The last answer was sent by nobody.
    #expect(stats.rawBytes == calls.reduce(0) { $0 + ($1.request?.bytes.count ?? 0) + ($1.response?.bytes.count ?? 0) })
    #expect(try archive.turns("agent-39").count == 81)
    #expect(try archive.findings().isEmpty)
    // Another answer to the same question is another conversation.
    var other = Sample("other", [("system", "s"), ("user", "u"), ("assistant", "1")])
    try archive.write([other.entry], spool: "s", positions: [:])
    other = Sample("other 2", [("system", "s"), ("user", "u"), ("assistant", "2")])
    try archive.write([other.entry], spool: "s", positions: [:])
    #expect(try archive.stats().conversations == 3)
  }

  @Test(arguments: Kind.allCases) func `files a record once, with its spool's place`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    let calls = session("a", calls: 6)
    try archive.write(Array(calls[..<4]), spool: "s", positions: ["1": 100, "2": 20])
    let before = try archive.stats()
    // A batch that comes again, and an id that comes twice in one.
    try archive.write(Array(calls[..<4]), spool: "s", positions: ["1": 100])
    #expect(try archive.stats() == before)
    try archive.write(calls + calls, spool: "s", positions: ["1": 150])
    #expect(try archive.ids() == calls.reversed().map(\.row.record.id))
    #expect(try archive.position(spool: "s") == ["1": 150, "2": 20])
    #expect(try archive.position(spool: "t").isEmpty)
    try archive.forget(spool: "s", segments: ["1", "9"])
    #expect(try archive.position(spool: "s") == ["2": 20])
    // Only a place.
    try archive.write([], spool: "t", positions: ["1": 1])
    #expect(try archive.position(spool: "t") == ["1": 1])
    #expect(try archive.findings().isEmpty)
  }

  @Test(arguments: Kind.allCases) func `is shared by several gateways`(_ kind: Kind) async throws {
    let place = try Place(kind)
    let location = place.location
    // Both make the tables, and file the same blobs and turns.
    try await withThrowingTaskGroup { group in
      for gateway in 0..<2 {
        group.addTask {
          let archive = try Archive.open(location, mode: .write)
          for call in session("same", calls: 30) {
            var entry = call
            entry.row.record.id += " of \(gateway)"
            try archive.write([entry], spool: "\(gateway)", positions: ["1": 1])
          }
        }
      }
      try await group.waitForAll()
    }
    let archive = try Archive.open(place.location, mode: .read)
    let stats = try archive.stats()
    #expect(stats.exchanges == 60)
    #expect(stats.nodes == 61)
    #expect(stats.blobs == 60)
    #expect(try archive.findings().isEmpty)
  }

  @Test(arguments: Kind.allCases) func `keeps names within their limits and texts without NUL`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    var entry = Sample("x", [("user\0", "a\0b \u{FFFF}"), ("assistant", String(repeating: "c", count: 100_000))]).entry
    entry.row.record.model = String(repeating: "模", count: 5000)
    entry.row.record.path = "/\0" + String(repeating: "p", count: 50_000)
    entry.row.record.errorMessage = String(repeating: "é", count: 50_000)
    entry.row.record.losses = (0..<10_000).map { "messages[\($0)]:dropped" }
    try archive.write([entry], spool: "s\0", positions: [:])
    let row = try #require(try archive.find("x"))
    #expect(row.record.model == String(repeating: "模", count: 85))
    #expect(row.record.path.utf8.count == 4096)
    #expect(row.record.errorMessage.utf8.count == 4096)
    var filter = Filter()
    filter.model = entry.row.record.model
    #expect(try archive.ids(filter) == ["x"])
    #expect(try archive.bodies("x")?.request?.bytes == entry.request?.bytes)
  }

  @Test func `is a file for its owner's eyes`() throws {
    let folder = try Folder()
    let archive = try Archive.open("sqlite:\(folder.path)/a.db", mode: .write)
    try archive.write(session("a", calls: 2), spool: "s", positions: [:])
    try Shell.run("cd '\(folder.path)' && test \"$(stat -c %a a.db a.db-wal a.db-shm | sort -u)\" = 600")
  }

  /// Bodies of any bytes, with pieces of any size.
  private func random(_ number: Int) -> Entry {
    var generator = Numbers(state: UInt64(number) + 1)
    var record = Record(id: "R\(number)", time: number)
    record.keeps = number % 7 == 0 ? .metadata : .full
    var entry = Entry(Row(record))
    guard record.keeps == .full else { return entry }
    entry.request = randomBody(&generator)
    if number % 5 != 0 { entry.response = randomBody(&generator) }
    return entry
  }

  @Test(arguments: Kind.allCases) func `takes entries prepared by one that has seen what it has not`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    let preparer = Preparer()
    let entries = session("a", calls: 3)
    for entry in entries { _ = preparer.prepare(entry) }
    try archive.write(
      entries.map { entry in
        var entry = entry
        entry.prepared = preparer.prepare(entry)
        return entry
      }, spool: "s", positions: [:])
    #expect(try archive.findings().isEmpty)
    #expect(try archive.turns("a-2") == entries[2].turns)
    #expect(try archive.bodies("a-2")?.request?.bytes == entries[2].request?.bytes)
    #expect(try archive.search("\"answer 1\"") == ["a-1"])
  }

  private func randomBody(_ generator: inout Numbers) -> FiledBody {
    let size = [0, 1, 63, 64, 95, 96, 4000, 100_000].randomElement(using: &generator) ?? 0
    // Few different bytes shrink, many don't.
    let letters = UInt8([1, 3, 255].randomElement(using: &generator) ?? 1)
    let bytes = (0..<size).map { _ in UInt8.random(in: 0...letters, using: &generator) }
    var shared: [Range<Int>] = []
    var place = 0
    while place < size {
      let start = Int.random(in: place...size, using: &generator)
      let end = Int.random(in: start...size, using: &generator)
      shared.append(start..<end)
      place = end + 1
    }
    var body = Record.Body(bytes, type: "audio/wav", coding: "br")
    body.isCut = size == 63
    return FiledBody(body, digest: Digest.sha256(bytes), shared: shared)
  }

  private func body(_ filed: FiledBody) -> Record.Body {
    var body = Record.Body(filed.bytes, type: filed.type, coding: filed.coding)
    body.isCut = filed.isCut
    return body
  }
}

/// The same numbers in every run. Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
