package import Base

/// A value that requests use as `{{NAME}}`. A model's `set` and a step's extraction of the same name stand in its place.
package struct RecipeVariable: Sendable {
  /// How long one value holds.
  package enum Scope: String, Sendable, CaseIterable {
    /// For one request that goes up.
    case request
    /// For one call of a client, all its requests.
    case message
    /// For a conversation on the site.
    case conversation
    /// For a session, kept in `data/sessions`.
    case session
    /// For this gateway.
    case install
  }

  /// Where the value comes from.
  package enum Source: Sendable {
    /// A fresh one.
    case generated(RecipeGenerator)
    /// The same for all.
    case constant(JSON)
    /// An expression.
    case expression(RecipeExpression)
    /// A native hook with its arguments.
    case hook(HookName, with: [(name: String, value: BodyValue)])
    /// One of several by the text of an expression; without a fitting one `otherwise`, and without that the member is left out.
    case choice(of: RecipeExpression, cases: [(text: String, value: BodyValue)], otherwise: BodyValue?)
  }

  /// Its name.
  package var name: String
  /// How long one value holds.
  package var scope = Scope.request
  /// Where the value comes from.
  package var source: Source

  /// Reads a generator's words, or one of `{make}`, `{const}`, `{expr}`, `{hook, with}`, `{of, cases, else}`, each with `scope`.
  init?(_ name: String, _ field: Field) {
    self.name = name
    guard name.utf8.allSatisfy(\.isNameByte), !name.isEmpty else {
      field.mistake("the name of a variable has letters, digits and _ only")
      return nil
    }
    guard case .members = field.setting.content else {
      guard let generator = RecipeGenerator(field) else { return nil }
      source = .generated(generator)
      return
    }
    guard var fields = field.fields() else { return nil }
    scope = fields["scope"]?.choice(Scope.self) ?? .request
    let source = Self.source(&fields, field)
    fields.end()
    guard let source else { return nil }
    self.source = source
  }

  private static let kinds = ["make", "const", "expr", "hook", "of"]

  private static func source(_ fields: inout Fields, _ field: Field) -> Source? {
    // A constant may be null.
    let named = kinds.filter { fields.setting[$0] != nil }
    guard named.count == 1 else {
      return field.wrong("a variable has exactly one of \(kinds.joined(separator: ", "))")
    }
    switch named.first {
    case "make": return fields["make"].flatMap { RecipeGenerator($0) }.map { .generated($0) }
    case "expr": return fields["expr"]?.recipeExpression().map { .expression($0) }
    case "hook": return hook(&fields)
    case "of": return choice(&fields)
    default:
      _ = fields["const"]
      return .constant(fields.setting["const"]?.json ?? .null)
    }
  }

  private static func hook(_ fields: inout Fields) -> Source? {
    let name = fields["hook"]?.hook()
    let arguments = fields["with"]?.entries().compactMap { entry in BodyValue(entry.field).map { (entry.name, $0) } } ?? []
    return name.map { .hook($0, with: arguments) }
  }

  private static func choice(_ fields: inout Fields) -> Source? {
    let subject = fields["of"]?.recipeExpression()
    let cases = fields.required("cases")?.entries().compactMap { entry in BodyValue(entry.field).map { (entry.name, $0) } } ?? []
    let otherwise = fields["else"].flatMap { BodyValue($0) }
    return subject.map { .choice(of: $0, cases: cases, otherwise: otherwise) }
  }
}

extension Field {
  /// The name of a native hook that this version has.
  func hook() -> HookName? {
    guard let text = string() else { return nil }
    guard let name = HookName(text) else { return wrong("expected NAME@VERSION") }
    guard HookName.known.contains(text) else {
      return wrong("this version has no hook \"\(text)\"\(Suggestion.hint(for: text, among: HookName.known))")
    }
    return name
  }

  /// An expression.
  func recipeExpression() -> RecipeExpression? {
    guard let text = string() else { return nil }
    return recipeExpression(text)
  }

  /// An expression that stands in the name of a member.
  func recipeExpression(_ text: String) -> RecipeExpression? {
    do throws(Fault) {
      return try RecipeExpression(parsing: text)
    } catch {
      return wrong(error.message)
    }
  }

  /// A text with `{{…}}`.
  func recipeTemplate() -> RecipeTemplate? {
    guard let text = string() else { return nil }
    do throws(Fault) {
      return try RecipeTemplate(parsing: text)
    } catch {
      return wrong(error.message)
    }
  }

  /// Named texts with `{{…}}`; a name without a value is left out: so a variant takes one away.
  func recipeTemplates() -> [(name: String, value: RecipeTemplate)] {
    entries().filter { !$0.field.setting.isNull }.compactMap { entry in entry.field.recipeTemplate().map { (entry.name, $0) } }
  }
}
