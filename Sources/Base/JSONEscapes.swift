/// The escapes of JSON strings. Source: RFC 8259 §7.
enum JSONEscapes {
  /// The text of a string's content (without quotes), which must be well formed; lone surrogates become U+FFFD.
  static func decode(_ content: ArraySlice<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(content.count)
    var rest = content
    while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
      text.append(contentsOf: rest[..<slash])
      rest = rest[(slash + 2)...]
      let letter = content[slash + 1]
      if letter == UInt8(ascii: "u") {
        text.append(contentsOf: String(unicode(&rest)).utf8)
      } else {
        text.append(Self.character(letter))
      }
    }
    text.append(contentsOf: rest)
    return text
  }

  /// The value of a hexadecimal digit; nil for other bytes.
  static func hex(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private static func character(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 8
    case UInt8(ascii: "t"): 9
    case UInt8(ascii: "n"): 10
    case UInt8(ascii: "f"): 12
    case UInt8(ascii: "r"): 13
    default: letter
    }
  }

  /// Takes the four digits after `\u`, and the second half of a pair if there is one.
  private static func unicode(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar {
    let first = digits(rest.prefix(4))
    rest = rest.dropFirst(4)
    guard first & 0xFC00 == 0xD800, rest.starts(with: Array("\\u".utf8)) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
    let second = digits(rest.dropFirst(2).prefix(4))
    guard second & 0xFC00 == 0xDC00 else { return "\u{FFFD}" }
    rest = rest.dropFirst(6)
    return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF)) ?? "\u{FFFD}"
  }

  private static func digits(_ four: ArraySlice<UInt8>) -> UInt32 {
    four.reduce(0) { $0 << 4 | (hex($1) ?? 0) }
  }
}
