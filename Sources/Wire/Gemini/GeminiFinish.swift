import Base

/// What Gemini's word for the end of a candidate means.
enum GeminiFinish: Equatable {
  /// The candidate ended for a reason that other wires know.
  case reason(FinishReason)
  /// The upstream gave up.
  case abort
  /// The word says nothing.
  case none

  /// Source: wire-formats §9.
  init(_ word: String, _ words: [String: FinishReason]) {
    if let reason = words[word] {
      self = .reason(reason)
      return
    }
    switch word {
    case "", "FINISH_REASON_UNSPECIFIED": self = .none
    case "STOP": self = .reason(.stop)
    case "MAX_TOKENS": self = .reason(.length)
    case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
      "IMAGE_RECITATION":
      self = .reason(.filter)
    default: self = .abort
    }
  }

  /// The fault of an upstream that gave up before anything came.
  static func fault(_ word: String, message: String? = nil) -> Fault {
    let name = Redaction.clean(String(word.prefix(64))) ?? ""
    let more = message.flatMap { Redaction.clean(String($0.prefix(256))) }.map { ": \($0)" } ?? ""
    return Fault(.broken, "The upstream gave up with the finish reason \"\(name)\".", detail: "finishReason \(name)\(more)")
  }
}

extension FinishReason {
  /// Gemini's word for it. Source: wire-formats §9.
  var gemini: String {
    switch self {
    case .stop, .stopSequence, .tool, .pause: "STOP"
    case .length, .contextWindow: "MAX_TOKENS"
    case .filter: "SAFETY"
    }
  }
}
