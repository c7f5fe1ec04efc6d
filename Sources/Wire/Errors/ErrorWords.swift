import Base

/// The words by which upstreams say what went wrong.
enum ErrorWords {
  /// Codes and types that say more than the status, in lower case. Source: wire-formats §10, official.md §2–12.
  static let kinds: [String: Fault.Kind] = [
    "context_length_exceeded": .contextOverflow, "tokens_too_long": .contextOverflow,
    "insufficient_quota": .funds, "billing_error": .funds, "billing_hard_limit_reached": .funds, "billing_not_active": .funds,
    "spend_limit_exceeded": .funds, "spend_limit_reached": .funds, "insufficient_balance": .funds, "arrearage": .funds,
    "exceeded_current_quota_error": .funds, "accountoverdueerror": .funds,
    "api_key_invalid": .authExpired, "invalid_api_key": .authExpired, "invalidapikey": .authExpired, "authentication_error": .authExpired,
    "invalid_authentication_error": .authExpired, "authenticationerror": .authExpired, "invalid_iam_token": .authExpired,
    "permission_error": .forbidden,
    // Reasons of Google's ErrorInfo. Source: google/api/error_reason.proto.
    "access_token_expired": .authExpired, "credentials_missing": .authExpired, "session_cookie_expired": .authExpired,
    "api_key_service_blocked": .forbidden, "api_key_http_referrer_blocked": .forbidden, "api_key_ip_address_blocked": .forbidden,
    "service_disabled": .forbidden, "consumer_suspended": .banned, "consumer_invalid": .forbidden,
    "access_token_scope_insufficient": .forbidden, "billing_disabled": .funds, "resource_quota_exceeded": .rateLimited,
    "model_not_found": .notFound, "modelnotfound": .notFound, "not_found_error": .notFound, "modelnotopen": .notFound,
    "rate_limit_exceeded": .rateLimited, "rate_limit_error": .rateLimited, "rate_limit_reached_error": .rateLimited,
    "ratelimitexceeded": .rateLimited, "resource_exhausted": .rateLimited,
    "overloaded_error": .overloaded, "engine_overloaded_error": .overloaded, "server_overloaded": .overloaded,
    "serveroverloaded": .overloaded,
    "timeout_error": .timeout,
    "request_too_large": .tooLarge,
    "content_filter": .contentFilter, "content_policy_violation": .contentFilter, "data_inspection_failed": .contentFilter,
    "datainspectionfailed": .contentFilter, "inputtextriskdetection": .contentFilter, "inputtextsensitivecontentdetected": .contentFilter,
  ]

  /// Texts, in lower case, by which a vendor says without a code that the account is spent.
  /// Source: https://github.com/anthropics/claude-code/issues/2127, https://github.com/dyad-sh/dyad/issues/3626 (read 2026-11-25).
  static let funds = [
    "credit balance is too low", "reached your specified api usage limits", "exceeded its monthly spending cap",
    "prepayment credits are depleted",
  ]

  /// Texts of a 400, in lower case, that mean the key, where Google leaves the reason out.
  /// Source: https://github.com/google-gemini/gemini-cli/issues/4690, https://github.com/simonw/llm/issues/1213 (read 2026-11-25).
  static let badKey = ["api key not valid", "api key expired"]

  /// The status that a word of an error object stands for, where no number is beside it; nil for other vendors' words, which
  /// mean too many things.
  static func status(_ error: JSON, isAnthropic: Bool) -> Int? {
    if isAnthropic { return error["type"]?.string.flatMap { anthropic[$0] } }
    return error["status"]?.string.flatMap { google[$0] }
  }

  /// Source: official.md §11.
  private static let anthropic = [
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403, "not_found_error": 404,
    "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504, "overloaded_error": 529,
  ]

  /// Source: google/rpc/code.proto.
  private static let google = [
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429, "CANCELLED": 499, "INTERNAL": 500, "UNKNOWN": 500,
    "DATA_LOSS": 500, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504,
  ]
}
