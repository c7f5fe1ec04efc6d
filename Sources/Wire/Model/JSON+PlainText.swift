package import Base

extension JSON {
  /// The value as compact text for a member that holds JSON as text: members in order, numbers as written, no escapes but the needed
  /// ones. Source: wire-formats §2.11.
  package var plainText: String {
    // Without a backslash nothing can be unescaped, and the text as it stands is right but for its white space.
    guard bytes.contains(UInt8(ascii: "\\")) else { return description }
    var writer = JSONWriter(capacity: bytes.count)
    writePlain(onto: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func writePlain(onto writer: inout JSONWriter) {
    switch kind {
    case .array:
      writer.beginArray()
      for element in elements { element.writePlain(onto: &writer) }
      writer.endArray()
    case .object:
      writer.beginObject()
      for (name, value) in members {
        writer.key(name)
        value.writePlain(onto: &writer)
      }
      writer.endObject()
    case .string:
      // A lone surrogate has no character to be written as; its escape stays.
      if let text = string, !text.unicodeScalars.contains("\u{FFFD}") { writer.value(text) } else { writer.value(self) }
    case .null, .bool, .number: writer.value(self)
    }
  }
}
