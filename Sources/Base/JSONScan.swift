/// Looks at the top-level members of an object in one pass, without a tape: for the chunks of a stream.
///
/// It finds the ends of values but doesn't check what is inside them; text that must be JSON goes through `JSON(parsing:)`.
package enum JSONScan {
  /// Calls `body` with the ranges of each top-level member's name (without quotes) and value; false if the text is no object or ends early.
  package static func members(_ text: Span<UInt8>, _ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) -> Bool {
    members(text, in: 0..<text.count, body)
  }

  /// The same within a part of the text, as a member's value; ranges count from the beginning of the whole text.
  package static func members(_ text: Span<UInt8>, in part: Range<Int>, _ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) -> Bool {
    var position = space(text, part.lowerBound, part.upperBound)
    guard position < part.upperBound, text[position] == UInt8(ascii: "{") else { return false }
    position = space(text, position + 1, part.upperBound)
    if position < part.upperBound, text[position] == UInt8(ascii: "}") { return true }
    while position < part.upperBound, text[position] == UInt8(ascii: "\"") {
      let nameEnd = string(text, position + 1, part.upperBound)
      let colon = space(text, nameEnd, part.upperBound)
      guard colon < part.upperBound, text[colon] == UInt8(ascii: ":") else { return false }
      let start = space(text, colon + 1, part.upperBound)
      let end = value(text, start, part.upperBound)
      guard end > start else { return false }
      let after = space(text, end, part.upperBound)
      guard after < part.upperBound else { return false }
      body(position + 1..<nameEnd - 1, start..<end)
      if text[after] == UInt8(ascii: "}") { return true }
      guard text[after] == UInt8(ascii: ",") else { return false }
      position = space(text, after + 1, part.upperBound)
    }
    return false
  }

  /// Whether a part of the text is this word, byte by byte.
  @inline(__always)
  package static func isEqual(_ text: Span<UInt8>, _ part: Range<Int>, _ word: StaticString) -> Bool {
    part.count == word.utf8CodeUnitCount && part.upperBound <= text.count && JSONText.matches(text, from: part.lowerBound, word)
  }

  /// From behind a string's opening quote to behind its closing one; nil when it isn't closed.
  package static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int? {
    var position = start
    while true {
      position = JSONText.plainEnd(text, from: position)
      guard position < text.count else { return nil }
      switch text[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default:
        // Other scripts come in runs.
        repeat { position += 1 } while position < text.count && text[position] >= 0x80
      }
    }
  }

  /// The decoded text of a string whose content stands there, counted from the slice's beginning, a quote behind it; nil when it is
  /// not well formed or ends elsewhere.
  package static func text(_ bytes: ArraySlice<UInt8>, in content: Range<Int>) -> String? {
    let scan = JSONText.string(bytes.span, from: content.lowerBound)
    guard scan.mistake == nil, scan.end == content.upperBound + 1 else { return nil }
    let text = bytes[bytes.startIndex + content.lowerBound..<bytes.startIndex + content.upperBound]
    return String(decoding: scan.isEscaped ? JSONEscapes.decode(text)[...] : text, as: UTF8.self)
  }

  @inline(__always)
  private static func space(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = start
    while position < end, JSONText.isSpace(text[position]) { position += 1 }
    return position
  }

  /// The end of a string, behind its closing quote; the end of the part when it isn't closed.
  @inline(__always)
  private static func string(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    min(endOfString(text, from: start) ?? end, end)
  }

  /// The end of a value: strings whole, containers by the depth of brackets outside strings, others up to a delimiter.
  private static func value(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = start
    var depth = 0
    while position < end {
      switch text[position] {
      case UInt8(ascii: "\""):
        position = string(text, position + 1, end)
        if depth == 0 { return position }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return position }
        depth -= 1
        position += 1
        if depth == 0 { return position }
      case UInt8(ascii: ","), 0x09, 0x0A, 0x0D, 0x20:
        if depth == 0 { return position }
        position += 1
      default:
        position += 1
      }
    }
    return end
  }
}
