extension JSON {
  /// The value `null`.
  package static let null = JSON(scalar: Array("null".utf8), .null)

  /// A string.
  package init(_ string: String) {
    var text: [UInt8] = []
    JSONWriter.escape(string, into: &text)
    self.init(scalar: text, .string, isEscaped: text.contains(UInt8(ascii: "\\")))
  }

  /// A whole number.
  package init(_ int: Int) {
    self.init(scalar: Array(String(int).utf8), .number)
  }

  /// A number; `null` when it is infinite or not a number, for which JSON has no words.
  package init(_ double: Double) {
    self = double.isFinite ? JSON(scalar: Array(double.description.utf8), .number) : .null
  }

  /// `true` or `false`.
  package init(_ bool: Bool) {
    self.init(scalar: Array(bool ? "true".utf8 : "false".utf8), .bool)
  }

  /// An object of these members, in this order.
  package static func object(_ members: [(String, JSON)]) -> JSON {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in members { writer.member(name, value) }
    writer.endObject()
    return writer.json()
  }

  /// An array of these elements.
  package static func array(_ elements: [JSON]) -> JSON {
    var writer = JSONWriter()
    writer.beginArray()
    for element in elements { writer.value(element) }
    writer.endArray()
    return writer.json()
  }

  private init(scalar text: [UInt8], _ kind: Kind, isEscaped: Bool = false) {
    let node = JSONNode(start: 0, end: UInt32(text.count), next: 1, kind: kind, isEscaped: isEscaped)
    self.init(JSONDocument(bytes: text, nodes: [node]), at: 0)
  }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// An object.
  package init(dictionaryLiteral members: (String, JSON)...) { self = .object(members) }
  /// An array.
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// A string.
  package init(stringLiteral string: String) { self.init(string) }
  /// A whole number.
  package init(integerLiteral int: Int) { self.init(int) }
  /// A number.
  package init(floatLiteral double: Double) { self.init(double) }
  /// `true` or `false`.
  package init(booleanLiteral bool: Bool) { self.init(bool) }
  /// `null`.
  package init(nilLiteral: ()) { self = .null }
}
