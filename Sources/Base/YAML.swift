/// A YAML document as a tree that knows its lines; for configuration and provider files.
///
/// Of YAML it takes what such files need: one document, no anchors, aliases or tags, no duplicate keys.
package struct YAML: Sendable {
  /// What stands at a place of the document.
  package enum Content: Sendable {
    /// A text; plain ones have a type by the core schema, quoted and block ones are strings.
    case scalar(String, quoted: Bool)
    /// A list.
    case sequence([YAML])
    /// Members in their order, each with the line of its key.
    case mapping([(key: String, line: Int, value: YAML)])
  }

  /// What stands here.
  package let content: Content
  /// From 1.
  package let line: Int
  /// From 1.
  package let column: Int

  /// The largest document that is read, in bytes.
  package static let byteLimit = 1 << 20
  /// How many lists and mappings may lie within each other.
  package static let depthLimit = 64
  /// How many values and keys a document may have.
  package static let nodeLimit = 100_000

  /// Parses a document; throws `.invalid` with a message that begins `name:line:column: `.
  package init(parsing bytes: [UInt8], name: String) throws(Fault) {
    guard bytes.count <= Self.byteLimit else {
      throw Fault(.invalid, "\(name): the file is \(bytes.count) bytes long; the limit is \(Self.byteLimit)")
    }
    var builder = YAMLBuilder(name: name)
    try YAMLEvent.forEach(in: bytes, name: name) { event throws(Fault) in try builder.take(event) }
    self = builder.root ?? YAML(.scalar("", quoted: false), line: 1, column: 1)
  }

  init(_ content: Content, line: Int, column: Int) {
    self.content = content
    self.line = line
    self.column = column
  }
}

extension YAML {
  /// The value of a mapping's key; nil when it is missing, or this is no mapping.
  package subscript(key: String) -> YAML? { members.first { $0.key == key }?.value }

  /// The members of a mapping in their order; none for other contents.
  package var members: [(key: String, line: Int, value: YAML)] {
    guard case .mapping(let members) = content else { return [] }
    return members
  }

  /// The elements of a sequence; none for other contents.
  package var elements: [YAML] {
    guard case .sequence(let elements) = content else { return [] }
    return elements
  }

  /// The text of a scalar as it stands there, also when it looks like a number; nil for `null` and for other contents.
  package var string: String? {
    guard case .scalar(let text, _) = content, !isNull else { return nil }
    return text
  }

  /// The value of a plain whole number.
  package var int: Int? { plain.flatMap(YAMLSchema.int) }

  /// The value of a plain number.
  package var double: Double? { plain.flatMap(YAMLSchema.double) }

  /// The value of a plain `true` or `false`.
  package var bool: Bool? { plain.flatMap(YAMLSchema.bool) }

  /// Whether this is a plain `null`, `~` or nothing.
  package var isNull: Bool { plain.map(YAMLSchema.isNull) ?? false }

  private var plain: String? {
    guard case .scalar(let text, quoted: false) = content else { return nil }
    return text
  }
}

extension YAML {
  /// The same as JSON: plain scalars typed by the core schema, quoted ones strings; infinities become `null`.
  package var json: JSON {
    var writer = JSONWriter()
    write(onto: &writer)
    return writer.json()
  }

  private func write(onto writer: inout JSONWriter) {
    switch content {
    case .scalar(let text, let quoted):
      if quoted { writer.value(text) } else { writePlain(text, onto: &writer) }
    case .sequence(let elements):
      writer.beginArray()
      for element in elements { element.write(onto: &writer) }
      writer.endArray()
    case .mapping(let members):
      writer.beginObject()
      for member in members {
        writer.key(member.key)
        member.value.write(onto: &writer)
      }
      writer.endObject()
    }
  }

  private func writePlain(_ text: String, onto writer: inout JSONWriter) {
    if isNull {
      writer.null()
    } else if let bool {
      writer.value(bool)
    } else if let int {
      writer.value(int)
    } else if let double {
      writer.value(double)
    } else {
      writer.value(text)
    }
  }
}
