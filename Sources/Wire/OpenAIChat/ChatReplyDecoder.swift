package import Base

/// Reads a whole Chat reply, of the dialects too, by way of the same events as a stream.
package struct ChatReplyDecoder: Sendable {
  private let dialect: Dialect
  private let finishWords: [String: FinishReason]
  private let rules: [ErrorRule]

  /// A decoder; `finishWords` is `response.finish` of the provider file.
  package init(dialect: Dialect = .compatible, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = []) {
    self.dialect = dialect
    self.finishWords = finishWords
    self.rules = rules
  }

  /// The events of a body. Throws what an error in a body with status 200 means, `.broken` for one without choices.
  package func events(_ body: JSON) throws(Fault) -> [Event] {
    var reading = ChatReading(dialect, finishWords, rules)
    let events = try reading.read(body, event: nil, isWhole: true)
    guard reading.isFinished else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "a body without choices")
    }
    return events + [.end]
  }

  /// The reply that a body is; the fold of its events.
  package func decode(_ body: JSON) throws(Fault) -> Reply {
    Reply(try events(body))
  }
}
