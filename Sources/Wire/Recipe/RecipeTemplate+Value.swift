package import Base

extension RecipeTemplate {
  /// The one expression that it is, so that its value keeps its type; nil when there is more.
  private var only: RecipeExpression? {
    guard pieces.count == 1, case .expression(let expression) = pieces[0] else { return nil }
    return expression
  }

  /// The value: of the expression if the template is one, else the text. Nil when a variable has none.
  package func value(in context: RecipeContext) throws(Fault) -> FormulaValue? {
    if let only { return try only.formula.value(in: context) }
    return try text(in: context).map { FormulaValue($0) }
  }

  /// The text; nil when a variable has no value.
  package func text(in context: RecipeContext) throws(Fault) -> String? {
    try text(in: context) { value, _ in value.text }
  }

  /// The address: what is inserted is percent-encoded, but the origin, and a whole address that the site gave.
  package func url(in context: RecipeContext) throws(Fault) -> String? {
    try text(in: context) { value, isFirst in isFirst ? value.text : URLEncoding.strict(value.bytes) }
  }

  private func text(in context: RecipeContext, _ insert: (FormulaValue, _ isFirst: Bool) -> String) throws(Fault) -> String? {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let fixed): text += fixed
      case .expression(let expression):
        guard let value = try expression.formula.value(in: context) else { return nil }
        text += insert(value, text.isEmpty)
        guard text.utf8.count <= Formula.mostBytes else { throw Formula.tooLarge }
      }
    }
    return text
  }
}

extension BodyValue {
  /// One value for each element of a list, which is `{{each}}` in it.
  private static func values(_ value: BodyValue, for list: RecipeTemplate, _ context: RecipeContext) throws(Fault) -> [JSON] {
    var values: [JSON] = []
    for element in try list.value(in: context)?.json.elements ?? JSON.null.elements {
      var inner = context
      inner.variable = { (name) throws(Fault) in
        guard name.first == "each" else { return try context.variable(name) }
        return Formula.member(name.rest, of: element).map { .json($0) }
      }
      if let value = try value.value(in: inner) { values.append(value) }
    }
    return values
  }

  /// The JSON; members and elements whose variables have no value are left out. Nil when the whole has none.
  package func value(in context: RecipeContext) throws(Fault) -> JSON? {
    switch self {
    case .constant(let json): return json
    case .template(let template): return try template.value(in: context)?.json
    case .encoded(let value): return try value.value(in: context).map { JSON(String(decoding: $0.bytes, as: UTF8.self)) }
    case .array(let values):
      var elements: [JSON] = []
      for value in values {
        if case .each(let list, let inner) = value {
          elements += try Self.values(inner, for: list, context)
        } else if let element = try value.value(in: context) {
          elements.append(element)
        }
      }
      return .array(elements)
    case .each(let list, let value): return .array(try Self.values(value, for: list, context))
    case .object(let values):
      var members: [(String, JSON)] = []
      for (name, value) in values {
        if let member = try value.value(in: context) { members.append((name, member)) }
      }
      return .object(members)
    }
  }
}
