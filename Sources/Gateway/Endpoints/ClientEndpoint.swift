package import Base
package import HTTP
package import Wire

/// What a client can ask for, by path and method.
package enum ClientEndpoint: Sendable, Equatable {
  case health, ready, metrics
  /// How the providers and their accounts are; for admins.
  case providers
  /// The list of models, in the shape that the request wants.
  case modelList
  case model(id: String)
  case call(Asked)
  /// Passed to the domain that the path names.
  case proxy(ProxyTarget)

  /// The word for logs and metrics.
  package var name: String {
    switch self {
    case .health: "health"
    case .ready: "ready"
    case .metrics: "metrics"
    case .providers: "providers"
    case .modelList, .model: "models"
    case .call(let asked): asked.name
    case .proxy: "proxy"
    }
  }

  /// Whether an exchange with it is kept: what asks something of a model, or of another API.
  var isRecorded: Bool {
    switch self {
    case .call, .proxy: true
    case .health, .ready, .metrics, .providers, .modelList, .model: false
    }
  }

  /// Whether it needs a key.
  var isPublic: Bool { self == .health || self == .ready }

  /// Whether it is something that the gateway itself offers.
  var isOwn: Bool {
    if case .proxy = self { return false }
    return true
  }

  /// The endpoint of a request. Throws `unknownURL`, and `methodNotAllowed` with what is allowed in the detail; for a path with a domain
  /// as `ProxyTarget`.
  package init(_ head: RequestHead) throws(Fault) {
    let path = head.path
    let endpoint: ClientEndpoint
    if let asked = Asked(path: path) {
      endpoint = .call(asked)
    } else if let other = Self.other(path) {
      endpoint = other
    } else if let target = try ProxyTarget(head.target) {
      endpoint = .proxy(target)
    } else {
      throw Self.unknown(head)
    }
    // A verb that is not known is no model's name, which only a GET may ask for. Source: wire-formats §3.4.
    if case .model(let id) = endpoint, head.method == "POST", id.contains(":") { throw Self.unknown(head) }
    guard endpoint.allows(head.method) else {
      throw Fault(.methodNotAllowed, "\(head.method) is not allowed here; use \(endpoint.methods).", detail: endpoint.methods)
    }
    self = endpoint
  }

  private static func unknown(_ head: RequestHead) -> Fault {
    Fault(.unknownURL, "Unknown request URL: \(head.method) \(head.path.prefix(200)). Check the path and the method.")
  }

  private static func other(_ path: String) -> ClientEndpoint? {
    switch path {
    case "/health": .health
    case "/ready": .ready
    case "/metrics": .metrics
    case "/api/providers": .providers
    case "/v1/models", "/v1beta/models": .modelList
    default: Asked.modelPath(path).map { .model(id: String($0).removingPercentEncoding) }
    }
  }

  private func allows(_ method: String) -> Bool {
    switch self {
    case .call: method == "POST"
    case .proxy: true
    default: method == "GET" || method == "HEAD"
    }
  }

  private var methods: String {
    if case .call = self { "POST" } else { "GET, HEAD" }
  }

  /// The wire whose shape an answer has where the path may be of several: the official clients tell by their headers.
  /// Source: wire-formats §3.4, §11; DESIGN §5.
  package static func wire(_ head: RequestHead) -> ClientWire {
    if let wire = Asked(path: head.path)?.wire ?? ProxyTarget.wire(of: head.path) { return wire }
    if head.path.hasPrefix("/v1beta/") || head.headers.bytes("x-goog-api-key") != nil || head.headers.bytes("x-goog-api-client") != nil {
      return .gemini
    }
    return head.path.hasPrefix("/v1/messages") || head.headers.bytes("anthropic-version") != nil ? .messages : .chat
  }
}
