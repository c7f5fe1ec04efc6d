@_spi(_Unicode) import Swift

/// Texts as they count when two messages are compared. Source: formats/datasets.md §10.
package enum CanonicalText {
  /// In Unicode's form C, line ends as LF, without white space at the end.
  package static func of(_ text: String) -> String {
    var bytes = Array(text.utf8)
    var isPlain = true
    for byte in bytes where byte >= 0x80 || byte == 13 { isPlain = false }
    if !isPlain { bytes = composed(text) }
    while let last = bytes.last, last == 32 || (9...13).contains(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func composed(_ text: String) -> [UInt8] {
    // The standard library's own normalisation, which has no other door without Foundation.
    var scalars = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text._nfc {
      if previous == "\r", scalar != "\n" { scalars.append("\n") }
      if scalar != "\r" { scalars.append(scalar) }
      previous = scalar
    }
    if previous == "\r" { scalars.append("\n") }
    return Array(String(scalars).utf8)
  }
}
