extension JSON {
  /// The members of an object in order, duplicates kept, whose names are not made into text unless somebody asks.
  package var entries: Entries { Entries(object: self) }

  /// Whether the value is this string; makes no text of it.
  package func equals(_ text: StaticString) -> Bool {
    kind == .string && document.text(of: index, equals: text)
  }

  /// One member of an object.
  package struct Entry: Sendable {
    fileprivate let document: JSONDocument
    fileprivate let key: Int

    /// The member's name, escapes decoded.
    package var name: String { document.text(of: key) }

    /// How many bytes the name has; nil when it has escapes, so that this is not known without decoding them.
    package var nameLength: Int? {
      let node = document.nodes[key]
      return node.isEscaped ? nil : Int(node.end) - Int(node.start) - 2
    }

    /// The member's value.
    package var value: JSON { JSON(document, at: key + 1) }

    /// Whether the name is this one; makes no text of it.
    package func isNamed(_ text: StaticString) -> Bool { document.text(of: key, equals: text) }

    /// Whether the name is this one; makes no text of it.
    package func isNamed(_ text: String) -> Bool { document.text(of: key, equals: text.utf8.span) }
  }

  /// The members of an object.
  package struct Entries: Sequence, IteratorProtocol, Sendable {
    private let document: JSONDocument
    private var key: Int
    private let end: Int

    init(object: JSON) {
      document = object.document
      key = object.index + 1
      end = object.kind == .object ? Int(object.node.next) : 0
    }

    /// The next member.
    package mutating func next() -> Entry? {
      guard key < end else { return nil }
      defer { key = Int(document.nodes[key + 1].next) }
      return Entry(document: document, key: key)
    }
  }
}

extension JSONDocument {
  /// Whether the string at a node is this text.
  fileprivate func text(of index: Int, equals wanted: StaticString) -> Bool {
    // Names that differ in length, as most do, cost nothing more. A StaticString's bytes live as long as the program.
    let node = nodes[index]
    guard node.isEscaped || Int(node.end) - Int(node.start) == wanted.utf8CodeUnitCount + 2 else { return false }
    return text(of: index, equals: unsafe Span(_unsafeStart: wanted.utf8Start, count: wanted.utf8CodeUnitCount))
  }
}
