package import Base

/// What a step takes out of its answer, for the steps behind it: `{{NAME}}`.
package struct Extraction: Sendable {
  /// Where the value is.
  package enum Source: Sendable {
    /// In the JSON: the first place that has one.
    case paths([JSONPath])
    /// A header field.
    case header(String)
    /// A cookie that the answer sets.
    case cookie(String)
    /// The first group of a pattern in the body's text.
    case pattern(Pattern)
  }

  /// The name of the variable.
  package var name: String
  /// Where the value is.
  package var source: Source

  /// Reads a path, a list of paths, `{header}`, `{cookie}` or `{regex, in: text}`.
  init?(_ name: String, _ field: Field) {
    self.name = name
    guard name.utf8.allSatisfy(\.isNameByte), !name.isEmpty else {
      field.mistake("the name of a variable has letters, digits and _ only")
      return nil
    }
    guard case .members = field.setting.content else {
      let paths = field.oneOrList().compactMap { $0.jsonPath() }
      guard !paths.isEmpty else { return nil }
      source = .paths(paths)
      return
    }
    guard let source = Self.source(field) else { return nil }
    self.source = source
  }

  private static func source(_ field: Field) -> Source? {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    if let header = fields["header"]?.string() { return .header(header) }
    if let cookie = fields["cookie"]?.string() { return .cookie(cookie) }
    if let place = fields["in"], let word = place.string() { _ = place.choice(word, among: ["text"]) }
    if let pattern = fields["regex"]?.pattern() { return .pattern(pattern) }
    return field.wrong("expected a path, or one of header, cookie, regex")
  }

  /// The value in an answer; nil when it isn't there. `cookies` are those that the answer sets.
  package func value(in answer: UpstreamAnswer, cookies: [(name: String, value: String)] = []) -> JSON? {
    switch source {
    case .paths(let paths):
      guard let json = answer.json else { return nil }
      return paths.lazy.compactMap { $0.first(in: json).flatMap(\.present) }.first
    case .header(let name): return answer.header(name).map { JSON($0) }
    case .cookie(let name): return cookies.last { $0.name == name }.map { JSON($0.value) }
    case .pattern(let pattern): return (pattern.group(1, in: answer.text) ?? pattern.group(in: answer.text)).map { JSON($0) }
    }
  }
}

/// What a step's answer must be for the next step to make sense.
package struct ExpectRule: Sendable {
  /// The statuses that are good; nil for 200…299.
  package var status: Set<Int>?
  /// What its JSON must say.
  package var when: [(path: JSONPath, predicate: Predicate)] = []

  /// Reads `{status, when}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    status = fields["status"].map { Set($0.oneOrList().compactMap { $0.int(100...599) }) }
    when = fields["when"]?.conditions() ?? []
    fields.end()
  }

  /// Any answer of 200…299.
  package init() {}

  /// Whether an answer is as expected.
  package func accepts(_ answer: UpstreamAnswer) -> Bool {
    guard status?.contains(answer.status) ?? (200..<300).contains(answer.status) else { return false }
    guard !when.isEmpty else { return true }
    guard let json = answer.json else { return false }
    return when.allSatisfy { $0.predicate.matches($0.path.all(in: json)) }
  }
}

extension Field {
  /// Conditions: paths and what their values must be.
  func conditions() -> [(path: JSONPath, predicate: Predicate)] {
    entries().compactMap { name, value in
      guard let path = value.jsonPath(name), let predicate = value.predicate() else { return nil }
      return (path, predicate)
    }
  }

  /// One path or a list of them.
  func jsonPaths() -> [JSONPath] { oneOrList().compactMap { $0.jsonPath() } }
}
