/// Writes JSON text onto a byte buffer; commas are its business, the order of the calls is the caller's.
package struct JSONWriter: Sendable {
  /// What was written so far.
  package private(set) var bytes: [UInt8] = []
  /// Whether the next name or value needs a comma before it.
  private var needsComma = false

  /// An empty writer with room for some bytes.
  package init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// Opens an object.
  package mutating func beginObject() { open("{") }
  /// Closes the innermost object.
  package mutating func endObject() { close("}") }
  /// Opens an array.
  package mutating func beginArray() { open("[") }
  /// Closes the innermost array.
  package mutating func endArray() { close("]") }

  /// Writes a member's name; its value must follow.
  package mutating func key(_ name: String) {
    separate()
    Self.escape(name, into: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string.
  package mutating func value(_ string: String) {
    separate()
    Self.escape(string, into: &bytes)
  }

  /// Writes a whole number.
  package mutating func value(_ int: Int) {
    separate()
    bytes.append(contentsOf: String(int).utf8)
  }

  /// Writes a number; `null` when it is infinite or not a number.
  package mutating func value(_ double: Double) {
    separate()
    bytes.append(contentsOf: (double.isFinite ? double.description : "null").utf8)
  }

  /// Writes `true` or `false`.
  package mutating func value(_ bool: Bool) {
    separate()
    bytes.append(contentsOf: (bool ? "true" : "false").utf8)
  }

  /// Writes a value as it was written where it came from.
  package mutating func value(_ json: JSON) {
    separate()
    bytes.append(contentsOf: json.bytes)
  }

  /// Writes `null`.
  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  /// Writes a member with a string.
  package mutating func member(_ name: String, _ string: String) {
    key(name)
    value(string)
  }

  /// Writes a member with a whole number.
  package mutating func member(_ name: String, _ int: Int) {
    key(name)
    value(int)
  }

  /// Writes a member with a number.
  package mutating func member(_ name: String, _ double: Double) {
    key(name)
    value(double)
  }

  /// Writes a member with `true` or `false`.
  package mutating func member(_ name: String, _ bool: Bool) {
    key(name)
    value(bool)
  }

  /// Writes a member with a value as it was written.
  package mutating func member(_ name: String, _ json: JSON) {
    key(name)
    value(json)
  }

  /// What was written, as a value; it must be complete.
  package consuming func json() -> JSON { JSON(written: bytes) }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }
}

extension JSONWriter {
  /// Writes a string with its quotes; escapes only what must be, so other scripts stay readable. Source: RFC 8259 §7.
  package static func escape(_ string: String, into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    if isPlain(string.utf8.span) {
      bytes.append(contentsOf: string.utf8)
    } else {
      for byte in string.utf8 { append(byte, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Whether nothing needs an escape. Asking each byte took 70 instructions a byte.
  private static func isPlain(_ text: Span<UInt8>) -> Bool {
    var position = 0
    while true {
      position = JSONText.plainEnd(text, from: position)
      guard position < text.count else { return true }
      guard text[position] >= 0x80 else { return false }
      repeat { position += 1 } while position < text.count && text[position] >= 0x80
    }
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    guard needsEscape(byte) else { return bytes.append(byte) }
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case 8: bytes.append(UInt8(ascii: "b"))
    case 9: bytes.append(UInt8(ascii: "t"))
    case 10: bytes.append(UInt8(ascii: "n"))
    case 12: bytes.append(UInt8(ascii: "f"))
    case 13: bytes.append(UInt8(ascii: "r"))
    case 0..<0x20: bytes.append(contentsOf: byte < 0x10 ? "u000\(String(byte, radix: 16))".utf8 : "u00\(String(byte, radix: 16))".utf8)
    default: bytes.append(byte)
    }
  }
}
