import Base

extension FinishReason {
  /// The meaning of a Messages `stop_reason`, nil for words that are not known. Source: wire-formats §9.
  init?(messages word: String) {
    switch word {
    case "end_turn": self = .stop
    case "stop_sequence": self = .stopSequence
    case "tool_use": self = .tool
    case "max_tokens": self = .length
    case "model_context_window_exceeded": self = .contextWindow
    case "refusal": self = .filter
    case "pause_turn": self = .pause
    default: return nil
    }
  }

  /// The word of Messages for it; a stop sequence that isn't known counts as an ordinary end.
  func messages(sequence: String?) -> String {
    switch self {
    case .stop: "end_turn"
    case .stopSequence: sequence == nil ? "end_turn" : "stop_sequence"
    case .tool: "tool_use"
    case .length: "max_tokens"
    case .contextWindow: "model_context_window_exceeded"
    case .filter: "refusal"
    case .pause: "pause_turn"
    }
  }
}

extension Signature {
  /// What stands in a thinking block's `signature`; nil for a Chat upstream's own, which would be taken for Anthropic's when it comes
  /// back. Source: wire-formats §2.7.
  var messages: String? {
    switch origin {
    case .anthropic: value
    case .anthropicRedacted, .gemini, .geminiNext: envelope
    case .chat, .chatEncrypted: nil
    }
  }
}
