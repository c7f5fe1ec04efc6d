import Testing

@testable import Archive

@Suite struct `Decisions on records` {
  private static func archive(_ place: Place) throws -> Archive {
    let archive = try Archive.open(place.location, mode: .write)
    let samples = (1...3).map { Sample("R\($0)", [("user", "q\($0)"), ("assistant", "a\($0)")]) }
    try archive.write(samples.map(\.entry), spool: "s", positions: [:])
    return archive
  }

  private func ids(_ archive: Archive, _ filter: Filter) throws -> [String] {
    var ids: [String] = []
    try archive.list(filter) { row, _ in
      ids.append(row.record.id)
      return true
    }
    return ids
  }

  @Test(arguments: Kind.allCases) func `choose records afterwards`(kind: Kind) throws {
    let place = try Place(kind)
    let archive = try Self.archive(place)
    let outcome = try archive.review(.state(.confirmed), ids: ["R1", "R3", "R9"], Filter(), who: "ann")
    #expect(outcome == Archive.ReviewOutcome(matched: 2, changed: 2, batch: 1))
    _ = try archive.review(.tag("math"), ids: ["R3"], Filter(), who: "ann")
    _ = try archive.review(.score(4), ids: ["R3"], Filter(), who: "ann")
    var filter = Filter()
    filter.state = .confirmed
    #expect(try ids(archive, filter) == ["R3", "R1"])
    filter.state = .new
    #expect(try ids(archive, filter) == ["R2"])
    filter.state = nil
    filter.tag = "math"
    #expect(try ids(archive, filter) == ["R3"])
    filter.tag = nil
    filter.leastScore = 5
    #expect(try ids(archive, filter) == [])
  }

  @Test(arguments: Kind.allCases) func `are remembered with who and when, and taken back one after the other`(kind: Kind) throws {
    let place = try Place(kind)
    let archive = try Self.archive(place)
    archive.clock = { 77 }
    _ = try archive.review(.state(.confirmed), Filter(), who: "ann")
    _ = try archive.review(.state(.rejected), ids: ["R2"], Filter(), who: "bob")
    #expect(try archive.review(of: "R2").review.state == .rejected)
    #expect(try archive.undoReview() == Archive.ReviewOutcome(matched: 1, changed: 1, batch: 2))
    #expect(try archive.review(of: "R2").review.state == .confirmed)
    #expect(try archive.undoReview()?.changed == 3)
    #expect(try archive.undoReview() == nil)
    let (review, events) = try archive.review(of: "R2")
    #expect(review == Review())
    #expect(
      events.map { "\($0.who) \($0.time) \($0.old) \($0.new) \($0.isUndone)" } == [
        "ann 77 new confirmed true", "bob 77 confirmed rejected true",
      ])
  }

  @Test(arguments: Kind.allCases) func `are only counted in a rehearsal, and change nothing that is so already`(kind: Kind) throws {
    let place = try Place(kind)
    let archive = try Self.archive(place)
    #expect(
      try archive.review(.tag("x"), Filter(), who: "ann", isRehearsal: true) == Archive.ReviewOutcome(matched: 3, changed: 3, batch: nil))
    #expect(try archive.review(of: "R1").review.tags == [])
    _ = try archive.review(.tag("x"), ids: ["R1"], Filter(), who: "ann")
    #expect(try archive.review(.tag("x"), Filter(), limit: 2, who: "ann").changed == 2)
    #expect(try archive.review(.untag("y"), Filter(), who: "ann") == Archive.ReviewOutcome(matched: 3, changed: 0, batch: nil))
  }
}
