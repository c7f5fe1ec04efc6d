package import Base

extension ClientWire {
  /// Whether an upstream of that wire takes this wire's bodies as they are.
  package func isSpoken(by wire: ProviderWire) -> Bool {
    switch self {
    case .chat, .completions: wire == .openaiChat
    case .messages: wire == .anthropic
    case .gemini: wire == .gemini
    case .responses: false
    }
  }

  /// The form of errors.
  package var errors: ErrorShape {
    switch self {
    case .chat, .completions, .responses: .openAI
    case .messages: .anthropic
    case .gemini: .gemini
    }
  }

  /// What keeps a silent stream alive; nil where nothing may. Source: formats/sse.md C.
  package var heartbeat: [UInt8]? {
    switch self {
    case .chat, .completions, .responses: Array(": keep-alive\n\n".utf8)
    case .messages: Array("event: ping\ndata: {\"type\": \"ping\"}\n\n".utf8)
    case .gemini: nil
    }
  }

  /// Reads a chat's body, or one whose tokens are to be counted. `model` and `isStream` are what the path tells; they count for Gemini
  /// alone.
  package func decode(_ body: JSON, model: String, isStream: Bool, isCount: Bool = false) throws(Fault) -> Chat {
    switch self {
    case .chat: try ChatRequest.decode(body)
    case .completions: try CompletionsRequest.decode(body)
    case .responses: try ResponsesRequest.decode(body)
    case .messages: try AnthropicRequest.decode(body, for: isCount ? .countTokens : .messages)
    case .gemini: try GeminiRequest.decode(body, model: model, isStream: isStream)
    }
  }

  /// Writes a stream of this wire; `form` counts for Gemini alone.
  package func streamEncoder(_ context: ReplyContext, form: GeminiStreamForm = .events) -> any EventEncoder {
    switch self {
    case .chat where context.keepsID:
      ChatStreamEncoder(model: context.model, created: context.created, showsUsage: context.showsUsage)
    case .chat: ChatStreamEncoder(context)
    case .completions: CompletionsStreamEncoder(context)
    case .responses: ResponsesStreamEncoder(context)
    case .messages: AnthropicStreamEncoder(context)
    case .gemini: GeminiStreamEncoder(context, form: form)
    }
  }

  /// Writes a whole reply of this wire.
  package func replyEncoder(_ context: ReplyContext) -> any ReplyEncoder {
    switch self {
    case .chat where context.keepsID: ChatReplyEncoder(model: context.model, created: context.created)
    case .chat: ChatReplyEncoder(context)
    case .completions: CompletionsReplyEncoder(context)
    case .responses: ResponsesReplyEncoder(context)
    case .messages: AnthropicReplyEncoder(context)
    case .gemini: GeminiReplyEncoder(context)
    }
  }
}
