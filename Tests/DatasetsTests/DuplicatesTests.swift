import Base
import Testing

@testable import Datasets

@Suite struct `Near duplicates` {
  private static func sample(_ question: String, _ answer: String) -> Sample {
    var sample = Sample()
    var client = ClientTurn()
    client.segments = [.init(content: Content(question))]
    var model = ModelTurn()
    model.text = answer
    sample.turns = [.client(client), .model(model)]
    return sample
  }

  private static func exact(_ question: String, _ answer: String) -> Fingerprint { Fingerprint(sample(question, answer), .exact) }
  private static func near(_ text: String, _ question: String = "q") -> Fingerprint { Fingerprint(sample(question, text), .near) }

  private static func words(_ seed: Int, _ count: Int) -> [String] { (0..<count).map { "w\((seed &* 7919 &+ $0 &* 104_729) % 5000)" } }

  @Test func `are the same up to case and spaces`() throws {
    var duplicates = Duplicates(.exact, among: 3)
    let none: (Int) throws(Fault) -> Set<UInt64>? = { _ in nil }
    #expect(try duplicates.add(Self.exact("Hi there", "Yes."), place: 1, again: none) == nil)
    #expect(try duplicates.add(Self.exact("hi  there", "yes"), place: 2, again: none) == "duplicate")
    #expect(try duplicates.add(Self.exact("hi there", "no"), place: 3, again: none) == nil)
  }

  /// Measured: of 300 pairs above 0.85 more than 98 % are found, of 300 below 0.6 none is called one.
  @Test func `are found where the runs of words are alike, and nowhere else`() throws {
    var (alike, found, apart, wrong) = (0, 0, 0, 0)
    for seed in 0..<600 {
      let text = Self.words(seed, 200)
      var other = text
      // Each changed word breaks up to five runs.
      let changes = seed < 300 ? 2 : 25
      for change in 0..<changes { other[(change * 37 + seed) % 200] = "changed\(change)" }
      let (one, two) = (Self.near(text.joined(separator: " ")), Self.near(other.joined(separator: " ")))
      let likeness = Shingles.likeness(one.runs, two.runs)
      var duplicates = Duplicates(.near, among: 2)
      _ = try duplicates.add(one, place: 1) { _ in nil }
      let isFound = try duplicates.add(two, place: 2) { _ in nil } == "near_duplicate"
      if likeness > 0.85 { (alike, found) = (alike + 1, found + (isFound ? 1 : 0)) }
      if likeness < 0.6 { (apart, wrong) = (apart + 1, wrong + (isFound ? 1 : 0)) }
    }
    #expect(alike > 250 && apart > 250)
    #expect(Double(found) / Double(alike) > 0.98)
    #expect(wrong == 0)
  }

  @Test func `are compared with what was said, read again when it is long ago`() throws {
    var duplicates = Duplicates(.near, among: 2100)
    let first = Self.near(Self.words(1, 100).joined(separator: " "))
    _ = try duplicates.add(first, place: 1) { _ in nil }
    for place in 2..<2100 {
      _ = try duplicates.add(Self.near(Self.words(place, 12).joined(separator: " "), "q\(place)"), place: place) { _ in nil }
    }
    var asked: [Int] = []
    let again = Self.near((Self.words(1, 100) + ["end"]).joined(separator: " "))
    let result = try duplicates.add(again, place: 3000) { place throws(Fault) in
      asked.append(place)
      return place == 1 ? first.runs : nil
    }
    #expect(result == "near_duplicate")
    #expect(asked.contains(1))
  }
}
