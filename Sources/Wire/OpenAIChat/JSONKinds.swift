import Base

/// The kinds of value that a member of a request may have.
struct JSONKinds: OptionSet, Sendable {
  let rawValue: UInt8

  static let string = JSONKinds(rawValue: 1)
  static let integer = JSONKinds(rawValue: 2)
  /// Any number, whole ones too.
  static let number = JSONKinds(rawValue: 4 | 2)
  static let boolean = JSONKinds(rawValue: 8)
  static let array = JSONKinds(rawValue: 16)
  static let object = JSONKinds(rawValue: 32)
  static let null = JSONKinds(rawValue: 64)

  /// The kind of a value; `1.0` is a whole number too.
  init(_ value: JSON) {
    self =
      switch value.kind {
      case .null: .null
      case .bool: .boolean
      case .string: .string
      case .array: .array
      case .object: .object
      case .number: Self.isWhole(value) ? .integer : .number
      }
  }

  private static func isWhole(_ value: JSON) -> Bool {
    if value.int != nil { return true }
    // A fraction that isn't 0 and no exponent: not whole, without reading the number.
    let digits = value.bytes
    if let point = digits.firstIndex(of: UInt8(ascii: ".")), digits[point...].contains(where: { 49...57 ~= $0 }),
      !digits.contains(where: { $0 | 0x20 == UInt8(ascii: "e") })
    {
      return false
    }
    return value.double.map { $0.rounded() == $0 } ?? false
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Whether a value of this kind is one of the others.
  func fits(_ wanted: JSONKinds) -> Bool {
    self == .number ? wanted.isSuperset(of: .number) : !isDisjoint(with: wanted)
  }

  /// In words, with articles: `a string or an array`.
  var words: String {
    var words: [String] = []
    if contains(.string) { words.append("a string") }
    if isSuperset(of: .number) { words.append("a number") } else if contains(.integer) { words.append("an integer") }
    if contains(.boolean) { words.append("a boolean") }
    if contains(.array) { words.append("an array") }
    if contains(.object) { words.append("an object") }
    if contains(.null) { words.append("null") }
    return words.joined(separator: " or ")
  }
}
