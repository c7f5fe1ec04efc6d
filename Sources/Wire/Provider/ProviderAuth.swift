import Base

/// How a provider wants its credential.
package enum ProviderAuth: Sendable, Equatable {
  /// Not at all.
  case none
  /// `Authorization: Bearer` with the credential of this name.
  case bearer(credential: String)
  /// A header field of its own.
  case header(name: String, credential: String)
  /// A member of the query.
  case query(name: String, credential: String)

  /// The name of the credential; nil for none.
  package var credential: String? {
    switch self {
    case .none: nil
    case .bearer(let credential), .header(_, let credential), .query(_, let credential): credential
    }
  }

  /// Reads `{bearer: KEY}`, `{header: {x-api-key: KEY}}`, `{query: {key: KEY}}` or `none`.
  init?(_ field: Field) {
    if field.isWord("none") {
      self = .none
      return
    }
    guard var fields = field.fields() else { return nil }
    let bearer = fields["bearer"]?.string()
    let header = fields["header"].flatMap(Self.pair)
    let query = fields["query"].flatMap(Self.pair)
    fields.end()
    let all = [
      bearer.map { Self.bearer(credential: $0) },
      header.map { Self.header(name: $0.name, credential: $0.credential) },
      query.map { Self.query(name: $0.name, credential: $0.credential) },
    ].compactMap { $0 }
    guard let one = all.first, all.count == 1 else {
      field.mistake("expected none, or one of {bearer: KEY}, {header: {NAME: KEY}}, {query: {NAME: KEY}}")
      return nil
    }
    self = one
  }

  private static func pair(_ field: Field) -> (name: String, credential: String)? {
    let entries = field.entries()
    guard entries.count == 1, let entry = entries.first else {
      return field.wrong("expected one name and the credential it carries")
    }
    return entry.field.string().map { (entry.name, $0) }
  }
}
