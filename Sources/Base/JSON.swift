/// A JSON value: a view into the text it was parsed from, so that nothing of the text is ever lost.
///
/// A document is its bytes and a flat tape of nodes in the order of the text. A value is the document and the
/// index of its node; taking one out copies nothing. `{"a":[1]}` has the tape
///
///     0 object 0..<9, next 4
///     1 string 1..<4, next 2     the name "a"
///     2 array  5..<8, next 4
///     3 number 6..<7, next 4
///
/// Invariants: a node's children follow it directly, up to its `next`; an object's children are name, value, name, value.
package struct JSON: Sendable {
  /// What a value is.
  package enum Kind: Sendable { case null, bool, number, string, array, object }

  /// How large a text may be before it is refused.
  package struct Limits: Sendable {
    /// Bytes of the whole text.
    package var bytes: Int
    /// Arrays and objects within each other.
    package var depth: Int
    /// 64 MiB, 128 levels.
    package static let standard = Limits()

    /// Limits that differ from the standard ones where named.
    package init(bytes: Int = 64 << 20, depth: Int = 128) {
      self.bytes = bytes
      self.depth = depth
    }
  }

  let document: JSONDocument
  let index: Int

  init(_ document: JSONDocument, at index: Int) {
    self.document = document
    self.index = index
  }

  var node: JSONNode { document.nodes[index] }
}

/// What all views of one text share.
final class JSONDocument: Sendable {
  let bytes: [UInt8]
  let nodes: [JSONNode]

  init(bytes: [UInt8], nodes: [JSONNode]) {
    self.bytes = bytes
    self.nodes = nodes
  }
}

/// One value or member name of the tape; 16 bytes.
struct JSONNode: Sendable {
  /// Where its text begins and ends; a string's quotes belong to it.
  var start: UInt32
  var end: UInt32
  /// The first node after this one and all it holds.
  var next: UInt32
  var kind: JSON.Kind
  /// A string that has escapes, so that its bytes are not its text.
  var isEscaped = false

  var range: Range<Int> { Int(start)..<Int(end) }
}
