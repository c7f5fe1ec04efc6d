import Wire

/// How a domain wants to be told who asks.
package enum ProxyAuth: String, CaseIterable, Sendable {
  /// `Authorization: Bearer`.
  case openai
  /// `x-api-key`.
  case anthropic
  /// `x-goog-api-key`; `?key=` counts as well.
  case google

  /// The kind that a path and a domain tell, in this order. Source: DESIGN §5, fine print.
  ///
  /// Google's OpenAI-like endpoints are below `/v1beta/openai/` and want a Bearer token.
  /// Source: https://ai.google.dev/gemini-api/docs/openai (read 2026-11).
  static func recognised(path: String, domain: String) -> ProxyAuth {
    if path.contains("/v1beta/openai/") { return .openai }
    if path.contains("/anthropic/") || path.contains("/v1/messages") { return .anthropic }
    if path.contains("/v1beta/") || path.contains(":generateContent") || path.contains(":streamGenerateContent") { return .google }
    return ProxyDomain.builtIn[domain] ?? .openai
  }

  /// Where the credential stands in a request.
  var carrier: CredentialCarrier {
    switch self {
    case .openai: .bearer
    case .anthropic: .apiKey
    case .google: .googleKey
    }
  }

  /// Whether the domain finds a credential there.
  func takes(_ carrier: CredentialCarrier) -> Bool {
    carrier == self.carrier || self == .google && carrier == .query
  }

  /// The wire whose errors such a domain's clients read.
  var wire: ClientWire {
    switch self {
    case .openai: .chat
    case .anthropic: .messages
    case .google: .gemini
    }
  }
}

/// The places where a request may bring a credential, in the order in which they count.
enum CredentialCarrier: Int, Sendable, CaseIterable {
  case bearer, apiKey, googleKey, query

  /// The name of the header, in lower case; nil for the query.
  var header: String? {
    switch self {
    case .bearer: "authorization"
    case .apiKey: "x-api-key"
    case .googleKey: "x-goog-api-key"
    case .query: nil
    }
  }
}
