import Base

/// What of a frame becomes text.
///
/// A value goes out once, by the first rule that names it, and of an element at most one value goes to each target.
package struct EmitRule: Sendable {
  /// Where the text goes.
  package enum Target: String, Sendable, CaseIterable {
    case text, reasoning
    /// Where the last piece went; to the text before there was one.
    case last
    /// The address of an image, which becomes Markdown in the text.
    case image
    /// Nowhere: the value is known and left out, also by the rules behind.
    case none
  }

  /// How the pieces of a text follow each other.
  package enum Mode: String, Sendable, CaseIterable {
    /// Each is what is new.
    case delta
    /// Each is all so far.
    case cumulative
    /// As the second piece shows.
    case auto
  }

  /// Where the text goes.
  package var target: Target
  /// What the frame must say.
  package var when: [(path: JSONPath, predicate: Predicate)] = []
  /// The elements it is about, a list within a list where there are two; none for the frame itself.
  package var each: [JSONPath] = []
  /// What an element must say. `@parent` is the element of the outer list, `@index` the position in its list.
  package var filter: [(path: JSONPath, predicate: Predicate)] = []
  /// Where the text is in the element, the first that is there; none for a rule that only says where the next pieces go.
  package var paths: [JSONPath] = []
  /// How the pieces follow each other.
  package var mode = Mode.delta
  /// What makes pieces belong together; none for all.
  package var key: [JSONPath] = []
  /// What stands between the texts of two keys, and between several values at one path.
  package var join = ""
  /// When one of these sets holds for an element, its value is the whole text of its key.
  package var whole: [[(path: JSONPath, predicate: Predicate)]] = []
  /// What stands around the text, which is `{text}` in it; nil for nothing.
  package var wrap: String?
  /// Whether it counts only while the client has seen no text.
  package var isOnlyIfEmpty = false
  /// Whether it only says where the next pieces go.
  package var isMarker: Bool { paths.isEmpty }

  /// Reads `{to, when, each, where, path, mode, key, join, whole, wrap, only_if_empty}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    target = fields.required("to")?.choice(Target.self) ?? .text
    when = fields["when"]?.conditions() ?? []
    each = fields["each"]?.jsonPaths() ?? []
    filter = fields["where"]?.conditions() ?? []
    paths = fields["path"]?.jsonPaths() ?? []
    mode = fields["mode"]?.choice(Mode.self) ?? .delta
    key = fields["key"]?.jsonPaths() ?? []
    join = fields["join"]?.string() ?? ""
    whole = Self.sets(fields["whole"])
    wrap = fields["wrap"]?.string()
    isOnlyIfEmpty = fields["only_if_empty"]?.bool() ?? false
    check(fields, field)
    fields.end()
  }

  /// One set of conditions, or a list of them.
  private static func sets(_ field: Field?) -> [[(path: JSONPath, predicate: Predicate)]] {
    guard let field else { return [] }
    if case .members = field.setting.content { return [field.conditions()] }
    return field.list().map { $0.conditions() }
  }

  private func check(_ fields: Fields, _ field: Field) {
    if each.count > 2 { field.mistake("each has at most two lists within each other") }
    if fields.has("where"), each.isEmpty { field.mistake("where is about the elements of each; conditions on the frame are when") }
    if paths.isEmpty, when.isEmpty, filter.isEmpty {
      field.mistake("needs a path, or conditions for a rule that only says where text goes")
    }
    if let wrap, !wrap.contains("{text}") { field.mistake("wrap needs {text}") }
    if paths.isEmpty, ![.text, .reasoning].contains(target) { field.mistake("a rule without a path goes to text or reasoning") }
  }
}
