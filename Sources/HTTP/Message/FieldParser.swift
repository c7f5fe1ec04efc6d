import Base

/// Reads the field lines of a head. Source: RFC 9112 §5, RFC 9110 §5.5 and §5.6.2.
enum FieldParser {
  /// Reads `bytes[start...]`, lines with their CRLF and the final empty line, into fields.
  /// Throws `invalid` for a line without colon, an empty or odd name, space before the colon, a folded line or a
  /// control character in a value; `tooLarge` for more than `most` fields.
  static func parse(_ bytes: [UInt8], from start: Int, most: Int) throws(Fault) -> Headers {
    let lines = Array(bytes[start..<bytes.count - 2])
    var fields: [Headers.Field] = []
    fields.reserveCapacity(16)
    let text = lines.span
    var position = 0
    while position < text.count {
      guard fields.count < most else { throw Fault(.tooLarge, "The message has more than \(most) header fields.") }
      fields.append(try field(text, &position))
    }
    return Headers(lines: lines, fields: fields)
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

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  /// A letter of a token. Source: RFC 9110 §5.6.2.
  static func isToken(_ byte: UInt8) -> Bool {
    byte < 128 && (byte < 64 ? lowTokens &>> UInt64(byte) : highTokens &>> UInt64(byte &- 64)) & 1 == 1
  }

  /// One bit for each letter of a token below 64, and from 64 on. Literals, so that no look-up has to ask whether they are made.
  private static let lowTokens: UInt64 = 0x3ff6cfa00000000
  private static let highTokens: UInt64 = 0x57ffffffc7fffffe
}
