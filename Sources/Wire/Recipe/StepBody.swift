package import Base

/// A value of a JSON body in which texts may be templates.
package indirect enum BodyValue: Sendable {
  /// Always the same.
  case constant(JSON)
  /// A text with `{{…}}`; a single place keeps its value's type, and a place without a value leaves the member out.
  case template(RecipeTemplate)
  /// `{$json: …}`: the JSON text of a value, as a string.
  case encoded(BodyValue)
  case array([BodyValue])
  /// `{$each: "{{LIST}}", value: …}` in an array: one value for each element of a list, which is `{{each}}` in it.
  case each(RecipeTemplate, BodyValue)
  case object([(name: String, value: BodyValue)])

  /// Reads a value with everything in it.
  init?(_ field: Field) {
    switch field.setting.content {
    case .scalar:
      guard let text = field.setting.json.string, text.contains("{{") else {
        self = .constant(field.setting.json)
        return
      }
      guard let template = field.recipeTemplate() else { return nil }
      self = .template(template)
    case .list:
      self = .array(field.list().compactMap { BodyValue($0) })
    case .members:
      let entries = field.entries()
      if entries.count == 1, let only = entries.first, only.name == "$json" {
        guard let value = BodyValue(only.field) else { return nil }
        self = .encoded(value)
        return
      }
      if entries.contains(where: { $0.name == "$each" }) {
        guard let each = Self.each(field) else { return nil }
        self = each
        return
      }
      for (name, value) in entries where name.hasPrefix("$") {
        value.mistake("only $json, which stands alone, and $each may begin with $")
      }
      self = .object(entries.compactMap { entry in BodyValue(entry.field).map { (entry.name, $0) } })
    }
  }

  private static func each(_ field: Field) -> BodyValue? {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    let list = fields["$each"]?.recipeTemplate()
    guard let value = fields.required("value").flatMap({ BodyValue($0) }), let list else { return nil }
    return .each(list, value)
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    switch self {
    case .constant: []
    case .each(let list, let value): list.expressions + value.expressions
    case .template(let template): template.expressions
    case .encoded(let value): value.expressions
    case .array(let elements): elements.flatMap(\.expressions)
    case .object(let members): members.flatMap { $0.value.expressions }
    }
  }
}

/// The body of a step's request.
package enum StepBody: Sendable {
  /// JSON.
  case json(BodyValue)
  /// JSON in one envelope of the Connect protocol.
  case connectJSON(BodyValue)
  /// `application/x-www-form-urlencoded`.
  case form([(name: String, value: RecipeTemplate)])
  /// `multipart/form-data`, in this order.
  case multipart([MultipartField])
  /// The text as it is.
  case raw(RecipeTemplate)

  /// A field of a multipart body.
  package struct MultipartField: Sendable {
    /// Its name.
    package var name: String
    /// Its value; `{{file.bytes}}` are the bytes of the image that is uploaded.
    package var value: RecipeTemplate
    /// The file's name, nil for a plain field.
    package var filename: RecipeTemplate?
    /// Its media type, nil for none.
    package var type: RecipeTemplate?
  }

  private static let kinds = ["json", "connect_json", "form", "multipart", "raw"]

  /// Reads one of `{json}`, `{connect_json}`, `{form}`, `{multipart}`, `{raw}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let named = Self.kinds.filter { fields.setting[$0] != nil }
    guard let kind = named.first, named.count == 1 else {
      field.mistake("a body is exactly one of \(Self.kinds.joined(separator: ", "))")
      return nil
    }
    let body = fields[kind].flatMap { Self.read(kind, $0) }
    fields.end()
    guard let body else { return nil }
    self = body
  }

  private static func read(_ kind: String, _ field: Field) -> StepBody? {
    switch kind {
    case "json": BodyValue(field).map { .json($0) }
    case "connect_json": BodyValue(field).map { .connectJSON($0) }
    case "form": .form(field.recipeTemplates())
    case "multipart": .multipart(field.entries().compactMap { MultipartField($0.name, $0.field) })
    default: field.recipeTemplate().map { .raw($0) }
    }
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    switch self {
    case .json(let value), .connectJSON(let value): value.expressions
    case .form(let fields): fields.flatMap(\.value.expressions)
    case .multipart(let fields):
      fields.flatMap { $0.value.expressions + ($0.filename?.expressions ?? []) + ($0.type?.expressions ?? []) }
    case .raw(let template): template.expressions
    }
  }
}

extension StepBody.MultipartField {
  /// Reads a template, or `{value, filename, type}`.
  fileprivate init?(_ name: String, _ field: Field) {
    self.name = name
    guard case .members = field.setting.content else {
      guard let value = field.recipeTemplate() else { return nil }
      self.value = value
      return
    }
    guard var fields = field.fields() else { return nil }
    let value = fields.required("value")?.recipeTemplate()
    filename = fields["filename"]?.recipeTemplate()
    type = fields["type"]?.recipeTemplate()
    fields.end()
    guard let value else { return nil }
    self.value = value
  }
}
