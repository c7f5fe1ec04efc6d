import Base

/// Checks that the names in a recipe's expressions are known, so that a slip shows when the file is read and not when it is used.
struct RecipeCheck {
  /// The names that every expression may use.
  static let builtIn: Set<String> = [
    "origin", "ws_origin", "host", "prompt", "messages", "model", "search", "thinking", "effort", "cookies", "rawbody", "path", "uri",
    "system", "is_new", "role", "content", "each",
  ]
  private static let spaces: Set<String> = ["cred", "cookie", "identity", "last", "file"]

  private let recipe: Recipe
  private let known: Set<String>
  private let credentials: [String]
  private let captured: Set<String>

  init(_ recipe: Recipe, _ file: ProviderFile) {
    self.recipe = recipe
    credentials = file.credentials.map(\.name) + file.credentials.flatMap(\.groups)
    known = Self.builtIn.union(recipe.variables.map(\.name)).union(recipe.steps.flatMap { $0.extractions.map(\.name) })
    captured = Set(recipe.steps.flatMap { ($0.response?.capture ?? []).map(\.name) })
  }

  /// Notes what is unknown.
  func check(_ fields: inout Fields) {
    checkVariables(fields["vars"])
    let steps = fields["steps"]
    for (position, field) in (steps?.list() ?? []).enumerated() where recipe.steps.indices.contains(position) {
      check(recipe.steps[position].expressions, field)
      if recipe.steps[position].scope != .upload { refuseFiles(recipe.steps[position].expressions, field) }
      for (credential, _) in recipe.steps[position].store where !credentials.contains(credential) {
        field.mistake("no credential is called \"\(credential)\"\(Suggestion.hint(for: credential, among: credentials))")
      }
    }
    for (position, field) in (fields["cleanup"]?.list() ?? []).enumerated() where recipe.cleanup.indices.contains(position) {
      check(recipe.cleanup[position].request.expressions, field)
    }
    if let item = recipe.history.item, let field = fields["history"] { check(item.expressions, field) }
    checkModels(fields["models"])
  }

  private func checkVariables(_ field: Field?) {
    for (name, value) in field?.entries() ?? [] {
      guard let variable = recipe.variables.first(where: { $0.name == name }) else { continue }
      switch variable.source {
      case .generated, .constant: continue
      case .expression(let expression): check([expression], value)
      case .hook(let hook, let arguments):
        check(arguments.flatMap(\.value.expressions), value)
        if !recipe.hooks.contains(hook) { value.mistake("\"\(hook)\" is missing in requires") }
      case .choice(let subject, let cases, let otherwise):
        check([subject] + cases.flatMap(\.value.expressions) + (otherwise?.expressions ?? []), value)
      }
    }
  }

  private func checkModels(_ field: Field?) {
    for entry in field?.list() ?? [] {
      for member in entry.setting["set"]?.members ?? [] where !recipe.variables.contains(where: { $0.name == member.name }) {
        let hint = Suggestion.hint(for: member.name, among: recipe.variables.map(\.name))
        entry.mistake("set: no variable is called \"\(member.name)\"\(hint)")
      }
    }
  }

  private func check(_ expressions: [RecipeExpression], _ field: Field) {
    for expression in expressions {
      for name in expression.variables { check(name, field) }
    }
  }

  /// An image is there only while it goes up.
  private func refuseFiles(_ expressions: [RecipeExpression], _ field: Field) {
    guard let name = expressions.flatMap(\.variables).first(where: { $0.hasPrefix("file.") }) else { return }
    field.mistake("\"\(name)\" is there in steps of scope upload only")
  }

  private func check(_ name: String, _ field: Field) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard let first = parts.first else { return }
    guard Self.spaces.contains(first), parts.count == 2 else {
      if !known.contains(first) { field.mistake("no variable is called \"\(first)\"\(Suggestion.hint(for: first, among: known.sorted()))") }
      return
    }
    let names: [String]
    switch first {
    case "cred": names = credentials
    case "identity": names = recipe.identity.map(\.name)
    case "last": names = captured.sorted()
    case "cookie": names = recipe.requiredCookies + recipe.optionalCookies
    default: names = ["bytes", "name", "type", "size", "sha256"]
    }
    guard !names.contains(parts[1]) else { return }
    field.mistake("nothing is called \"\(name)\"\(Suggestion.hint(for: parts[1], among: names))")
  }
}
