import Base

/// A private value that is no secret, such as a device's id: taken from the owner's own session where it is there, else made once for
/// a session and kept. Source: provider-files §6.
package struct IdentityValue: Sendable {
  /// The name that templates use: `{{identity.NAME}}`.
  package var name: String
  /// The header field of the owner's session that has it.
  package var header: String?
  /// The member of the query of the owner's session that has it.
  package var query: String?
  /// The cookie of the owner's session that has it.
  package var cookie: String?
  /// What it is when the session doesn't have it, before one is made.
  package var expression: RecipeExpression?
  /// How it is made, nil for a value that only the owner's session can have.
  package var generator: RecipeGenerator?

  /// Reads the list of names, or `NAME: {header, query, cookie, expr, make}`.
  static func all(_ field: Field) -> [IdentityValue] {
    if case .members = field.setting.content { return field.entries().compactMap { IdentityValue($0.name, $0.field) } }
    return field.strings().map { name in
      let isAgent = name == "USER_AGENT"
      return IdentityValue(name: name, header: isAgent ? "user-agent" : nil, generator: isAgent ? nil : .uuid)
    }
  }

  private init(name: String, header: String?, generator: RecipeGenerator?) {
    self.name = name
    self.header = header
    self.generator = generator
  }

  private init?(_ name: String, _ field: Field) {
    guard var fields = field.fields() else { return nil }
    self.init(name: name, header: fields["header"]?.string(), generator: fields["make"].flatMap { RecipeGenerator($0) })
    query = fields["query"]?.string()
    cookie = fields["cookie"]?.string()
    expression = fields["expr"]?.recipeExpression()
    fields.end()
  }
}
