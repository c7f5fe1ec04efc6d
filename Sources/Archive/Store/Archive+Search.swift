package import Base

// What full text needs, which the two databases do each in its own way.
extension Archive {
  /// Makes an exchange findable by what was said in it.
  func index(_ words: Words, seq: Int) throws(Fault) {
    guard words.count > 0 else { return }
    switch database.flavor {
    case .sqlite:
      try database.run(
        "INSERT INTO search (rowid, terms) VALUES ($1, $2)", [.int(seq), .bytes(words.text)])
    case .postgres:
      for part in SearchVector.parts(of: words) {
        try database.run("INSERT INTO search (seq, vector) VALUES ($1, $2::tsvector)", [.int(seq), .text(part)])
      }
    }
  }

  /// Merges some parts of the index, so that a search looks into few; whether there may be more to do. For when nothing is to be filed.
  package func mergeSearch() throws(Fault) -> Bool {
    guard database.flavor == .sqlite else { return false }
    let before = try changes()
    try database.run("INSERT INTO search (search, rank) VALUES ('merge', \(Self.mergeSize))")
    // Fewer than two changes: there was nothing to merge. Source: https://sqlite.org/fts5.html §6.7
    return try changes() - before >= 2
  }

  /// The pages of 4 KB that one step writes.
  private static let mergeSize = 300

  private func changes() throws(Fault) -> Int { try database.rows("SELECT total_changes()")[0].int(0) }

  /// Makes exchanges unfindable; their nodes must still be there, because FTS5 wants to be told what it is to forget.
  func unindex(_ exchanges: [(seq: Int, leaf: Int?, said: Int)]) throws(Fault) {
    guard database.flavor == .sqlite else {
      for exchange in exchanges { try database.run("DELETE FROM search WHERE seq = $1", [.int(exchange.seq)]) }
      return
    }
    for exchange in exchanges {
      guard let leaf = exchange.leaf else { continue }
      let words = Words(of: try chain(to: leaf, from: exchange.said).map(\.words))
      guard words.count > 0 else { continue }
      try database.run(
        "INSERT INTO search (search, rowid, terms) VALUES ('delete', $1, $2)",
        [.int(exchange.seq), .bytes(words.text)])
    }
  }
}

/// Words as PostgreSQL's `tsvector`, with their places.
///
/// A vector holds places up to 16,383, and 256 of each word; so long texts are kept in parts, which overlap by the longest phrase less one.
/// Source: https://www.postgresql.org/docs/15/textsearch-limitations.html
enum SearchVector {
  static let partLength = 2000

  static func parts(of words: Words) -> [String] {
    let list = words.list
    return stride(from: 0, to: max(1, list.count - SearchText.limit + 1), by: partLength).map { start in
      vector(list[start..<min(list.count, start + partLength + SearchText.limit - 1)])
    }
  }

  private static func vector(_ words: ArraySlice<ArraySlice<UInt8>>) -> String {
    var places: [ArraySlice<UInt8>: [Int]] = [:]
    for (place, word) in words.enumerated() { places[word, default: []].append(place + 1) }
    var text: [UInt8] = []
    for (word, places) in places {
      text += [UInt8(ascii: "'")] + word + "':".utf8
      text += places.prefix(256).map(String.init).joined(separator: ",").utf8
      text.append(32)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
