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
  /// How the mark ends, nil to find out by trying the pattern.
  package var closing: String?
  /// The longest mark in bytes; beyond it the text goes out as it is.
  package var hold = 512

  /// Reads `{match, to, open, close, hold}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let match = fields.required("match")?.pattern()
    to = fields["to"]?.string() ?? ""
    opening = fields["open"]?.strings() ?? []
    closing = fields["close"]?.string()
    hold = fields["hold"]?.int(1...4096) ?? 512
    if opening.isEmpty, let match { opening = Self.opening(of: match.text).map { [$0] } ?? [] }
    fields.end()
    guard let match else { return nil }
    self.match = match
    if opening.isEmpty || opening.contains("") {
      field.mistake("the pattern begins with no plain text; say in \"open\" how the mark begins")
    }
    if match.matches("") { field.mistake("the pattern fits the empty text") }
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
