import Base

/// What is found while a record is read.
struct Notes {
  private(set) var refusals: [Refusal] = []
  var warnings: Set<Warning> = []

  mutating func refuse(_ reason: InvalidReason, _ detail: String) {
    // One of each reason is enough, however long the record is.
    if !refusals.contains(where: { $0.reason == reason }) { refusals.append(Refusal(reason, detail)) }
  }

  mutating func warn(_ warning: Warning) { warnings.insert(warning) }

  /// The reason that counts.
  var refusal: Refusal? { refusals.min { $0.reason < $1.reason } }

  /// The text of a JSON string, empty for anything else; half a surrogate pair is noted.
  mutating func text(_ json: JSON?) -> String {
    guard let json, let text = json.string else { return "" }
    if Surrogates.areReplaced(in: text, from: json.bytes) { warn(.invalidUnicodeReplaced) }
    return text
  }

  /// A value as it may stand in a file; half a surrogate pair is noted.
  mutating func cleaned(_ json: JSON) -> String {
    let text = CleanJSON.text(json)
    if Surrogates.areReplaced(in: text, from: json.bytes) { warn(.invalidUnicodeReplaced) }
    return text
  }
}

/// Halves of surrogate pairs, which JSON can escape and no file may hold. Source: formats/datasets.md §1.
enum Surrogates {
  /// Whether decoding made U+FFFD of what was none.
  static func areReplaced(in text: String, from source: ArraySlice<UInt8>) -> Bool {
    text.firstPlace(of: "\u{FFFD}") != nil && repaired(Array(source)) != nil
  }

  /// A JSON text in which every lone half became `\ufffd`; nil when there is none.
  static func repaired(_ text: [UInt8]) -> [UInt8]? {
    var bytes = text
    var isChanged = false
    var place = 0
    while let found = bytes[place...].firstIndex(of: UInt8(ascii: "\\")) {
      guard let unit = unit(bytes, found) else {
        place = found + 2
        guard place < bytes.count else { break }
        continue
      }
      place = found + 6
      guard (0xD800..<0xE000).contains(unit) else { continue }
      if unit < 0xDC00, let next = self.unit(bytes, place), (0xDC00..<0xE000).contains(next) {
        place += 6
      } else {
        bytes.replaceSubrange(found + 2..<found + 6, with: "fffd".utf8)
        isChanged = true
      }
    }
    return isChanged ? bytes : nil
  }

  /// The code unit of an escape there: `\u` and four digits.
  private static func unit(_ bytes: [UInt8], _ place: Int) -> UInt16? {
    guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else { return nil }
    return UInt16(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
  }
}

/// A string that comes in pieces, each a JSON string: joined before escapes are decoded, so that a pair that was torn apart is whole again.
struct PiecedText {
  private var bytes: [UInt8] = [UInt8(ascii: "\"")]

  var isEmpty: Bool { bytes.count == 1 }

  /// Adds a JSON string; anything else adds nothing.
  mutating func append(_ json: JSON?) {
    guard let json, json.kind == .string else { return }
    bytes += json.bytes.dropFirst().dropLast()
  }

  /// Adds text.
  mutating func append(text: String) {
    bytes += JSON(text).bytes.dropFirst().dropLast()
  }

  /// The whole text.
  func text(_ notes: inout Notes) -> String {
    // nil can't be: every piece was a JSON string.
    notes.text(try? JSON(parsing: bytes + [UInt8(ascii: "\"")]))
  }
}
