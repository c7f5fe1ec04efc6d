internal import Base

// What full text needs, which the two databases do each in its own way.
extension Archive {
  /// Makes an exchange findable by what was said in it.
  func index(_ turns: ArraySlice<Turn>, seq: Int) throws(Fault) {
    let words = Self.words(turns.lazy.map(\.words))
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

  /// Makes exchanges unfindable; their nodes must still be there, because FTS5 wants to be told what it is to forget.
  func unindex(_ exchanges: [(seq: Int, leaf: Int?, said: Int)]) throws(Fault) {
    guard database.flavor == .sqlite else {
      for exchange in exchanges { try database.run("DELETE FROM search WHERE seq = $1", [.int(exchange.seq)]) }
      return
    }
    for exchange in exchanges {
      guard let leaf = exchange.leaf else { continue }
      let texts = try chain(to: leaf, from: exchange.said).map(\.words)
      let words = Self.words(texts)
      guard words.count > 0 else { continue }
      try database.run(
        "INSERT INTO search (search, rowid, terms) VALUES ('delete', $1, $2)",
        [.int(exchange.seq), .bytes(words.text)])
    }
  }

  private static func words(_ texts: some Sequence<String>) -> Words {
    var words = Words()
    for text in texts { words.append(text) }
    return words
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
