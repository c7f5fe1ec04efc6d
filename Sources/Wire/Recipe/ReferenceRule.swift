package import Base

/// Where a frame lists the sources that the answer uses.
package struct ReferenceRule: Sendable {
  /// What the frame must say.
  package var when: [(path: JSONPath, predicate: Predicate)] = []
  /// The sources.
  package var path: JSONPath
  /// What an element must say to be one.
  package var filter: [(path: JSONPath, predicate: Predicate)] = []
  /// The address; the first place that has one.
  package var url: [JSONPath] = []
  /// The title.
  package var title: [JSONPath] = []
  /// The words that are cited.
  package var snippet: [JSONPath] = []
  /// By what two sources are the same: `url` or `title`.
  package var key = Key.url

  /// By what two sources are the same.
  package enum Key: String, Sendable, CaseIterable {
    case url, title
  }

  private static let members = ["url", "title", "snippet", "site", "index", "date"]

  /// Reads `{when, path, where, fields, key}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    when = fields["when"]?.conditions() ?? []
    filter = fields["where"]?.conditions() ?? []
    let path = fields.required("path")?.jsonPath()
    for (name, value) in fields.required("fields")?.entries() ?? [] {
      guard value.choice(name, among: Self.members) != nil else { continue }
      let paths = value.jsonPaths()
      switch name {
      case "url": url = paths
      case "title": title = paths
      case "snippet": snippet = paths
      default: break  // known, and of no use to a citation
      }
    }
    key = fields["key"]?.choice(Key.self) ?? .url
    fields.end()
    if url.isEmpty { field.mistake("a reference needs the field url") }
    guard let path else { return nil }
    self.path = path
  }
}

/// A mark in the text that is replaced, such as a site's own form of citations.
///
/// A mark may be cut by the end of a piece: what can still become one is held back, at most `hold` bytes.
package struct CiteRule: Sendable {
  /// The mark; its groups are `$1`, `$2` in `to`.
  package var match: Pattern
  /// What stands in its place.
  package var to: String
  /// How the mark begins: literal texts that a held back piece must start with.
  package var opening: [String]
  /// How the mark ends: behind this it is one, or none. Nil when that can't be told.
  package var closing: String?
  /// The longest mark in bytes; beyond it the text goes out as it is.
  package var hold = 256
  /// The mark at the very start of a text.
  let anchored: Pattern

  /// Reads `{match, to, open, close, hold}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let match = fields.required("match")?.pattern()
    to = fields["to"]?.string() ?? ""
    opening = fields["open"]?.strings() ?? []
    closing = fields["close"]?.string()
    hold = fields["hold"]?.int(1...4096) ?? 256
    if opening.isEmpty, let match { opening = Self.opening(of: match.text).map { [$0] } ?? [] }
    closing = closing ?? match.flatMap { Self.closing(of: $0.text) }
    fields.end()
    guard let match, let anchored = try? Pattern("\\A(?:\(match.text))") else { return nil }  // nil: only its length can be wrong
    self.match = match
    self.anchored = anchored
    if opening.isEmpty || opening.contains("") {
      field.mistake("the pattern begins with no plain text; say in \"open\" how the mark begins")
    }
    if match.matches("") { field.mistake("the pattern fits the empty text") }
  }

  /// Whether the mark has no end of its own, so that it may take more of what comes.
  var isOpenEnded: Bool { closing == nil && (match.text.hasSuffix("+") || match.text.hasSuffix("*")) }

  /// Whether a text behind the opening holds what ends a mark, without having become one.
  func isOver(_ text: String) -> Bool { closing.map { text.contains($0) } ?? false }

  /// The plain text that a pattern ends with; nil when it ends in something else.
  private static func closing(of pattern: String) -> String? {
    guard !pattern.contains("|") || pattern.hasSuffix("\\]") || pattern.hasSuffix(">") else { return nil }
    var closing = ""
    var rest = pattern[...]
    while let last = rest.popLast() {
      let slashes = rest.reversed().prefix { $0 == "\\" }.count
      if slashes % 2 == 1 {
        guard !last.isLetter, !last.isNumber else { break }
        rest.removeLast()
      } else if "^$.|?*+()[]{}".contains(last) {
        break
      }
      closing = String(last) + closing
    }
    return closing.isEmpty ? nil : closing
  }

  /// The plain text that a pattern begins with; nil when it has alternatives at its top.
  private static func opening(of pattern: String) -> String? {
    var opening = ""
    var rest = pattern[...]
    while let next = rest.popFirst() {
      if next == "\\" {
        guard let escaped = rest.popFirst(), !escaped.isLetter, !escaped.isNumber else { break }
        opening.append(escaped)
      } else if "^$.|?*+()[]{}".contains(next) {
        if "?*{".contains(next) { opening = String(opening.dropLast()) }
        if next == "|" { return nil }
        break
      } else {
        opening.append(next)
      }
    }
    return opening.isEmpty || pattern.hasPrefix("(?") ? nil : opening
  }
}
