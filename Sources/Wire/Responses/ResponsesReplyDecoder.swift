package import Base

/// Reads a whole Responses reply. No upstream here speaks this wire: what is read was recorded. Source: wire-formats §3.2.
package struct ResponsesReplyDecoder: Sendable {
  private let rules: [ErrorRule]

  /// A decoder; `rules` are the provider's, for what errors mean.
  package init(rules: [ErrorRule] = []) {
    self.rules = rules
  }

  /// The events of a response object. Throws what an error in it means, `.broken` for one that is not at its end.
  package func events(_ body: JSON) throws(Fault) -> [Event] {
    try ResponsesReading(rules).events(body) + [.end]
  }

  /// The reply that a body is; the fold of its events.
  package func decode(_ body: JSON) throws(Fault) -> Reply {
    Reply(try events(body))
  }
}

/// What the stream decoder and the decoder of whole replies share: heads, states and the end of a response object.
struct ResponsesReading: Sendable {
  private let rules: [ErrorRule]

  init(_ rules: [ErrorRule]) {
    self.rules = rules
  }

  /// The events of a response object but the last. `items` stand in for its output where it has none. Throws what its error means,
  /// `.broken` for one that is not at its end.
  func events(_ body: JSON, items: [JSON] = []) throws(Fault) -> [Event] {
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: body), rules: rules) { throw fault }
    let output = body["output"].map { Array($0.elements) } ?? []
    guard body["output"]?.kind == .array || !items.isEmpty else { throw Self.broken("a body without output") }
    var reader = ResponsesOutputReader()
    var events = head(body)
    for item in output.isEmpty ? items : output { reader.read(item, &events) }
    if let usage = Usage(responses: body["usage"]) { events.append(.usage(usage)) }
    events.append(.finish(candidate: 0, reader.finish(try reason(body, &events))))
    return events
  }

  /// The events of what came of a stream that broke off: no finish.
  func events(of items: [JSON], head body: JSON) -> [Event] {
    var reader = ResponsesOutputReader()
    var events = head(body)
    for item in items { reader.read(item, &events) }
    return events
  }

  private func head(_ body: JSON) -> [Event] {
    func text(_ name: String) -> String? { body[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    return [.start(ReplyHead(id: text("id"), model: text("model"), created: body["created_at"]?.int)), .candidate(0)]
  }

  /// Why it ended, before calls and refusals are looked at. Source: wire-formats §9.
  private func reason(_ body: JSON, _ events: inout [Event]) throws(Fault) -> FinishReason {
    switch body["status"]?.string {
    case "completed", nil: return .stop
    case "incomplete":
      let word = body.at("incomplete_details.reason")?.string
      if word == "content_filter" { return .filter }
      // Another limit than that of tokens has no word in the model.
      if word != "max_output_tokens" { events.append(.loss(Loss("incomplete_details.reason", .downgraded))) }
      return .length
    case let status?: throw Self.broken("a response with the status \(status.prefix(32))")
    }
  }

  private static func broken(_ detail: String) -> Fault {
    Fault(.broken, "The upstream's answer is broken. Try again.", detail: Redaction.clean(detail) ?? "")
  }
}

extension Usage {
  /// Reads the `usage` of a response object; nil when it is none. Source: wire-formats §8.
  init?(responses json: JSON?) {
    guard let json, json.kind == .object, json.count > 0 else { return nil }
    func count(_ path: String) -> Int { max(0, json.at(path)?.int ?? 0) }
    self.init(input: count("input_tokens"), output: count("output_tokens"))
    cacheRead = count("input_tokens_details.cached_tokens")
    cacheWrite = count("input_tokens_details.cache_write_tokens")
    reasoning = count("output_tokens_details.reasoning_tokens")
  }
}
