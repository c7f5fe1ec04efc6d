extension JSON: Equatable {
  /// Whether both mean the same: members in any order (of duplicates the last counts), numbers by their text, strings decoded.
  package static func == (left: JSON, right: JSON) -> Bool {
    guard left.kind == right.kind else { return false }
    switch left.kind {
    case .null: return true
    case .bool: return left.bool == right.bool
    case .number: return left.bytes == right.bytes
    case .string: return left.bytes == right.bytes || left.string == right.string
    case .array: return left.elements.elementsEqual(right.elements)
    case .object: return left.lastMembers == right.lastMembers
    }
  }

  // Not by `self[name]`: asking an object for each of n names takes n² steps, and the text may come from a stranger.
  private var lastMembers: [String: JSON] {
    Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }
}

extension JSON: CustomStringConvertible {
  /// The value's text without white space between its parts.
  package var description: String {
    var writer = JSONWriter()
    write(onto: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(onto writer: inout JSONWriter) {
    switch kind {
    case .array:
      writer.beginArray()
      for element in elements { element.write(onto: &writer) }
      writer.endArray()
    case .object:
      writer.beginObject()
      for (name, value) in members {
        writer.key(name)
        value.write(onto: &writer)
      }
      writer.endObject()
    default:
      writer.value(self)
    }
  }
}
