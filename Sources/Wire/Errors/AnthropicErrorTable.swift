import Base

/// What each kind is called on the Messages wire. Source: wire-formats §10.
enum AnthropicErrorTable {
  /// The members of the `error` object.
  static func write(_ fault: Fault, _ writer: inout JSONWriter) {
    writer.member("type", type(fault.kind))
    writer.member("message", message(fault))
    for (name, value) in fault.members where !["type", "message"].contains(name) { writer.member(name, value) }
  }

  /// Agent clients make their conversation shorter when they read these words, and only then.
  private static func message(_ fault: Fault) -> String {
    let opening = "prompt is too long"
    guard fault.kind == .contextOverflow, !fault.message.lowercased().contains(opening) else {
      return fault.placedMessage
    }
    return fault.message.isEmpty ? opening : opening + ": " + fault.message
  }

  private static func type(_ kind: Fault.Kind) -> String {
    switch kind {
    case .invalid, .contextOverflow, .contentFilter, .methodNotAllowed: "invalid_request_error"
    case .unauthenticated: "authentication_error"
    case .permission, .verificationRequired: "permission_error"
    case .notFound, .unknownURL: "not_found_error"
    case .tooLarge: "request_too_large"
    case .keyLimit, .rateLimited, .muted, .dailyLimit: "rate_limit_error"
    case .overloaded: "overloaded_error"
    case .timeout: "timeout_error"
    case .authExpired, .forbidden, .banned, .clientTooOld, .funds, .broken, .formatChanged, .internal, .cancelled: "api_error"
    }
  }
}
