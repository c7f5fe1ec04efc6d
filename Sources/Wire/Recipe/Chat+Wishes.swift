package import Base

extension Chat {
  /// How much the client wants the model to think, in one word; `none` where it doesn't say.
  package var effortWord: String {
    guard let thinking, !thinking.isOff else { return "none" }
    if let effort = thinking.effort { return effort.rawValue }
    if let budget = thinking.budget { return Thinking.Effort(budget: budget)?.rawValue ?? "medium" }
    return thinking.isAdaptive ? "medium" : "none"
  }
}

extension ClientWire {
  /// Whether a body of this wire asks for a search of the web.
  package func asksForSearch(_ body: JSON) -> Bool {
    switch self {
    case .chat, .completions: body["web_search_options"].map { !$0.isNull } ?? false
    case .responses, .messages:
      (body["tools"]?.elements ?? JSON.null.elements).contains { $0["type"]?.string?.hasPrefix("web_search") == true }
    case .gemini: (body["tools"]?.elements ?? JSON.null.elements).contains { $0["googleSearch"] != nil || $0["google_search"] != nil }
    }
  }
}
