/// Follows JSON text that arrives in pieces, such as a call's arguments, to tell when the value is complete.
package struct JSONProgress: Sendable {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  private var hasBegun = false

  /// A text before its first piece.
  package init() {}

  /// Whether one object or array has begun and ended.
  package var isComplete: Bool { hasBegun && depth == 0 }

  /// Takes the next piece in.
  package mutating func append(_ piece: String) {
    for byte in piece.utf8 { append(byte) }
  }

  private mutating func append(_ byte: UInt8) {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""): isInString = true
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      hasBegun = true
    case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(0, depth - 1)
    default: break
    }
  }
}
