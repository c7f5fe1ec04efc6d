import Base

extension Recipe {
  /// Reads the members of a provider file that only a recipe has, and checks that all its names are known.
  init(_ fields: inout Fields, file: ProviderFile) {
    self.init()
    if var parts = fields["cookies"]?.fields() {
      requiredCookies = parts["required"]?.strings() ?? []
      optionalCookies = parts["optional"]?.strings() ?? []
      parts.end()
    }
    identity = fields["identity"].map { IdentityValue.all($0) } ?? []
    variables = fields["vars"]?.entries().compactMap { RecipeVariable($0.name, $0.field) } ?? []
    hooks = fields["requires"]?.oneOrList().compactMap { $0.hook() } ?? []
    history = fields["history"].flatMap { HistoryRule($0) } ?? HistoryRule()
    cleanup = fields["cleanup"]?.list().compactMap { CleanupRule($0) } ?? []
    if let tools = fields["tools"], let word = tools.string() { emulatesTools = tools.choice(word, among: ["prompt", "none"]) == "prompt" }
    fixture = fields["fixture"].flatMap { RecipeFixture($0) }
    readSteps(&fields)
    addCommon(StepRequest.headers(fields["headers"]), fields["query"]?.recipeTemplates() ?? [])
    RecipeCheck(self, file).check(&fields)
  }

  private mutating func addCommon(_ headers: [(name: String, value: RecipeTemplate)], _ query: [(name: String, value: RecipeTemplate)]) {
    for position in steps.indices { steps[position].request?.add(headers: headers, query: query) }
    for position in cleanup.indices { cleanup[position].request.add(headers: headers, query: query) }
    commonHeaders = headers
    commonQuery = query
  }

  private mutating func readSteps(_ fields: inout Fields) {
    guard let field = fields["steps"] else { return }
    for place in field.list() {
      guard let step = RecipeStep(place) else { continue }
      if steps.contains(where: { $0.id == step.id }) { place.mistake("another step is called \"\(step.id)\" already") }
      steps.append(step)
    }
    let answering = steps.filter { $0.scope == .message && $0.response != nil }
    if answering.count != 1 { field.mistake("exactly one step of scope message has a response; here are \(answering.count)") }
    if let other = steps.first(where: { $0.response != nil && ![.message, .resume].contains($0.scope) }) {
      field.mistake("the step \"\(other.id)\" has a response, but its scope is \(other.scope.rawValue)")
    }
    if steps.filter({ $0.scope == .resume }).count > 1 { field.mistake("there is more than one step of scope resume") }
  }
}

extension ProviderFile {
  /// The members that only a recipe has.
  static let recipeMembers: Set<String> = [
    "steps", "query", "cookies", "identity", "vars", "requires", "history", "cleanup", "tools", "fixture",
  ]

  /// The members that only a wire has.
  static let wireMembers: Set<String> = [
    "wire", "base_url", "auth", "endpoints", "dialect", "max_tokens_default", "request", "response",
  ]
}
