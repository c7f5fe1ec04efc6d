import Base
import Wire

/// What the names in a recipe's templates stand for during one call. Belongs to its task.
final class RecipeVariables {
  let recipe: Recipe
  let session: Session
  private let install: Session
  private let source: RecipeSource

  /// What the call and the gateway say: `origin`, `prompt`, `model` …
  var fixed: [String: FormulaValue] = [:]
  /// What the model's entry sets.
  var set: [String: JSON] = [:]
  /// What steps have found, later ones over earlier ones.
  var found: [String: JSON] = [:]
  /// What upload steps have found, a list for each name, over all files.
  var uploaded: [String: [JSON]] = [:]
  /// What the answer says for the next turn.
  var last: [String: JSON] = [:]
  /// The file that is uploaded now.
  var file: [String: FormulaValue] = [:]
  /// Names in `found` that only the site itself may see again.
  var secretNames: Set<String> = []
  /// Whether the present request goes where credentials may go.
  var isTrusted = true

  private var perRequest: [String: FormulaValue] = [:]
  private var perMessage: [String: FormulaValue] = [:]
  private var counts: [String: Int] = [:]
  private var depth = 0

  /// Variables that use each other.
  private static let mostDepth = 32

  init(_ recipe: Recipe, _ session: Session, install: Session, source: RecipeSource = RecipeSource()) {
    self.recipe = recipe
    self.session = session
    self.install = install
    self.source = source
  }

  /// Whether a step has run in this call.
  func hasFound(_ step: RecipeStep) -> Bool { step.extractions.allSatisfy { found[$0.name] != nil } }

  /// A new request begins: what is made for each is made anew.
  func beginRequest() { perRequest = [:] }

  /// What templates are evaluated in, with a request as far as it is made.
  func context(_ view: RequestView? = nil) -> RecipeContext {
    RecipeContext(source: source, request: view) { [self] (name) throws(Fault) in try value(name, view) }
  }

  private func value(_ name: Formula.Name, _ view: RequestView?) throws(Fault) -> FormulaValue? {
    let rest = name.rest.joined(separator: ".")
    switch name.first {
    case "cred": return secret(session.credential(rest))
    case "cookie": return secret(session.cookie(rest))
    case "cookies": return secret(session.cookieHeader.map { Secret($0) })
    case "identity": return isTrusted ? try identity(rest) : nil
    case "last": return Formula.member(name.rest.dropFirst(), of: last[name.rest.first ?? ""]).map { .json($0) }
    case "file": return file[rest]
    default: break
    }
    guard let value = try plain(name.first, view) else { return nil }
    if name.rest.isEmpty { return hookValue(name.first, value) ?? value }
    return Formula.member(name.rest, of: value.json).map { .json($0) }
  }

  /// A hook's value by itself is its first output.
  private func hookValue(_ name: String, _ value: FormulaValue) -> FormulaValue? {
    guard found[name] == nil, set[name] == nil, let variable = recipe.variables.first(where: { $0.name == name }) else { return nil }
    guard case .hook(let hook, _) = variable.source, let output = Hook.named(hook.description)?.outputs.first else { return nil }
    return value.json[output].map { .json($0) }
  }

  private func secret(_ secret: Secret?) -> FormulaValue? {
    isTrusted ? secret.map { FormulaValue($0.exposed) } : nil
  }

  private func plain(_ name: String, _ view: RequestView?) throws(Fault) -> FormulaValue? {
    if file.isEmpty, let list = uploaded[name] { return .json(.array(list)) }
    if let value = found[name] { return isTrusted || !secretNames.contains(name) ? .json(value) : nil }
    if let value = set[name] { return .json(value) }
    if let value = fixed[name] { return value }
    guard let variable = recipe.variables.first(where: { $0.name == name }) else { return nil }
    return try value(of: variable, view)
  }
}

// MARK: - Variables of the file

extension RecipeVariables {
  private func value(of variable: RecipeVariable, _ view: RequestView?) throws(Fault) -> FormulaValue? {
    guard isTrusted || !touchesSecrets(variable) else { return nil }
    if let known = perRequest[variable.name] ?? perMessage[variable.name] { return known }
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.mostDepth else { throw Fault(.internal, "The variables of the provider's recipe use each other in a circle.") }
    if case .generated(.counter) = variable.source { return try count(variable) }
    switch variable.scope {
    case .session: return try kept(variable, in: session, view)
    case .install: return try kept(variable, in: install, view)
    case .request, .message, .conversation:
      guard let value = try make(variable, view) else { return nil }
      if variable.scope == .request { perRequest[variable.name] = value } else { perMessage[variable.name] = value }
      return value
    }
  }

  private func kept(_ variable: RecipeVariable, in place: Session, _ view: RequestView?) throws(Fault) -> FormulaValue? {
    if let known = place.variable(variable.name) { return .json(known) }
    guard let made = try make(variable, view) else { return nil }
    return .json(try place.variable(variable.name) { () throws(Fault) in made.json })
  }

  /// 1, 2, 3, … one for each request.
  private func count(_ variable: RecipeVariable) throws(Fault) -> FormulaValue {
    let number: Int
    switch variable.scope {
    case .session, .install:
      let place = variable.scope == .session ? session : install
      number = (place.variable(variable.name)?.int ?? 0) + 1
      place.keep(variable.name, JSON(number))
    case .request, .message, .conversation:
      number = (counts[variable.name] ?? 0) + 1
      counts[variable.name] = number
    }
    perRequest[variable.name] = .json(JSON(number))
    return .json(JSON(number))
  }

  private func make(_ variable: RecipeVariable, _ view: RequestView?) throws(Fault) -> FormulaValue? {
    switch variable.source {
    case .generated(let generator): return generator.value(source, count: 1)
    case .constant(let json): return .json(json)
    case .expression(let expression): return try expression.formula.value(in: context(view))
    case .hook: return nil  // it has run before, or its inputs are missing
    case .choice(let subject, let cases, let otherwise):
      let text = try subject.formula.value(in: context(view))?.text
      let chosen = cases.first { $0.text == text }?.value ?? otherwise
      return try chosen?.value(in: context(view)).map { .json($0) }
    }
  }

  /// The owner's own value, else one that is made once for the session.
  private func identity(_ name: String) throws(Fault) -> FormulaValue? {
    if let own = session.identity(name) { return FormulaValue(own.exposed) }
    guard let rule = recipe.identity.first(where: { $0.name == name }) else { return nil }
    if let own = rule.header.flatMap(session.header) ?? rule.cookie.flatMap(session.cookie) { return FormulaValue(own.exposed) }
    if let value = try rule.expression?.formula.value(in: context()), !value.text.isEmpty { return value }
    guard let generator = rule.generator else { return nil }
    return FormulaValue(session.identity(name) { Secret(generator.value(source, count: 1).text) }.exposed)
  }
}

// MARK: - Looking ahead

extension RecipeVariables {
  /// Whether an expression looks at the request that is being made, also through variables.
  func looksAtRequest(_ expression: RecipeExpression) -> Bool {
    if expression.formula.looksAtRequest { return true }
    return reached(from: [expression]).contains { variable in
      if case .expression(let inner) = variable.source { return inner.formula.looksAtRequest }
      if case .choice(let subject, _, _) = variable.source { return subject.formula.looksAtRequest }
      return false
    }
  }

  /// The variables that expressions use, also through each other.
  private func reached(from expressions: [RecipeExpression]) -> [RecipeVariable] {
    var reached: [RecipeVariable] = []
    var names = Set<String>()
    var open = expressions.flatMap { $0.formula.names.map(\.first) }
    while let name = open.popLast() {
      guard names.insert(name).inserted, found[name] == nil, set[name] == nil, fixed[name] == nil else { continue }
      guard let variable = recipe.variables.first(where: { $0.name == name }) else { continue }
      reached.append(variable)
      open += variable.expressions.flatMap { $0.formula.names.map(\.first) }
    }
    return reached
  }

  /// Whether a variable's value may hold what only the site itself may see.
  private func touchesSecrets(_ variable: RecipeVariable) -> Bool {
    let names = ([variable] + reached(from: variable.expressions)).flatMap(\.expressions).flatMap { $0.formula.names.map(\.first) }
    return names.contains { ["cred", "cookie", "cookies", "identity"].contains($0) || secretNames.contains($0) }
  }

  /// Runs the native hooks whose values a request needs. Throws as the hooks.
  func runHooks(for expressions: [RecipeExpression]) async throws(Fault) {
    for variable in reached(from: expressions) {
      guard case .hook(let name, let arguments) = variable.source else { continue }
      guard perRequest[variable.name] == nil, perMessage[variable.name] == nil else { continue }
      guard let hook = Hook.named(name.description) else { throw Fault(.internal, "This version has no hook \(name).") }
      var inputs: [String: JSON] = [:]
      for (name, template) in arguments { inputs[name] = try template.value(in: context()) }
      guard inputs.count == arguments.count else { continue }
      let outputs = try await hook.run(inputs)
      let value = FormulaValue.json(.object(outputs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
      if variable.scope == .request { perRequest[variable.name] = value } else { perMessage[variable.name] = value }
    }
  }
}

extension RecipeVariable {
  /// The expressions in it.
  var expressions: [RecipeExpression] {
    switch source {
    case .generated, .constant: []
    case .expression(let expression): [expression]
    case .hook(_, let arguments): arguments.flatMap(\.value.expressions)
    case .choice(let subject, let cases, let otherwise): [subject] + cases.flatMap(\.value.expressions) + (otherwise?.expressions ?? [])
    }
  }
}
