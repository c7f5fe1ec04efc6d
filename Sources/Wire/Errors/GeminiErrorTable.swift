import Base

/// What each kind is called on the Gemini wire. Source: wire-formats §10; the words are those of google.rpc.Code.
enum GeminiErrorTable {
  /// The members of the `error` object.
  static func write(_ fault: Fault, status: Int, _ writer: inout JSONWriter) {
    writer.member("code", status)
    writer.member("message", fault.placedMessage)
    writer.member("status", word(fault.kind))
    if let seconds = fault.retryHint { writeDetails(seconds, &writer) }
    let own = ["code", "message", "status", "details"]
    for (name, value) in fault.members where !own.contains(name) { writer.member(name, value) }
  }

  /// Google's clients read the time to wait here, not in the header.
  private static func writeDetails(_ seconds: Int, _ writer: inout JSONWriter) {
    writer.key("details")
    writer.beginArray()
    writer.beginObject()
    writer.member("@type", "type.googleapis.com/google.rpc.RetryInfo")
    writer.member("retryDelay", "\(seconds)s")
    writer.endObject()
    writer.endArray()
  }

  private static func word(_ kind: Fault.Kind) -> String {
    switch kind {
    case .invalid, .contextOverflow, .contentFilter, .tooLarge, .methodNotAllowed: "INVALID_ARGUMENT"
    case .unauthenticated: "UNAUTHENTICATED"
    case .permission, .verificationRequired: "PERMISSION_DENIED"
    case .notFound, .unknownURL: "NOT_FOUND"
    case .keyLimit, .rateLimited, .muted, .dailyLimit: "RESOURCE_EXHAUSTED"
    case .authExpired, .forbidden, .banned, .clientTooOld, .funds, .broken, .formatChanged, .overloaded: "UNAVAILABLE"
    case .timeout: "DEADLINE_EXCEEDED"
    case .internal: "INTERNAL"
    case .cancelled: "CANCELLED"
    }
  }
}
