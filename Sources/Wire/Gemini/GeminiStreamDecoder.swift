package import Base

/// Reads the events of a Gemini stream, with `alt=sse` or as one JSON array. Source: wire-formats §3.4, §7.1.
package struct GeminiStreamDecoder: EventDecoder {
  private var reading: GeminiReading
  private let endMeansStop: Bool

  /// A decoder at the start of a stream; `finishWords` and `endMeansStop` are `response.finish` and `response.eof` of the provider file.
  package init(rules: [ErrorRule] = [], finishWords: [String: FinishReason] = [:], endMeansStop: Bool = false) {
    reading = GeminiReading(finishWords, rules)
    self.endMeansStop = endMeansStop
  }

  /// Whether the answer's own end came.
  package var isFinished: Bool { reading.isFinished }

  /// The events of a frame. Throws what an error in the stream means, `.broken` for data that are no JSON.
  package mutating func decode(_ frame: Frame) throws(Fault) -> [Event] {
    guard frame.kind == .data, frame.event != "ping" else { return [] }
    return try reading.read(frame.json(), event: frame.event)
  }

  /// The last events. `.broken` when the stream ended before the answer did. Source: wire-formats §7.1.
  package mutating func end() throws(Fault) -> [Event] {
    guard reading.isFinished || (endMeansStop && reading.hasContent) else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a finish reason")
    }
    var events: [Event] = []
    reading.finishAll(.stop, &events)
    events.append(.end)
    return events
  }
}
