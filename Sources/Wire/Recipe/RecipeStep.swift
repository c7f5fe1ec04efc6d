package import Base

/// One step of a recipe: a request, or a WebSocket, and what becomes of its answer.
package struct RecipeStep: Sendable {
  /// How often a step runs.
  package enum Scope: String, Sendable, CaseIterable {
    /// Once for a session, until its `ttl_s` is over.
    case session
    /// Once for a conversation on the site.
    case conversation
    /// For each call of a client.
    case message
    /// Once for each image; its extractions are lists in later steps.
    case upload
    /// When a finish says `continue`.
    case resume
  }

  /// Its name.
  package var id: String
  /// How often it runs.
  package var scope = Scope.message
  /// What must hold for it to run: expressions and what their values must be.
  package var conditions: [(subject: RecipeExpression, predicate: Predicate)] = []
  /// The kinds of faults of later steps after which it runs once more.
  package var redoOn: Set<Fault.Kind> = []
  /// What is asked; nil for a WebSocket.
  package var request: StepRequest?
  /// How the request is repeated, nil for once.
  package var poll: PollRule?
  /// The WebSocket it speaks through, nil for a request.
  package var webSocket: WebSocketRule?
  /// What its answer must be.
  package var expect = ExpectRule()
  /// What later steps take from its answer.
  package var extractions: [Extraction] = []
  /// Credentials that its answer renews: written back at once.
  package var store: [(credential: String, path: JSONPath)] = []
  /// Seconds that its extractions hold; nil as long as the scope.
  package var lifetime: Int?
  /// What it means when an extraction finds nothing.
  package var missing = Fault.Kind.formatChanged
  /// How its answer becomes the reply, nil for steps that only prepare.
  package var response: ResponseRecipe?

  /// Reads a step.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let place = fields.required("id")
    id = place?.string() ?? ""
    if !id.utf8.allSatisfy(\.isNameByte) { place?.mistake("a step's id has letters, digits and _ only") }
    scope = fields["scope"]?.choice(Scope.self) ?? .message
    readConditions(&fields)
    readAsking(&fields, field)
    readAnswer(&fields)
    checkFraming(field)
    fields.end()
    if place == nil { return nil }
  }

  private mutating func readConditions(_ fields: inout Fields) {
    for (text, value) in fields["only_if"]?.entries() ?? [] {
      guard let subject = value.recipeExpression(text), let predicate = value.predicate() else { continue }
      conditions.append((subject, predicate))
    }
    redoOn = Set(fields["redo_on"]?.oneOrList().compactMap { $0.faultKind() } ?? [])
  }

  private mutating func readAsking(_ fields: inout Fields, _ field: Field) {
    request = fields["request"].flatMap { StepRequest($0) }
    poll = fields["poll"].flatMap { PollRule($0) }
    webSocket = fields["websocket"].flatMap { WebSocketRule($0) }
    let count = ["request", "websocket"].filter(fields.has).count
    if count != 1 { field.mistake("a step has either a request or a websocket") }
    if fields.has("poll"), !fields.has("request") { field.mistake("poll repeats a request, and there is none") }
  }

  private mutating func readAnswer(_ fields: inout Fields) {
    expect = fields["expect"].flatMap { ExpectRule($0) } ?? ExpectRule()
    for (name, value) in fields["extract"]?.entries() ?? [] {
      guard name == "store" else {
        if let extraction = Extraction(name, value) { extractions.append(extraction) }
        continue
      }
      for (credential, path) in value.entries() {
        if let path = path.jsonPath() { store.append((credential, path)) }
      }
    }
    lifetime = fields["ttl_s"]?.int(1...31_536_000)
    missing = fields["missing"]?.faultKind() ?? .formatChanged
    response = fields["response"].flatMap { ResponseRecipe($0) }
  }

  /// Polls and messages come only where something asks for them.
  private func checkFraming(_ field: Field) {
    if response?.framing == .poll, poll == nil { field.mistake("the framing poll needs poll") }
    if response?.framing == .websocket, webSocket == nil { field.mistake("the framing websocket needs a websocket") }
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    conditions.map(\.subject) + (request?.expressions ?? []) + (webSocket?.expressions ?? [])
  }
}

extension Field {
  /// A kind of fault that a provider file may name.
  func faultKind() -> Fault.Kind? {
    guard let word = string() else { return nil }
    return choice(word, among: ErrorRule.kinds.map(\.rawValue)).flatMap(Fault.Kind.init(rawValue:))
  }
}
