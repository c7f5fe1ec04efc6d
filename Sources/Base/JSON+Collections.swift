extension JSON {
  /// The value of a member; of duplicates the last. Nil when there is none, or the value is no object.
  package subscript(name: String) -> JSON? {
    guard let key = key(name.utf8.span) else { return nil }
    return JSON(document, at: key + 1)
  }

  /// An element of an array; nil when out of range, or the value is no array.
  package subscript(position: Int) -> JSON? {
    guard position >= 0 else { return nil }
    return elements.dropFirst(position).first { _ in true }
  }

  /// The value at a path, as `choices[0].delta.content`; nil when a step of it is missing.
  package func at(_ path: String) -> JSON? {
    let text = path.utf8.span
    var value = self
    var start = 0
    while start < text.count {
      var end = start + 1
      while end < text.count, text[end] != UInt8(ascii: "."), text[end] != UInt8(ascii: "[") { end += 1 }
      guard let next = value.step(text.extracting(start..<end)) else { return nil }
      value = next
      start = end < text.count && text[end] == UInt8(ascii: ".") ? end + 1 : end
    }
    return value
  }

  /// One step of a path: a name, or `[` digits `]`.
  private func step(_ text: Span<UInt8>) -> JSON? {
    guard text[0] == UInt8(ascii: "[") else { return key(text).map { JSON(document, at: $0 + 1) } }
    // An array of more elements than nine digits can count fits no text.
    guard (3...11).contains(text.count), text[text.count - 1] == UInt8(ascii: "]") else { return nil }
    var position = 0
    for place in 1..<text.count - 1 {
      let digit = text[place] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      position = position * 10 + Int(digit)
    }
    return self[position]
  }

  /// How many elements or members the value has; 0 for scalars.
  package var count: Int {
    switch kind {
    case .array: elements.reduce(0) { count, _ in count + 1 }
    case .object: members.reduce(0) { count, _ in count + 1 }
    default: 0
    }
  }

  /// The elements of an array in order; none for other kinds.
  package var elements: Elements { Elements(array: self) }

  /// The members of an object in order, duplicates kept; none for other kinds.
  package var members: Members { Members(object: self) }

  /// Where a member's name (with its quotes) and value stand in `source`; of duplicates the last.
  package func memberRange(_ name: String) -> (key: Range<Int>, value: Range<Int>)? {
    guard let key = key(name.utf8.span) else { return nil }
    return (document.nodes[key].range, document.nodes[key + 1].range)
  }

  /// The node of a member's name, of duplicates the last.
  func key(_ wanted: Span<UInt8>) -> Int? {
    let tape = document.nodes
    let nodes = tape.span
    let object = nodes[index]
    guard object.kind == .object else { return nil }
    let end = Int(object.next)
    var found: Int?
    var key = index + 1
    while key < end {
      let name = nodes[key]
      // Most names differ in length: they cost nothing more.
      if name.isEscaped || Int(name.end - name.start) == wanted.count + 2, document.text(of: key, equals: wanted) { found = key }
      key = Int(nodes[key + 1].next)
    }
    return found
  }

  /// The elements of an array.
  package struct Elements: Sequence, IteratorProtocol, Sendable {
    private let document: JSONDocument
    private var child: Int
    private let end: Int

    init(array: JSON) {
      document = array.document
      child = array.index + 1
      end = array.kind == .array ? Int(array.node.next) : 0
    }

    /// The next element.
    package mutating func next() -> JSON? {
      guard child < end else { return nil }
      defer { child = Int(document.nodes[child].next) }
      return JSON(document, at: child)
    }
  }

  /// The members of an object.
  package struct Members: Sequence, IteratorProtocol, Sendable {
    private let document: JSONDocument
    private var key: Int
    private let end: Int

    init(object: JSON) {
      document = object.document
      key = object.index + 1
      end = object.kind == .object ? Int(object.node.next) : 0
    }

    /// The next member.
    package mutating func next() -> (name: String, value: JSON)? {
      guard key < end else { return nil }
      defer { key = Int(document.nodes[key + 1].next) }
      return (document.text(of: key), JSON(document, at: key + 1))
    }
  }
}
