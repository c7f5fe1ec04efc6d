extension JSON {
  /// What the value is.
  package var kind: Kind { node.kind }

  /// Whether the value is `null`.
  package var isNull: Bool { kind == .null }

  /// The value unless it is `null`.
  ///
  /// For `x.isNull ? nil : x`, which means something else: there `nil` is a literal of this type, and the answer `null`.
  package var present: JSON? {
    guard !isNull else { return nil }
    return self
  }

  /// The text of a string, escapes decoded; nil for other kinds. A lone surrogate becomes U+FFFD.
  package var string: String? { kind == .string ? document.text(of: index) : nil }

  /// The value of a whole number that fits; nil for other kinds, and for numbers with a fraction or an exponent.
  package var int: Int? { kind == .number ? Self.int(bytes) : nil }

  /// The value of a number, nil for other kinds and beyond the range.
  package var double: Double? {
    guard let text = numberText, let value = Double(text), value.isFinite else { return nil }
    return value
  }

  /// The number as it was written; nil for other kinds.
  package var numberText: String? { kind == .number ? String(decoding: bytes, as: UTF8.self) : nil }

  /// The value of `true` and `false`; nil for other kinds.
  package var bool: Bool? { kind == .bool ? document.bytes[Int(node.start)] == UInt8(ascii: "t") : nil }

  /// Where the value stands in `source`.
  package var range: Range<Int> { node.range }

  /// The whole text the value was parsed from.
  package var source: [UInt8] { document.bytes }

  /// The value's own text, byte by byte as it was written.
  package var bytes: ArraySlice<UInt8> { document.bytes[range] }

  private static func int(_ digits: ArraySlice<UInt8>) -> Int? {
    let isNegative = digits.first == UInt8(ascii: "-")
    var value = 0
    for byte in isNegative ? digits.dropFirst() : digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let digit = Int(byte &- UInt8(ascii: "0"))
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }
}

extension JSONDocument {
  /// The text of the string at a node.
  func text(of index: Int) -> String {
    let node = nodes[index]
    let content = bytes[Int(node.start) + 1..<Int(node.end) - 1]
    return String(decoding: node.isEscaped ? JSONEscapes.decode(content)[...] : content, as: UTF8.self)
  }

  /// Whether the string at a node is this text; allocates only when the string has escapes.
  func text(of index: Int, equals wanted: Span<UInt8>) -> Bool {
    let node = nodes[index]
    let content = Int(node.start) + 1..<Int(node.end) - 1
    if node.isEscaped {
      let decoded = JSONEscapes.decode(bytes[content])
      return decoded.count == wanted.count && wanted.indices.allSatisfy { decoded[$0] == wanted[$0] }
    }
    guard content.count == wanted.count else { return false }
    let bytes = bytes
    let text = bytes.span.extracting(content)
    for offset in wanted.indices where text[offset] != wanted[offset] { return false }
    return true
  }
}
