package import Base

/// Reads a whole Messages reply by way of the same events as a stream.
package struct AnthropicReplyDecoder: Sendable {
  private let rules: [ErrorRule]
  private let finishWords: [String: FinishReason]

  /// A decoder; `finishWords` is `response.finish` of the provider file.
  package init(rules: [ErrorRule] = [], finishWords: [String: FinishReason] = [:]) {
    self.rules = rules
    self.finishWords = finishWords
  }

  /// The events of a body. Throws what an error in a body with status 200 means, `.broken` for one without content.
  package func events(_ body: JSON) throws(Fault) -> [Event] {
    if let fault = AnthropicRules.fault(body: body, rules: rules) { throw fault }
    guard body.kind == .object, let content = body["content"], content.kind == .array else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "a body without content")
    }
    var reading = AnthropicReading(finishWords)
    var events: [Event] = []
    reading.start(body, isWhole: true, &events)
    for (number, block) in content.elements.enumerated() {
      reading.blockStart(number, block, &events)
      reading.blockStop(number, &events)
    }
    reading.usage(body["usage"], &events)
    try reading.finish(body, &events)
    reading.finish(.stop, &events)  // nothing, where the reason was told
    events.append(.end)
    return events
  }

  /// The reply that a body is; the fold of its events.
  package func decode(_ body: JSON) throws(Fault) -> Reply {
    Reply(try events(body))
  }
}
