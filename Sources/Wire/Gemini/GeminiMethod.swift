/// What is asked of a model on the Gemini wire: the word behind the colon of the path. Source: wire-formats §3.4.
package enum GeminiMethod: String, Sendable, CaseIterable {
  case generateContent, streamGenerateContent, embedContent, batchEmbedContents, countTokens

  /// Splits what follows `models/` in a path; the model's id may hold slashes and colons. Nil for an unknown method.
  package static func split(_ path: some StringProtocol) -> (model: String, method: GeminiMethod)? {
    guard let colon = path.lastIndex(of: ":"), colon > path.startIndex else { return nil }
    guard let method = GeminiMethod(rawValue: String(path[path.index(after: colon)...])) else { return nil }
    return (String(path[..<colon]), method)
  }

  /// The path and query of a call on an upstream, behind the version; streams are asked for as events.
  package func path(model: String) -> String {
    "/models/\(model):\(rawValue)" + (self == .streamGenerateContent ? "?alt=sse" : "")
  }
}
