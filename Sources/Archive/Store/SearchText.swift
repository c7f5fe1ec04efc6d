/// What a search asks for: phrases that must all be there, in any order.
///
/// A phrase is what stands between quotation marks, or a run without spaces: `foo-bar`, `数据` and `"to be"` are one phrase each.
struct SearchText {
  /// The words of each phrase. None when there is no word at all: that finds nothing.
  private(set) var phrases: [[String]] = []

  /// How many words are looked at, of all phrases together.
  static let limit = 32
  /// How many bytes of a text are looked at.
  static let byteLimit = 2048

  init(_ text: String) {
    var quoted = false
    var left = Self.limit
    for part in Self.prefix(of: text).split(separator: "\"", omittingEmptySubsequences: false) {
      for run in quoted ? [part] : part.split(whereSeparator: \.isWhitespace) {
        let words = Words(of: String(run)).list.prefix(left).map { String(decoding: $0, as: UTF8.self) }
        left -= words.count
        if !words.isEmpty { phrases.append(words) }
      }
      quoted.toggle()
    }
  }

  /// For FTS5. The words hold nothing but letters and digits. Source: https://sqlite.org/fts5.html §3
  var match: String { phrases.map { "\"\($0.joined(separator: " "))\"" }.joined(separator: " ") }

  /// For PostgreSQL, a query for each phrase. Source: https://www.postgresql.org/docs/15/datatype-textsearch.html
  var queries: [String] { phrases.map { $0.map { "'\($0)'" }.joined(separator: " <-> ") } }

  private static func prefix(of text: String) -> String {
    String(decoding: text.utf8.prefix(byteLimit), as: UTF8.self)
  }
}
