package import Base

/// What a variable or expression of a recipe is: JSON, or bytes.
package enum FormulaValue: Sendable, Equatable {
  case json(JSON)
  /// Bytes as they are, such as a body or a file.
  case bytes([UInt8])
  /// The bytes of a digest: hexadecimal digits as a text, and the bytes themselves for `base64` and as the key of a further code.
  case digest([UInt8])

  /// A text.
  package init(_ text: String) { self = .json(JSON(text)) }

  /// What it is in a text; numbers as they were written, `null` as nothing.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether it is `null` or an empty text.
  var isNothing: Bool { bytes.isEmpty }

  /// The bytes that functions work on: those of the text.
  package var bytes: [UInt8] {
    switch self {
    case .bytes(let bytes): bytes
    case .digest(let bytes): Array(Digest.hex(bytes).utf8)
    case .json(let json):
      switch json.kind {
      case .null: []
      case .string: Array((json.string ?? "").utf8)
      default: Array(json.bytes)
      }
    }
  }

  /// The bytes behind the digits of a digest, else those of the text.
  package var raw: [UInt8] { if case .digest(let bytes) = self { bytes } else { bytes } }

  /// What it is in a JSON body: the value with its type.
  package var json: JSON { if case .json(let json) = self { json } else { JSON(text) } }

  /// Both, one behind the other. Throws `internal` beyond the limit of a value.
  func joined(_ other: FormulaValue) throws(Fault) -> FormulaValue {
    let whole = bytes + other.bytes
    guard whole.count <= Formula.mostBytes else { throw Formula.tooLarge }
    if case .bytes = self { return .bytes(whole) }
    if case .bytes = other { return .bytes(whole) }
    return FormulaValue(String(decoding: whole, as: UTF8.self))
  }
}
