import Base
import Testing

@testable import Archive

@Suite struct `An archive` {
  @Test func `gives back what was filed`() throws {
    let folder = try Folder()
    let archive = try Archive.open("sqlite:\(folder.path)/a.db", mode: .write)
    let entry = Sample("A1", [("system", text(0)), ("user", text(1)), ("assistant", text(2))]).entry
    try archive.write([entry], spool: "s", positions: ["1": 10])
    #expect(try archive.find("A1") == entry.row)
    let bodies = try #require(try archive.bodies("A1"))
    #expect(bodies.request?.bytes == entry.request?.bytes)
    #expect(bodies.response?.bytes == entry.response?.bytes)
    #expect(try archive.turns("A1") == entry.turns)
    #expect(try archive.position(spool: "s") == ["1": 10])
    var filter = Filter()
    filter.text = "1 \"turn 1\""
    var ids: [String] = []
    try archive.list(filter) { row, _ in
      ids.append(row.record.id)
      return true
    }
    #expect(ids == ["A1"])
  }
}
