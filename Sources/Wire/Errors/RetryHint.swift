import Base

/// When an upstream says that trying again makes sense.
enum RetryHint {
  /// A day: a hint beyond it is a mistake or no limit that passes.
  static let longest = 86_400

  /// Seconds, from `retry-after-ms` (rounded up), `retry-after` (a number, or a date beside the answer's own), or Google's
  /// RetryInfo; nil without a hint. Source: wire-formats §10, RFC 9110 §10.2.3.
  static func seconds(_ answer: UpstreamAnswer) -> Int? {
    let milliseconds = answer.header("retry-after-ms").flatMap(Double.init).map { $0 / 1000 }
    let plain = answer.header("retry-after").flatMap { Double($0) ?? wait(until: $0, answer) }
    guard let hint = milliseconds ?? plain ?? delay(answer.json), hint.isFinite, hint >= 0 else { return nil }
    let seconds = Int(min(hint, Double(longest)))
    return Double(seconds) < hint ? min(seconds + 1, longest) : seconds
  }

  /// The time from the answer's own date, so that no clock of ours is asked.
  private static func wait(until text: String, _ answer: UpstreamAnswer) -> Double? {
    guard let end = Timestamp(httpDate: text), let now = answer.header("date").flatMap(Timestamp.init(httpDate:)) else { return nil }
    return Double(max(0, end.seconds - now.seconds))
  }

  /// `retryDelay: "34s"` of a RetryInfo.
  private static func delay(_ json: JSON?) -> Double? {
    guard let json else { return nil }
    let root = json.kind == .array ? json[0] ?? json : json
    for detail in root["error"]?["details"]?.elements ?? JSON.null.elements {
      guard let text = detail["retryDelay"]?.string, text.hasSuffix("s") else { continue }
      return Double(text.dropLast())
    }
    return nil
  }
}
