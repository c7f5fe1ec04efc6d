extension Fault {
  /// The closed set of troubles; raw values are the words of provider files and metric labels.
  package enum Kind: String, CaseIterable, Sendable {
    // The client's own mistakes.
    /// The request is malformed or asks for what can't be.
    case invalid
    /// No key, or one that nobody knows.
    case unauthenticated
    /// The key may not do this.
    case permission
    /// Nobody has the model.
    case notFound = "not_found"
    /// No such path.
    case unknownURL = "unknown_url"
    /// The path exists, the method doesn't.
    case methodNotAllowed = "method_not_allowed"
    /// The body is over the limit.
    case tooLarge = "too_large"
    /// The gateway's own limit of a key is used up.
    case keyLimit = "key_limit"

    // What upstreams do.
    /// The prompt is longer than the model's window.
    case contextOverflow = "context_overflow"
    /// The upstream refused the content.
    case contentFilter = "content_filter"
    /// The upstream's credential is no longer accepted.
    case authExpired = "auth_expired"
    /// The upstream's credential may not do this.
    case forbidden
    /// The upstream's account is closed.
    case banned
    /// The upstream wants a newer client than the provider file describes.
    case clientTooOld = "client_too_old"
    /// The upstream's account is out of money.
    case funds
    /// The upstream's rate limit.
    case rateLimited = "rate_limited"
    /// The upstream's account may not speak for a while.
    case muted
    /// The upstream's limit of a day.
    case dailyLimit = "daily_limit"
    /// The upstream has too much to do.
    case overloaded
    /// The upstream took too long.
    case timeout
    /// The upstream's connection or reply broke.
    case broken
    /// The upstream wants to see a human.
    case verificationRequired = "verification_required"
    /// The upstream's reply no longer looks as its provider file says.
    case formatChanged = "format_changed"

    // Ours.
    /// A mistake of the gateway itself.
    case `internal`
    /// The client left; never sent.
    case cancelled
  }
}

extension Fault.Kind {
  /// The HTTP status the client gets; a wire may still choose another, as Anthropic's 529.
  package var status: Int {
    switch self {
    case .invalid, .contextOverflow, .contentFilter: 400
    case .unauthenticated: 401
    case .permission, .verificationRequired: 403
    case .notFound, .unknownURL: 404
    case .methodNotAllowed: 405
    case .tooLarge: 413
    case .keyLimit, .rateLimited, .muted, .dailyLimit: 429
    case .cancelled: 499
    case .internal: 500
    // An upstream's 401 or lack of funds is never the client's own.
    case .authExpired, .forbidden, .banned, .clientTooOld, .funds, .broken, .formatChanged: 502
    case .overloaded: 503
    case .timeout: 504
    }
  }
}
