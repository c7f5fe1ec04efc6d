package import Base

/// What a provider's file says of its replies, for who reads them.
package struct ReplyRules: Sendable {
  /// How a Chat upstream differs.
  package var dialect: Dialect
  /// The vendor's words for finishes.
  package var finishWords: [String: FinishReason]
  /// What its errors mean.
  package var errors: [ErrorRule]
  /// Whether the bare end of a stream is a stop.
  package var endMeansStop: Bool

  /// The wire's own rules only.
  package init(dialect: Dialect = .compatible) {
    self.dialect = dialect
    finishWords = [:]
    errors = []
    endMeansStop = false
  }
}

extension ProviderWire {
  /// Writes a chat as a body of this wire.
  package func encode(_ chat: Chat, for model: TargetModel) throws(Fault) -> EncodedRequest {
    switch self {
    case .openaiChat: try ChatRequest.encode(chat, for: model)
    case .anthropic: try AnthropicRequest.encode(chat, for: model)
    case .gemini: try GeminiRequest.encode(chat, for: model)
    }
  }

  /// The addresses that have to be fetched first, because the model takes none.
  package func addresses(_ chat: Chat, for model: TargetModel) -> [String] {
    switch self {
    case .openaiChat: ChatRequest.addresses(chat, for: model)
    case .anthropic: AnthropicRequest.addresses(chat, for: model)
    case .gemini: GeminiRequest.addresses(chat, for: model)
    }
  }

  /// Reads a stream of this wire.
  package func streamDecoder(_ rules: ReplyRules) -> any EventDecoder {
    switch self {
    case .openaiChat:
      ChatStreamDecoder(
        dialect: rules.dialect, finishWords: rules.finishWords, rules: rules.errors, endMeansStop: rules.endMeansStop)
    case .anthropic: AnthropicStreamDecoder(rules: rules.errors, finishWords: rules.finishWords, endMeansStop: rules.endMeansStop)
    case .gemini: GeminiStreamDecoder(rules: rules.errors)
    }
  }

  /// The events of a whole reply of this wire.
  package func events(_ body: JSON, _ rules: ReplyRules) throws(Fault) -> [Event] {
    switch self {
    case .openaiChat:
      try ChatReplyDecoder(dialect: rules.dialect, finishWords: rules.finishWords, rules: rules.errors).events(body)
    case .anthropic: try AnthropicReplyDecoder(rules: rules.errors, finishWords: rules.finishWords).events(body)
    case .gemini: try GeminiReplyDecoder(rules: rules.errors).events(body)
    }
  }
}
