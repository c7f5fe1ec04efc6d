package import Base
package import HTTP
package import Wire

/// What a client can ask for, by path and method.
package enum ClientEndpoint: Sendable, Equatable {
  case health, ready, metrics
  case modelList
  case model(id: String)
  case call(EndpointName)

  /// The word for logs and metrics.
  package var name: String {
    switch self {
    case .health: "health"
    case .ready: "ready"
    case .metrics: "metrics"
    case .modelList, .model: "models"
    case .call(let endpoint): endpoint.rawValue
    }
  }

  /// Whether it needs a key.
  var isPublic: Bool { self == .health || self == .ready }

  private static let calls: [String: EndpointName] = [
    "/v1/chat/completions": .chat, "/v1/completions": .completions, "/v1/embeddings": .embeddings, "/v1/rerank": .rerank,
  ]

  /// The endpoint of a request. Throws `unknownURL`, and `methodNotAllowed` with what is allowed in the detail.
  package init(_ head: RequestHead) throws(Fault) {
    let path = head.path
    let endpoint: ClientEndpoint
    if let call = Self.calls[path] {
      endpoint = .call(call)
    } else if let other = Self.other(path) {
      endpoint = other
    } else {
      throw Fault(.unknownURL, "Unknown request URL: \(head.method) \(path.prefix(200)). Check the path and the method.")
    }
    guard endpoint.allows(head.method) else {
      throw Fault(.methodNotAllowed, "\(head.method) is not allowed here; use \(endpoint.methods).", detail: endpoint.methods)
    }
    self = endpoint
  }

  private static func other(_ path: String) -> ClientEndpoint? {
    switch path {
    case "/health": .health
    case "/ready": .ready
    case "/metrics": .metrics
    case "/v1/models": .modelList
    default: path.hasPrefix("/v1/models/") && path.count > 11 ? .model(id: decoded(path.dropFirst(11))) : nil
    }
  }

  /// A model's name may hold slashes, also percent-encoded.
  private static func decoded(_ text: Substring) -> String {
    String(text).replacing("%2F", with: "/").replacing("%2f", with: "/")
  }

  private func allows(_ method: String) -> Bool {
    if case .call = self { return method == "POST" }
    return method == "GET" || method == "HEAD"
  }

  private var methods: String {
    if case .call = self { "POST" } else { "GET, HEAD" }
  }
}
