import Base

/// Puts a Gemini reply together: chunks of a stream, elements of an array, or the one body: one candidate of it.
struct GeminiFold: ReplyFold {
  var isDone = false
  private let choice: Int
  private var parts: [SpokenPart] = []
  private var finish: String?
  private var blocked: String?
  private var indexes: Set<Int> = []

  /// The candidate with an index.
  init(_ choice: Int) {
    self.choice = choice
  }

  var isComplete: Bool { finish != nil || blocked != nil }

  mutating func read(_ json: JSON, _ notes: inout Notes) {
    for candidate in (json["candidates"] ?? .null).elements {
      let index = candidate["index"]?.int ?? 0
      indexes.insert(index)
      guard index == choice else { continue }
      parts += GeminiParts.parts(candidate.at("content.parts") ?? .null, "candidates[0].content.parts", isModel: true, &notes)
      if let word = candidate["finishReason"]?.string, !word.isEmpty { finish = word }
    }
    if let reason = json.at("promptFeedback.blockReason")?.string, !reason.isEmpty, !reason.hasSuffix("_UNSPECIFIED") { blocked = reason }
  }

  func end(isStream: Bool, into answer: inout Answer, _ notes: inout Notes) {
    answer.parts = parts
    answer.choices = indexes
    if indexes.count > 1 { notes.warn(.extraChoicesIgnored) }
    if let blocked { return notes.refuse(.contentFiltered, "promptFeedback.blockReason \(Shown.word(blocked))") }
    Finish.note(gemini: finish, &notes)
  }
}
