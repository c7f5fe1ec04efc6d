package import Base

/// Reads the events of a Messages stream. Source: wire-formats §3.3, §7.1.
package struct AnthropicStreamDecoder: EventDecoder {
  private var reading: AnthropicReading
  private let rules: AnthropicRules
  private let endMeansStop: Bool

  /// A decoder at the start of a stream; `finishWords` and `endMeansStop` are `response.finish` and `response.eof` of the provider file.
  package init(rules: [ErrorRule] = [], finishWords: [String: FinishReason] = [:], endMeansStop: Bool = false) {
    reading = AnthropicReading(finishWords)
    self.rules = AnthropicRules(rules)
    self.endMeansStop = endMeansStop
  }

  /// Whether the answer's own end came.
  package var isFinished: Bool { reading.isFinished }

  /// The events of a frame. Throws what an error in the stream means, `.broken` for data that are no JSON.
  package mutating func decode(_ frame: Frame) throws(Fault) -> [Event] {
    guard frame.kind == .data, frame.event != "ping" else { return [] }
    let json = try frame.json()
    var events: [Event] = []
    try read(json, frame.event, &events)
    return events
  }

  /// The last events. `.broken` when the stream ended before the answer did. Source: wire-formats §7.1.
  package mutating func end() throws(Fault) -> [Event] {
    var events: [Event] = []
    if !reading.isFinished {
      guard endMeansStop, reading.hasContent else {
        throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a stop reason")
      }
      reading.finish(.stop, &events)
    }
    events.append(.end)
    return events
  }

  private mutating func read(_ json: JSON, _ event: String?, _ events: inout [Event]) throws(Fault) {
    let type = json["type"]?.string ?? event
    if !rules.usual.isEmpty, type != "error", let fault = rules.fault(usual: json, event: event) { throw fault }
    switch type {
    case "content_block_delta": reading.blockDelta(json["index"]?.int ?? 0, json["delta"] ?? .null, &events)
    case "content_block_start": reading.blockStart(json["index"]?.int ?? 0, json["content_block"] ?? .null, &events)
    case "content_block_stop": reading.blockStop(json["index"]?.int ?? 0, &events)
    case "message_start": reading.start(json["message"] ?? .null, isWhole: false, &events)
    case "message_delta":
      reading.usage(json["usage"], &events)
      try reading.finish(json["delta"] ?? .null, &events)
    case "message_stop", "ping": break
    default:
      if let fault = rules.fault(json, event: event) { throw fault }
    }
  }
}
