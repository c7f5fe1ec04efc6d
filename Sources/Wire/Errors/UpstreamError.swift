package import Base

/// Reads what an upstream says when it fails, whatever the vendor's shape, into a `Fault`.
///
/// The shapes, in the order they are tried (official.md §14.6): an `error` member, `base_resp.status_code` other than 0, a flat
/// `code` with `message`, `type: error`, `detail`; each also inside a list of one. What it means is told by the provider file's rules,
/// then by codes that vendors share, then by the status (wire-formats §10).
package enum UpstreamError {
  /// The fault of an answer that is one: status ≥ 400, or JSON where a stream was asked.
  package static func fault(_ answer: UpstreamAnswer, rules: [ErrorRule] = []) -> Fault {
    if let fault = rules.fault(of: answer) { return fault }
    let reading = read(answer)
    return fault(kind(reading, answer), message: reading.message, answer)
  }

  /// The fault in the data of a frame or in a body with status 200; nil when it is no error.
  package static func fault(inside answer: UpstreamAnswer, rules: [ErrorRule] = []) -> Fault? {
    if let fault = rules.fault(of: answer) { return fault }
    guard let json = answer.json, ErrorReading.isError(json, event: answer.event) else { return nil }
    return fault(answer)
  }

  /// A fault of a kind that an answer has, with a message that a client may see.
  static func fault(_ kind: Fault.Kind, message: String?, _ answer: UpstreamAnswer) -> Fault {
    let reading = read(answer)
    let clean = message.flatMap(Redaction.clean)
    var fault = Fault(kind, text(kind, clean))
    fault.detail = detail(answer, reading, clean)
    fault.retryAfter = kind == .funds ? nil : RetryHint.seconds(answer)
    if kind == .invalid, let param = reading.param, param.utf8.count <= 128 { fault.param = Redaction.clean(param) }
    return fault
  }

  /// What the answer says, in one shape.
  static func read(_ answer: UpstreamAnswer) -> ErrorReading {
    answer.json.map { ErrorReading($0) } ?? ErrorReading()
  }

  private static func detail(_ answer: UpstreamAnswer, _ reading: ErrorReading, _ clean: String?) -> String {
    var words = [answer.isFrame ? "error in the stream" : "HTTP \(answer.status)"]
    for word in reading.words.prefix(3) { words.append(Redaction.clean(word) ?? "") }
    if let clean { words.append(clean) } else if answer.json == nil { words.append("\(answer.body.count) bytes that are no JSON") }
    return words.joined(separator: ", ")
  }

  /// The kinds whose message comes from the upstream. Source: wire-formats §10; never credentials and funds.
  private static func text(_ kind: Fault.Kind, _ clean: String?) -> String {
    switch kind {
    case .authExpired, .forbidden, .banned, .clientTooOld:
      "The upstream does not accept the gateway's credentials. The owner of the gateway has to look at them."
    case .funds: "The gateway's account at the upstream has no funds left. The owner of the gateway has to look at it."
    case .timeout: "The upstream took too long to answer. Try again."
    case .broken: "The upstream's answer is broken. Try again."
    default: clean ?? standard(kind)
    }
  }

  private static func standard(_ kind: Fault.Kind) -> String {
    switch kind {
    case .contextOverflow: "The input is longer than the model's maximum context length. Make it shorter."
    case .contentFilter: "The upstream's content filter refused the request."
    case .notFound: "The upstream does not know the model."
    case .tooLarge: "The request is too large for the upstream."
    case .rateLimited, .muted, .keyLimit: "The upstream's rate limit is reached. Try again later."
    case .dailyLimit: "The upstream's limit for the day is reached."
    case .overloaded: "The upstream is overloaded. Try again later."
    case .verificationRequired: "The site asks for a human check. The owner has to open it in a browser."
    case .formatChanged: "The upstream's answer no longer has the expected form."
    case .internal: "The upstream failed. Try again."
    default: "The upstream refused the request."
    }
  }

  // MARK: What it means

  private static func kind(_ reading: ErrorReading, _ answer: UpstreamAnswer) -> Fault.Kind {
    let status = answer.status >= 400 ? answer.status : reading.status ?? 502
    let text = (reading.message ?? "").lowercased()
    // Google says a spent account in the words of a rate limit, and only the text tells them apart.
    if [400, 403, 429].contains(status), ErrorWords.funds.contains(where: text.contains) { return .funds }
    for word in reading.words {
      if let kind = ErrorWords.kinds[word.lowercased()] { return kind }
    }
    if [400, 413, 422, 500, 502].contains(status), isOverflow(text) { return .contextOverflow }
    if status == 400, ErrorWords.badKey.contains(where: text.contains) { return .authExpired }
    return kind(status: status)
  }

  /// Source: wire-formats §10.
  private static func isOverflow(_ text: String) -> Bool {
    if text.contains("prompt is too long") || text.contains("maximum context length") { return true }
    guard let count = text.firstRange(of: "input token count") else { return false }
    return text[count.upperBound...].contains("exceeds")
  }

  /// Source: wire-formats §10, the column "from upstream".
  static func kind(status: Int) -> Fault.Kind {
    switch status {
    case 400, 405, 409, 415, 422: .invalid
    case 401: .authExpired
    case 402: .funds
    case 403: .forbidden
    case 404: .notFound
    case 408, 504: .timeout
    case 413: .tooLarge
    case 429: .rateLimited
    case 502, 520...526: .broken
    case 503, 529: .overloaded
    default: .internal
    }
  }
}
