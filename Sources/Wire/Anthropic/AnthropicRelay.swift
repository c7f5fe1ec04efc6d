package import Base

/// Hands a Messages stream on to a Messages client, frame by frame: most bytes go through as they came.
///
/// Changed are the model's name, which is the one the client asked for; stop reasons that the provider file translates; and events that
/// carry no name, which the official client would skip. The end mark is held until the reply is complete. On the side it reads usage and
/// the stop reason. Source: wire-formats §2.1, §3.3, §7; sse.md C.
package struct AnthropicRelay: Sendable {
  private let model: JSON
  private let finishWords: [String: FinishReason]
  private let endMeansStop: Bool
  private let rules: AnthropicRules

  private var counted = AnthropicUsage()
  private var hasSentStop = false
  private var hasContent = false
  /// Whether the upstream said that nothing follows.
  package private(set) var isDone = false
  /// Whether anything came that a client can use: content of any kind, or a stop reason. Until then another upstream may be tried.
  package private(set) var isUseful = false
  /// Why the reply ended.
  package private(set) var finishes: [Int: FinishReason] = [:]

  /// A relay to a client that asked for `model`.
  ///
  /// `finishWords` and `endMeansStop` are `response.finish` and `response.eof` of the provider file.
  package init(model: String, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = [], endMeansStop: Bool = false) {
    self.model = JSON(model)
    self.finishWords = finishWords
    self.rules = AnthropicRules(rules)
    self.endMeansStop = endMeansStop
  }

  /// The last totals of tokens that the upstream told, nil when it told none.
  package var usage: Usage? { counted.total }

  /// Takes a frame in; gives the bytes for the client, which may be none. Throws what an error in the stream means, `.broken` for no JSON.
  package mutating func relay(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    switch frame.kind {
    case .data: return try data(frame)
    case .comment: return frame.raw
    case .heartbeat, .done: return []
    }
  }

  /// Ends the stream; gives the last bytes for the client. `.broken` when the upstream's answer is not complete.
  package mutating func end() throws(Fault) -> [UInt8] {
    let isComplete = !finishes.isEmpty || (hasContent && (isDone || endMeansStop))
    guard isComplete else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a stop reason")
    }
    guard !hasSentStop else { return [] }
    hasSentStop = true
    return Array("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".utf8)
  }

  private mutating func data(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    let type = AnthropicFrameType(frame.data)
    guard rules.usual.isEmpty, let type else { return try inspect(frame, type) }
    return try hand(on: frame, type)
  }

  /// Looks closely at a frame that isn't one of the usual ones, or that rules are about.
  private mutating func inspect(_ frame: Frame, _ type: AnthropicFrameType?) throws(Fault) -> ArraySlice<UInt8> {
    if frame.event == "ping" { return frame.raw }
    let json = try frame.json()
    if let fault = type == nil ? rules.fault(json, event: frame.event) : rules.fault(usual: json, event: frame.event) { throw fault }
    if let type { return try hand(on: frame, type) }
    return pass(frame, json["type"]?.string ?? frame.event)
  }

  private mutating func hand(on frame: Frame, _ type: AnthropicFrameType) throws(Fault) -> ArraySlice<UInt8> {
    switch type {
    case .ping, .blockStop: break
    case .blockDelta:
      isUseful = true
      hasContent = true
    case .blockStart: try noteBlock(frame)
    case .start: return try start(frame)
    case .delta: return try delta(frame)
    case .stop:
      isDone = true
      // Without content it says nothing, and `end` calls the stream broken.
      guard !hasSentStop, hasContent || !finishes.isEmpty else { return [] }
      hasSentStop = true
    }
    return pass(frame, type.rawValue)
  }

  private mutating func noteBlock(_ frame: Frame) throws(Fault) {
    let block = try frame.json()["content_block"]
    let isEmpty = block?["text"]?.string?.isEmpty == true || block?["thinking"]?.string?.isEmpty == true
    guard !isEmpty else { return }
    isUseful = true
    hasContent = true
  }

  private mutating func start(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    let json = try frame.json()
    counted.merge(json.at("message.usage"))
    guard let name = json.at("message.model"), name != model else { return pass(frame, AnthropicFrameType.start.rawValue) }
    var edit = JSONEdit(json)
    edit.replace(name, with: model)
    return Self.event(AnthropicFrameType.start.rawValue, edit.bytes()[...])
  }

  private mutating func delta(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    let json = try frame.json()
    counted.merge(json["usage"])
    guard let word = json.at("delta.stop_reason"), let text = word.string, !text.isEmpty else {
      return pass(frame, AnthropicFrameType.delta.rawValue)
    }
    let reason = finishWords[text] ?? FinishReason(messages: text) ?? .stop
    isUseful = true
    finishes[0] = finishes[0] ?? reason
    guard finishWords[text] != nil else { return pass(frame, AnthropicFrameType.delta.rawValue) }
    var edit = JSONEdit(json)
    edit.replace(word, with: JSON(reason.messages(sequence: json.at("delta.stop_sequence")?.string)))
    return Self.event(AnthropicFrameType.delta.rawValue, edit.bytes()[...])
  }

  /// The frame as it came, or written anew where the client could not read it so.
  private func pass(_ frame: Frame, _ type: String?) -> ArraySlice<UInt8> {
    guard !frame.isStandard || frame.event != type, let type else { return frame.raw }
    return Self.event(type, frame.data)
  }

  /// One event of one line.
  private static func event(_ type: String, _ data: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 64)
    bytes += "event: ".utf8
    bytes += type.utf8
    bytes += "\ndata: ".utf8
    var position = bytes.count
    bytes += data
    // Line ends can only stand between the tokens of JSON, where a space is as good.
    while let index = LineEnd.first(in: bytes[...], from: position) {
      bytes[index] = 0x20
      position = index + 1
    }
    bytes += "\n\n".utf8
    return bytes[...]
  }
}
