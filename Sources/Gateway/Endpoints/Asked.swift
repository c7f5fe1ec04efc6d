import Base
package import Wire

/// What a client asks of a model, as far as the path tells.
package struct Asked: Sendable, Equatable {
  /// What is asked for.
  package let endpoint: EndpointName
  /// The wire that the client speaks.
  package let wire: ClientWire
  /// The model's name where it travels in the path (Gemini).
  package var model: String?
  /// Whether the path asks for a stream (Gemini).
  package var isStream = false
  /// Whether one text is to be embedded, not a list of requests (Gemini's `embedContent`).
  package var isSingle = false

  /// Of an endpoint that a client asks in a wire.
  package init(_ endpoint: EndpointName, _ wire: ClientWire) {
    self.endpoint = endpoint
    self.wire = wire
  }

  /// The word for logs and metrics.
  var name: String {
    switch (endpoint, wire) {
    case (.chat, .responses): "responses"
    case (.chat, .messages): "messages"
    case (.chat, .gemini): "generate_content"
    default: endpoint.rawValue
    }
  }
}

extension Asked {
  private static let paths: [String: Asked] = [
    "/v1/chat/completions": Asked(.chat, .chat), "/v1/responses": Asked(.chat, .responses),
    "/v1/completions": Asked(.completions, .completions), "/v1/embeddings": Asked(.embeddings, .chat),
    "/v1/rerank": Asked(.rerank, .chat), "/v1/messages": Asked(.chat, .messages),
    "/v1/messages/count_tokens": Asked(.countTokens, .messages),
  ]

  /// What a path asks for; nil for one that asks nothing of a model.
  init?(path: String) {
    if let asked = Self.paths[path] {
      self = asked
    } else if let asked = Self.gemini(path) {
      self = asked
    } else {
      return nil
    }
  }

  /// `/v1beta/models/ID:verb`, where the id may hold slashes and colons; also below `/v1`, where the official client goes.
  /// Source: wire-formats §3.4.
  private static func gemini(_ path: String) -> Asked? {
    guard let rest = modelPath(path), let colon = rest.lastIndex(of: ":"), colon > rest.startIndex else { return nil }
    let model = String(rest[..<colon]).removingPercentEncoding
    var asked: Asked
    switch rest[rest.index(after: colon)...] {
    case "generateContent": asked = Asked(.chat, .gemini)
    case "streamGenerateContent":
      asked = Asked(.chat, .gemini)
      asked.isStream = true
    case "countTokens": asked = Asked(.countTokens, .gemini)
    case "batchEmbedContents": asked = Asked(.embeddings, .gemini)
    case "embedContent":
      asked = Asked(.embeddings, .gemini)
      asked.isSingle = true
    default: return nil
    }
    asked.model = model
    return asked
  }

  /// What follows `/v1/models/` or `/v1beta/models/`.
  static func modelPath(_ path: String) -> Substring? {
    for front in ["/v1beta/models/", "/v1/models/"] where path.hasPrefix(front) && path.utf8.count > front.utf8.count {
      return path.dropFirst(front.count)
    }
    return nil
  }
}
