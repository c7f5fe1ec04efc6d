/// What the words for an end mean for training. Source: formats/datasets.md §9.3; the words: wire-formats §9.
enum Finish {
  static func note(chat word: String?, _ notes: inout Notes) {
    switch word {
    case nil, "": notes.warn(.noFinishReason)
    case "length", "max_tokens", "model_length", "MAX_TOKENS", "max_output_tokens":
      notes.refuse(.truncatedLength, "finish_reason \(Shown.word(word))")
    case "content_filter", "sensitive", "SAFETY": notes.refuse(.contentFiltered, "finish_reason \(Shown.word(word))")
    case "refusal": notes.refuse(.refusal, "finish_reason")
    case "pause_turn": notes.refuse(.incompleteTurn, "finish_reason")
    case "insufficient_system_resource", "network_error", "error": notes.refuse(.upstreamError, "finish_reason \(Shown.word(word))")
    default: break
    }
  }

  static func note(messages word: String?, _ notes: inout Notes) {
    switch word {
    case nil, "": notes.warn(.noFinishReason)
    case "max_tokens", "model_context_window_exceeded": notes.refuse(.truncatedLength, "stop_reason \(Shown.word(word))")
    case "refusal": notes.refuse(.refusal, "stop_reason")
    case "pause_turn": notes.refuse(.incompleteTurn, "stop_reason")
    case "content_filter", "content_filtered": notes.refuse(.contentFiltered, "stop_reason")
    default: break
    }
  }

  static func note(gemini word: String?, _ notes: inout Notes) {
    switch word {
    case nil, "", "FINISH_REASON_UNSPECIFIED": notes.warn(.noFinishReason)
    case "MAX_TOKENS": notes.refuse(.truncatedLength, "finishReason")
    case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS":
      notes.refuse(.toolCallBadJSON, "finishReason \(Shown.word(word))")
    case "STOP", "OTHER": break
    case let word? where filters.contains(word) || word.hasPrefix("IMAGE_"): notes.refuse(.contentFiltered, "finishReason \(word)")
    default: break
    }
  }

  private static let filters: Set<String> = [
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
  ]

  /// Of a response object.
  static func note(responses status: String?, _ reason: String?, _ notes: inout Notes) {
    switch status {
    case "completed": break
    case nil, "": notes.warn(.noFinishReason)
    case "incomplete" where reason == "content_filter": notes.refuse(.contentFiltered, "incomplete_details")
    case "incomplete": notes.refuse(.truncatedLength, "incomplete_details \(Shown.word(reason))")
    case "failed": notes.refuse(.upstreamError, "status failed")
    default: notes.refuse(.incompleteStream, "status \(Shown.word(status))")
    }
  }
}
