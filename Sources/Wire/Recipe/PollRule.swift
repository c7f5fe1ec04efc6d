import Base

/// How a request is repeated until its answer says that the reply is done.
package struct PollRule: Sendable, Equatable {
  /// From answer to next request, at first.
  package var interval = Duration.milliseconds(700)
  /// What the interval grows by with each request, up to eight times its length.
  package var backoff = 1.0
  /// How long in all; then the fault is `timeout`.
  package var timeout = Duration.seconds(300)
  /// Failed requests in a row that end it.
  package var failures = 3

  /// Reads `{interval_ms, backoff, timeout_s, failures}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    if let interval = fields["interval_ms"]?.int(50...60_000) { self.interval = .milliseconds(interval) }
    if let place = fields["backoff"], let number = place.number() {
      backoff = number
      if !(1.0...10.0).contains(number) { place.mistake("must be 1 to 10") }
    }
    if let timeout = fields["timeout_s"]?.int(1...86_400) { self.timeout = .seconds(timeout) }
    failures = fields["failures"]?.int(1...100) ?? 3
    fields.end()
  }
}

/// A WebSocket that is opened for a message, and what is said on it.
package struct WebSocketRule: Sendable {
  /// What is sent and awaited before the answer, in order.
  package enum Line: Sendable {
    case send(BodyValue)
    case expect([(path: JSONPath, predicate: Predicate)])
  }

  /// Its address: `{{ws_origin}}/…` or `wss://…`.
  package var url: RecipeTemplate
  /// Members of the query.
  package var query: [(name: String, value: RecipeTemplate)] = []
  /// Header fields of the handshake.
  package var headers: [(name: String, value: RecipeTemplate)] = []
  /// What is sent and awaited.
  package var script: [Line] = []
  /// What is sent again and again, and how often.
  package var heartbeat: (interval: Duration, send: BodyValue)?
  /// What is sent back when a message is exactly this text.
  package var replies: [(on: String, send: BodyValue)] = []

  /// Reads `{url, query, headers, script, heartbeat, replies}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let place = fields.required("url")
    let url = place?.recipeTemplate()
    query = fields["query"]?.recipeTemplates() ?? []
    headers = StepRequest.headers(fields["headers"])
    script = fields.required("script")?.list().compactMap { Self.line($0) } ?? []
    if let beat = fields["heartbeat"] { heartbeat = Self.heartbeat(beat) }
    replies = fields["replies"]?.list().compactMap { Self.reply($0) } ?? []
    fields.end()
    guard let url, let place else { return nil }
    self.url = url
    StepRequest.check(url, place, schemes: ["wss", "ws"])
  }

  private static func line(_ field: Field) -> Line? {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    if let send = fields["send"] { return BodyValue(send).map { .send($0) } }
    guard let place = fields["expect"], var parts = place.fields() else { return field.wrong("expected send or expect") }
    defer { parts.end() }
    return .expect(parts.required("when")?.conditions() ?? [])
  }

  private static func heartbeat(_ field: Field) -> (interval: Duration, send: BodyValue)? {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    let interval = fields.required("every_s")?.number()
    guard let send = fields.required("send").flatMap({ BodyValue($0) }), let interval else { return nil }
    return (.milliseconds(Int(max(0.1, min(interval, 3600)) * 1000)), send)
  }

  private static func reply(_ field: Field) -> (on: String, send: BodyValue)? {
    guard var fields = field.fields() else { return nil }
    defer { fields.end() }
    guard let on = fields.required("on")?.string(), let send = fields.required("send").flatMap({ BodyValue($0) }) else { return nil }
    return (on, send)
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    let sent = script.flatMap { line -> [RecipeExpression] in if case .send(let value) = line { value.expressions } else { [] } }
    return url.expressions + query.flatMap(\.value.expressions) + headers.flatMap(\.value.expressions) + sent
      + (heartbeat?.send.expressions ?? []) + replies.flatMap(\.send.expressions)
  }
}
