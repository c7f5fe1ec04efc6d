import Base

/// What a provider may offer beside its wire's chat.
package enum EndpointName: String, Sendable, CaseIterable {
  case chat, completions, embeddings, rerank, models
  case countTokens = "count_tokens"
}

/// Where one of a provider's endpoints is.
package struct Endpoint: Sendable, Equatable {
  /// The shape of a rerank request and its answer. Source: formats/wire-formats §11 and the vendors' pages named in the provider files.
  package enum Shape: String, Sendable, CaseIterable {
    case jina, cohere, dashscope
  }

  /// Begins with a slash; `{model}` in it stands for the model's name (Gemini).
  package var path: String
  /// Where it lies elsewhere than at the provider's base URL.
  package var baseURL: BaseURL?
  /// How rerank is spoken.
  package var shape = Shape.jina

  /// An endpoint below the provider's base URL.
  package init(_ path: String) { self.path = path }

  /// Reads a path, or `{path, base_url, shape}` over what the wire has by itself.
  init?(_ field: Field, usual: Endpoint?) {
    guard case .members = field.setting.content else {
      guard let path = Self.path(field) else { return nil }
      self.init(path)
      return
    }
    guard var fields = field.fields() else { return nil }
    self = usual ?? Endpoint("")
    if let path = fields["path"].flatMap(Self.path) { self.path = path }
    baseURL = fields["base_url"]?.baseURL()
    shape = fields["shape"]?.choice(Shape.self) ?? .jina
    fields.end()
    if path.isEmpty { field.mistake("this endpoint needs a path: the wire has none of its own") }
  }

  private static func path(_ field: Field) -> String? {
    guard let text = field.string() else { return nil }
    guard text.hasPrefix("/"), !text.contains(where: { $0.isWhitespace || $0 == "#" }) else {
      return field.wrong("expected a path that begins with / (or false)")
    }
    return text
  }
}

/// The standard wires that an upstream may speak.
package enum ProviderWire: String, Sendable, CaseIterable {
  case openaiChat = "openai-chat"
  case anthropic, gemini

  /// The endpoints of the wire where a file says nothing.
  package var endpoints: [EndpointName: Endpoint] {
    switch self {
    case .openaiChat:
      [
        .chat: Endpoint("/chat/completions"), .completions: Endpoint("/completions"), .embeddings: Endpoint("/embeddings"),
        .rerank: Endpoint("/rerank"), .models: Endpoint("/models"),
      ]
    case .anthropic:
      [.chat: Endpoint("/messages"), .models: Endpoint("/models"), .countTokens: Endpoint("/messages/count_tokens")]
    case .gemini:
      [
        .chat: Endpoint("/models/{model}:generateContent"), .embeddings: Endpoint("/models/{model}:batchEmbedContents"),
        .models: Endpoint("/models"), .countTokens: Endpoint("/models/{model}:countTokens"),
      ]
    }
  }

  /// How the wire's credential travels where a file says nothing.
  package var auth: ProviderAuth {
    switch self {
    case .openaiChat: .bearer(credential: "KEY")
    case .anthropic: .header(name: "x-api-key", credential: "KEY")
    case .gemini: .header(name: "x-goog-api-key", credential: "KEY")
    }
  }

  /// The fixed header fields that the wire can't do without. Source: wire-formats §3.3.
  var headers: [(name: String, value: String)] {
    self == .anthropic ? [("anthropic-version", "2023-06-01")] : []
  }
}
