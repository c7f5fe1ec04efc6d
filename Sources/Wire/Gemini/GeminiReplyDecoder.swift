package import Base

/// Reads a whole Gemini reply by way of the same events as a stream.
package struct GeminiReplyDecoder: Sendable {
  private let rules: [ErrorRule]
  private let finishWords: [String: FinishReason]

  /// A decoder; `finishWords` is `response.finish` of the provider file.
  package init(rules: [ErrorRule] = [], finishWords: [String: FinishReason] = [:]) {
    self.rules = rules
    self.finishWords = finishWords
  }

  /// The events of a body, or of the list that a stream without `alt=sse` is. Throws what an error in a body with status 200 means,
  /// `.broken` for one without candidates whose prompt was not blocked.
  package func events(_ body: JSON) throws(Fault) -> [Event] {
    var reading = GeminiReading(finishWords, rules)
    var events: [Event] = []
    if body.kind == .array {
      for chunk in body.elements { events += try reading.read(chunk, event: nil) }
    } else {
      events = try reading.read(body, event: nil)
    }
    guard reading.hasCandidates || reading.isFinished else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "a body without candidates")
    }
    reading.finishAll(.stop, &events)
    events.append(.end)
    return events
  }

  /// The reply that a body is; the fold of its events.
  package func decode(_ body: JSON) throws(Fault) -> Reply {
    Reply(try events(body))
  }
}
