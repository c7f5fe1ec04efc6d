import Base

/// Reads the field lines of a head. Source: RFC 9112 §5, RFC 9110 §5.5 and §5.6.2.
enum FieldParser {
  /// Reads `bytes[start...]`, lines with their CRLF and the final empty line, into fields.
  /// Throws `invalid` for a line without colon, an empty or odd name, space before the colon, a folded line or a
  /// control character in a value; `tooLarge` for more than `most` fields.
  static func parse(_ bytes: [UInt8], from start: Int, most: Int) throws(Fault) -> Headers {
    let lines = Array(bytes[start..<bytes.count - 2])
    var fields: [Headers.Field] = []
    fields.reserveCapacity(min(most, lineCount(lines.span)))
    let text = lines.span
    var position = 0
    while position < text.count {
      guard fields.count < most else { throw Fault(.tooLarge, "The message has more than \(most) header fields.") }
      fields.append(try field(text, &position))
    }
    return Headers(lines: lines, fields: fields)
  }

  /// How many line feeds there are. Eight bytes at a time.
  private static func lineCount(_ lines: Span<UInt8>) -> Int {
    var count = 0
    var position = 0
    let raw = unsafe lines.bytes
    while position + 8 <= lines.count {
      // The load is checked against the span's bounds; every bit pattern is an integer.
      let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self) ^ 0x0A0A_0A0A_0A0A_0A0A
      // The top bit of a byte that is zero, and of no other.
      let zero = ~(((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F) | word | 0x7F7F_7F7F_7F7F_7F7F)
      count += zero.nonzeroBitCount
      position += 8
    }
    while position < lines.count {
      if lines[position] == 10 { count += 1 }
      position += 1
    }
    return count
  }

  private static func field(_ lines: Span<UInt8>, _ position: inout Int) throws(Fault) -> Headers.Field {
    let start = position
    while isToken(lines[position]) { position += 1 }
    let nameEnd = position
    guard nameEnd > start, lines[nameEnd] == UInt8(ascii: ":") else {
      throw Fault(.invalid, "A header field has no proper name.")
    }
    position += 1
    while isBlank(lines[position]) { position += 1 }
    let valueStart = position
    position = plainEnd(lines, from: position)
    while lines[position] != 13 {
      // Of the control characters only the tab. Source: RFC 9110 §5.5.
      guard lines[position] >= 32 && lines[position] != 127 || lines[position] == 9 else {
        throw Fault(.invalid, "A header field holds a control character.")
      }
      position += 1
    }
    var valueEnd = position
    while valueEnd > valueStart, isBlank(lines[valueEnd - 1]) { valueEnd -= 1 }
    position += 2
    return Headers.Field(
      start: Int32(start), nameEnd: Int32(nameEnd), valueStart: Int32(valueStart), valueEnd: Int32(valueEnd), end: Int32(position))
  }

  /// The first byte from here on that may end a value or must not be in it. Eight bytes at a time.
  private static func plainEnd(_ lines: Span<UInt8>, from start: Int) -> Int {
    var position = start
    let raw = unsafe lines.bytes
    while position + 8 <= lines.count {
      // The load is checked against the span's bounds; every bit pattern is an integer.
      let word = unsafe UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
      // The top bit of a control character is set; a borrow can only mark bytes above such a one.
      let special =
        ((word &- 0x2020_2020_2020_2020) & ~word | (delete &- 0x0101_0101_0101_0101) & ~delete) & 0x8080_8080_8080_8080
      if special != 0 { return position + special.trailingZeroBitCount >> 3 }
      position += 8
    }
    return position
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  /// A letter of a token. Source: RFC 9110 §5.6.2.
  static func isToken(_ byte: UInt8) -> Bool {
    byte < 128 && (byte < 64 ? lowTokens &>> UInt64(byte) : highTokens &>> UInt64(byte &- 64)) & 1 == 1
  }

  /// One bit for each letter of a token below 64, and from 64 on. Literals, so that no look-up has to ask whether they are made.
  private static let lowTokens: UInt64 = 0x3ff6cfa00000000
  private static let highTokens: UInt64 = 0x57ffffffc7fffffe
}
