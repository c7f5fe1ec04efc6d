import Base

/// What each kind is called on the OpenAI wires. Source: wire-formats §10.
enum OpenAIErrorTable {
  /// The members of the `error` object.
  static func write(_ fault: Fault, _ writer: inout JSONWriter) {
    let row = row(fault.kind)
    writer.member("message", message(fault))
    writer.member("type", row.type)
    writer.member("param", fault.param.map { JSON($0) } ?? .null)
    writer.member("code", (fault.code ?? row.code).map { JSON($0) } ?? .null)
    for (name, value) in fault.members where !["message", "type", "param", "code"].contains(name) { writer.member(name, value) }
  }

  /// LiteLLM as a client raises its authentication error only by this beginning.
  private static func message(_ fault: Fault) -> String {
    let opening = "Incorrect API key provided"
    guard fault.kind == .unauthenticated, !fault.message.hasPrefix(opening) else { return fault.message }
    return fault.message.isEmpty ? opening + "." : opening + ". " + fault.message
  }

  private static func row(_ kind: Fault.Kind) -> (type: String, code: String?) {
    switch kind {
    case .invalid: ("invalid_request_error", nil)
    case .unauthenticated: ("invalid_request_error", "invalid_api_key")
    case .permission: ("invalid_request_error", "permission_denied")
    case .notFound: ("invalid_request_error", "model_not_found")
    case .unknownURL: ("invalid_request_error", "unknown_url")
    case .methodNotAllowed: ("invalid_request_error", "method_not_allowed")
    case .tooLarge: ("invalid_request_error", "request_too_large")
    case .contextOverflow: ("invalid_request_error", "context_length_exceeded")
    case .contentFilter: ("invalid_request_error", "content_filter")
    case .keyLimit, .rateLimited, .muted: ("rate_limit_error", "rate_limit_exceeded")
    case .dailyLimit: ("rate_limit_error", "quota_exceeded")
    case .verificationRequired: ("permission_error", "verification_required")
    case .authExpired, .forbidden, .banned, .clientTooOld: ("server_error", "upstream_authentication_error")
    case .funds: ("server_error", "upstream_quota")
    case .overloaded: ("server_error", "overloaded")
    case .timeout: ("server_error", "timeout")
    case .broken, .formatChanged: ("server_error", "upstream_error")
    case .internal, .cancelled: ("server_error", nil)
    }
  }
}
