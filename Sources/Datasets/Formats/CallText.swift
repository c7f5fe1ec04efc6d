import Base

/// Calls as ShareGPT writes them. Source: formats/datasets.md §2 and §9.2.
enum CallText {
  /// One call as an object, several as an array.
  static func json(_ calls: [CallTurn]) -> String {
    let objects = calls.map { #"{"name":\#(string($0.name)),"arguments":\#(escaped($0.arguments))}"# }
    return objects.count == 1 ? objects[0] : "[\(objects.joined(separator: ","))]"
  }

  private static func string(_ text: String) -> String { escaped(String(decoding: JSON(text).bytes, as: UTF8.self)) }

  /// Tags of templates can't stand in it: `<` only ever stands in strings, where it may be escaped.
  private static func escaped(_ json: String) -> String { json.replacing(letters: "<", with: #"\u003c"#) }
}

/// Words that loaders take for places of media, and templates for the ends of calls. Source: formats/datasets.md §9.2.
struct TagEscape {
  /// Whether a tag of media was rewritten.
  private(set) var hasMedia = false

  /// A text without tags of media.
  mutating func media(_ text: String) -> String {
    guard text.firstPlace(of: "<") != nil else { return text }
    var escaped = text
    for (tag, harmless) in [("<image>", "< image>"), ("<video>", "< video>"), ("<audio>", "< audio>")] as [(StaticString, String)] {
      guard escaped.firstPlace(of: tag) != nil else { continue }
      escaped = escaped.replacing(letters: tag, with: harmless)
      hasMedia = true
    }
    return escaped
  }

  /// A text that stands beside a call.
  mutating func besideCall(_ text: String) -> String {
    media(text).replacing(letters: "<tool_call>", with: "< tool_call>").replacing(letters: "</tool_call>", with: "< /tool_call>")
  }
}
