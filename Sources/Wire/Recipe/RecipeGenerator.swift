import Base

/// How a fresh value is made.
package enum RecipeGenerator: Sendable, Equatable {
  /// A random UUID in lower case.
  case uuid
  /// The time in a unit; as text where the site wants a string.
  case now(TimeUnit, isText: Bool)
  /// Random hexadecimal digits in lower case.
  case hex(Int)
  /// Random decimal digits, the first no zero.
  case digits(Int)
  /// Random characters a-z and 0-9.
  case characters(Int)
  /// The date in UTC by a pattern of `%Y %m %d %H %M %S`.
  case date(String)
  /// 1, 2, 3, … within its scope.
  case counter

  /// What the time counts.
  package enum TimeUnit: String, Sendable, CaseIterable {
    case seconds = "now_s"
    case milliseconds = "now_ms"
    case microseconds = "now_us"
    /// RFC 3339 with milliseconds and `Z`.
    case iso = "now_iso"
  }

  /// The words that make one, for messages.
  static let words = ["uuid", "now_s", "now_ms", "now_us", "now_iso", "hex N", "digits N", "chars N", "date FORMAT", "counter"]

  /// Reads `uuid`, `now_ms`, `now_ms_str`, `hex 32`, …; notes a mistake for anything else.
  init?(_ field: Field) {
    guard let text = field.string() else { return nil }
    guard let generator = Self.read(text) else {
      field.mistake("\"\(text)\" is not one of \(Self.words.joined(separator: ", ")); a fixed value is {const: …}")
      return nil
    }
    self = generator
  }

  private static func read(_ text: String) -> RecipeGenerator? {
    let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
    guard let word = parts.first else { return nil }
    guard parts.count == 2 else { return plain(word) }
    if word == "date" { return .date(parts[1]) }
    guard let count = Int(parts[1]), (1...1024).contains(count) else { return nil }
    switch word {
    case "hex": return .hex(count)
    case "digits": return .digits(count)
    case "chars": return .characters(count)
    default: return nil
    }
  }

  private static func plain(_ word: String) -> RecipeGenerator? {
    switch word {
    case "uuid": return .uuid
    case "counter": return .counter
    default:
      let isText = word.hasSuffix("_str")
      return TimeUnit(rawValue: isText ? String(word.dropLast(4)) : word).map { .now($0, isText: isText) }
    }
  }
}
