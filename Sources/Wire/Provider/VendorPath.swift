import Base

/// What a request to any vendor asks for, as far as its method and path tell.
///
/// Vendors put the same endpoints behind prefixes of their own (`/compatible-mode/v1`, `/api/v3`, `/anthropic/v1`), so that the end of the
/// path counts.
package struct VendorPath: Sendable, Equatable {
  /// What is asked for.
  package var endpoint: EndpointName
  /// The wire that is spoken.
  package var wire: ClientWire
  /// The model's name where it travels in the path; nil where the body names it.
  package var model: String?
  /// Whether the path asks for a stream (Gemini).
  package var isStream = false

  /// A path is read to this length, in bytes; a longer one is not known.
  package static let mostBytes = 4096

  /// Recognises a path without its query; nil for what isn't known.
  package init?(method: String, path: String) {
    guard path.utf8.count <= Self.mostBytes else { return nil }
    let steps = path.split(separator: "/")
    if method == "GET" || method == "HEAD" {
      self.init(list: steps)
    } else if method == "POST" {
      if let gemini = VendorPath(gemini: path) { self = gemini } else { self.init(call: steps) }
    } else {
      return nil
    }
  }

  private init(_ endpoint: EndpointName, _ wire: ClientWire) {
    self.endpoint = endpoint
    self.wire = wire
  }

  private init?(list steps: [Substring]) {
    guard steps.last == "models" else { return nil }
    self.init(.models, steps.contains("anthropic") ? .messages : steps.dropLast().last?.hasPrefix("v1beta") == true ? .gemini : .chat)
  }

  private init?(call steps: [Substring]) {
    switch (steps.dropLast().last, steps.last) {
    case ("chat", "completions"): self.init(.chat, .chat)
    case (_, "completions"): self.init(.completions, .completions)
    case (_, "responses"): self.init(.chat, .responses)
    case (_, "embeddings"): self.init(.embeddings, .chat)
    case (_, "rerank"), (_, "reranks"): self.init(.rerank, .chat)
    // Others have a list of that name below a thread.
    case (_, "messages") where !steps.contains("threads"): self.init(.chat, .messages)
    case ("messages", "count_tokens"): self.init(.countTokens, .messages)
    default: return nil
    }
    // Source: https://learn.microsoft.com/azure/ai-services/openai/reference (read 2026-11-25).
    guard let mark = steps.firstIndex(of: "deployments"), mark > 0, steps[mark - 1] == "openai", mark + 1 < steps.count - 1 else { return }
    model = String(steps[mark + 1]).removingPercentEncoding
  }

  /// `…/models/ID:verb`, where the id may hold slashes and colons. Source: wire-formats §3.4.
  private init?(gemini path: String) {
    guard let mark = path.firstRange(of: "/models/"), let (model, method) = GeminiMethod.split(path[mark.upperBound...]) else { return nil }
    switch method {
    case .generateContent: self.init(.chat, .gemini)
    case .streamGenerateContent:
      self.init(.chat, .gemini)
      isStream = true
    case .embedContent, .batchEmbedContents: self.init(.embeddings, .gemini)
    case .countTokens: self.init(.countTokens, .gemini)
    }
    self.model = model.removingPercentEncoding
  }
}
