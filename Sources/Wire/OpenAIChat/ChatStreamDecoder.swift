package import Base

/// Reads the events of a Chat stream, of the dialects too.
package struct ChatStreamDecoder: EventDecoder {
  private var reading: ChatReading
  private let endMeansStop: Bool

  /// A decoder at the start of a stream; `finishWords` and `endMeansStop` are `response.finish` and `response.eof` of the provider file.
  package init(
    dialect: Dialect = .compatible, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = [], endMeansStop: Bool = false
  ) {
    reading = ChatReading(dialect, finishWords, rules)
    self.endMeansStop = endMeansStop
  }

  /// Whether the answer's own end came.
  package var isFinished: Bool { reading.isFinished }

  /// The events of a frame. Throws what an error in the stream means, `.broken` for data that are no JSON.
  package mutating func decode(_ frame: Frame) throws(Fault) -> [Event] {
    switch frame.kind {
    case .data where frame.event != "ping": return try reading.read(frame)
    default: return []
    }
  }

  /// The last events. `.broken` when the stream ended before the answer did. Source: wire-formats §7.1.
  package mutating func end() throws(Fault) -> [Event] {
    var events: [Event] = []
    guard reading.isFinished || (endMeansStop && reading.hasContent) else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a finish reason")
    }
    reading.finishAll(.stop, &events)
    events.append(.end)
    return events
  }
}
