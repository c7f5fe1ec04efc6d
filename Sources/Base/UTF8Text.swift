/// What is well-formed UTF-8.
enum UTF8Text {
  /// The length of the sequence that begins here; 0 when it isn't well formed. Source: Unicode 16.0, table 3-7.
  static func sequenceLength(_ text: Span<UInt8>, at start: Int) -> Int {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch text[start] {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    guard start + length <= text.count, second.contains(text[start + 1]) else { return 0 }
    for offset in 2..<max(2, length) where text[start + offset] & 0xC0 != 0x80 { return 0 }
    return length
  }
}
