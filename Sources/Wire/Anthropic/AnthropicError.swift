import Base

/// What a Messages upstream says in an error. Source: official.md §11, wire-formats §10.
enum AnthropicError {
  /// The fault that a frame is, or a body with status 200.
  static func fault(_ json: JSON, event: String?) -> Fault {
    // In a stream only the type tells what the status would have been.
    let type = json.at("error.type")?.string ?? ""
    return UpstreamError.fault(UpstreamAnswer(frame: json, event: event, status: statuses[type] ?? 200), rules: [])
  }

  private static let statuses = [
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403, "not_found_error": 404,
    "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504, "overloaded_error": 529,
  ]
}
