@_spi(_Unicode) import Swift

/// Texts as they count when two messages are compared. Source: formats/datasets.md §10.
package enum CanonicalText {
  /// In Unicode's form C, line ends as LF, without white space at the end.
  package static func of(_ text: String) -> String {
    var text = text
    // The span is used within the call alone.
    if !text.withUTF8({ unsafe isComposed($0.span) }) { text = composed(text) }
    guard let last = text.unicodeScalars.last, last.properties.isWhitespace else { return text }
    let end = text.unicodeScalars.lastIndex { !$0.properties.isWhitespace }.map { text.unicodeScalars.index(after: $0) } ?? text.startIndex
    return String(text.unicodeScalars[..<end])
  }

  /// Whether a text is sure to be in form C and without CR. Most are, and putting them into it costs 20 ns a character.
  private static func isComposed(_ bytes: Span<UInt8>) -> Bool {
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      if byte < 0x80 {
        guard byte != 13 else { return false }
        place += 1
        continue
      }
      let (scalar, length) = Words.scalar(bytes, at: place)
      guard isComposed(scalar.value) else { return false }
      place += length
    }
    return true
  }

  /// Characters that form C leaves as they are, whatever stands beside them: NFC_Quick_Check is Yes and the combining class 0.
  /// Source: Unicode's DerivedNormalizationProps.txt.
  static func isComposed(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0...0x2FF, 0x400...0x482, 0x48A...0x52F: true  // Latin, Cyrillic
    case 0x3030...0x3098, 0x309B...0x9FFF, 0xAC00...0xD7A3: true  // Kana, Han, Hangul syllables
    case 0x2002...0x206F, 0x2190...0x2328, 0x232B...0x2ADB, 0x3000...0x3029, 0xFE00...0xFE0F, 0xFF01...0xFFEF: true  // signs
    case 0x1F000...0x1FAFF, 0x20000...0x2F7FF: true  // Emoji, rarer Han
    default: false
    }
  }

  private static func composed(_ text: String) -> String {
    // The standard library's own normalisation, which has no other door without Foundation.
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text._nfc {
      if previous == "\r", scalar != "\n" { scalars.append("\n") }
      if scalar != "\r" { scalars.append(scalar) }
      previous = scalar
    }
    if previous == "\r" { scalars.append("\n") }
    return String(scalars)
  }
}
