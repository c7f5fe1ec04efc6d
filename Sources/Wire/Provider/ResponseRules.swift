import Base

/// A provider file's `response`: what its answers say in words of their own.
package struct ResponseRules: Sendable {
  /// What the end of a stream means that came without a finish and without `[DONE]`.
  package enum EndOfStream: String, Sendable, CaseIterable {
    /// It broke.
    case truncated
    /// The vendor is known to end that way: a stop, if text was seen.
    case stop
  }

  /// Where an answer lists the sources it used.
  package struct References: Sendable {
    /// The list's elements.
    package let path: JSONPath
    /// The members of a reference (`url`, `title`, `snippet`) and where they are in an element.
    package let fields: [(name: String, path: JSONPath)]
    /// The member by which two references are the same.
    package let key: String
  }

  /// The vendor's words for finishes that the wire doesn't know. Source: formats/wire-formats §9.
  package var finish: [String: FinishReason] = [:]
  /// Where references are.
  package var references: [References] = []
  /// What the bare end of a stream means.
  package var eof = EndOfStream.truncated

  /// The wire's own rules only.
  package init() {}

  /// Reads `{finish, references, eof}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    for (word, value) in fields["finish"]?.entries() ?? [] { finish[word] = value.choice(FinishReason.self) }
    references = fields["references"]?.list().compactMap(References.init) ?? []
    eof = fields["eof"]?.choice(EndOfStream.self) ?? .truncated
    fields.end()
  }
}

extension ResponseRules.References {
  private static let names = ["url", "title", "snippet", "site", "index", "date"]

  /// Reads `{path, fields, key}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let path = fields.required("path")?.jsonPath()
    var members: [(name: String, path: JSONPath)] = []
    for (name, value) in fields.required("fields")?.entries() ?? [] {
      guard value.choice(name, among: Self.names) != nil, let path = value.jsonPath() else { continue }
      members.append((name, path))
    }
    let key = fields["key"]?.string() ?? "url"
    fields.end()
    guard let path else { return nil }
    (self.path, self.fields, self.key) = (path, members, key)
  }
}

extension Field {
  /// The place of a value in a document.
  func jsonPath() -> JSONPath? {
    guard let text = string() else { return nil }
    return jsonPath(text)
  }

  /// A place that stands in the name of a member.
  func jsonPath(_ text: String) -> JSONPath? {
    do throws(Fault) {
      let path = try JSONPath(text)
      let known = ["data", "event", "flags", "prefix", "parent", "index"]
      if let name = path.variable, !known.contains(name), Int(name) == nil {
        mistake("nothing is called \"@\(name)\"\(Suggestion.hint(for: name, among: known))")
      }
      return path
    } catch {
      return wrong(error.message)
    }
  }
}
