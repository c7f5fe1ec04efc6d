package import Base

/// The form that a client's wire gives to errors. Source: wire-formats §10.
package enum ErrorShape: Sendable {
  /// OpenAI: Chat, Responses, completions, embeddings and rerank.
  case openAI
  /// Anthropic: Messages.
  case anthropic
  /// Google: generateContent and its like.
  case gemini

  /// The form of a client's wire.
  package init(_ wire: ClientWire) {
    switch wire {
    case .chat, .responses, .completions: self = .openAI
    case .messages: self = .anthropic
    case .gemini: self = .gemini
    }
  }

  /// An error as an HTTP answer.
  package struct Reply: Sendable {
    /// The HTTP status.
    package var status: Int
    /// Header fields to add, beside the content type `application/json`.
    package var headers: [(name: String, value: String)]
    /// The JSON body.
    package var body: [UInt8]
  }

  /// The whole HTTP answer that a fault is. `requestID` is told where the wire has a place for it (Messages).
  package func reply(_ fault: Fault, requestID: String? = nil) -> Reply {
    var headers: [(name: String, value: String)] = []
    if let seconds = fault.retryHint { headers.append(("retry-after", String(seconds))) }
    if fault.kind == .dailyLimit { headers.append(("x-should-retry", "false")) }
    return Reply(status: status(fault.kind), headers: headers, body: body(fault, requestID: requestID))
  }

  /// The event that ends a stream whose head is already out. A Responses stream has an event of its own for that.
  package func frame(_ fault: Fault, requestID: String? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    // The official client of Messages tells events apart by their names.
    if self == .anthropic { bytes += Array("event: error\n".utf8) }
    return bytes + Array("data: ".utf8) + body(fault, requestID: requestID) + Array("\n\n".utf8)
  }

  /// The JSON object that a fault is, without anything around it.
  package func body(_ fault: Fault, requestID: String? = nil) -> [UInt8] {
    var writer = JSONWriter(capacity: 192)
    writer.beginObject()
    if self == .anthropic { writer.member("type", "error") }
    writer.key("error")
    writer.beginObject()
    switch self {
    case .openAI: OpenAIErrorTable.write(fault, &writer)
    case .anthropic: AnthropicErrorTable.write(fault, &writer)
    case .gemini: GeminiErrorTable.write(fault, status: status(fault.kind), &writer)
    }
    writer.endObject()
    if self == .anthropic, let requestID { writer.member("request_id", requestID) }
    writer.endObject()
    return writer.bytes
  }

  /// The HTTP status of a kind; only Messages has one of its own.
  package func status(_ kind: Fault.Kind) -> Int {
    self == .anthropic && kind == .overloaded ? 529 : kind.status
  }
}

extension Fault {
  /// The message for wires that have no member for the field: a refusal of the gateway's own begins with its path. An upstream's path
  /// would be one of the body that went up.
  var placedMessage: String {
    guard kind == .invalid, code != nil, let param, !message.contains(param) else { return message }
    return "\(param): \(message)"
  }

  /// Seconds after which a retry makes sense, as the client may hear it; never for a lack of funds.
  var retryHint: Int? {
    kind == .funds ? nil : retryAfter.map { max(0, $0) }
  }
}
