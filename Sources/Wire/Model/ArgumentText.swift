package import Base

/// The arguments of a call as an object, for wires that want one. Source: wire-formats §2.11.
package struct ArgumentText {
  /// The object; nil when the text is none.
  package let object: JSON?

  /// Reads the arguments' text: empty is `{}`, a text in a text is read twice.
  package init(_ text: String) {
    object = Self.object(text, depth: 0)
  }

  /// The object, or one that holds the text under `__raw_arguments`.
  package static func emulated(_ text: String) -> JSON { ["__raw_arguments": JSON(text)] }

  /// The text of arguments that came as JSON: compact, members in order, numbers as written, other scripts unescaped.
  package static func compact(_ json: JSON) -> String {
    var writer = JSONWriter(capacity: json.bytes.count)
    write(json, &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func write(_ json: JSON, _ writer: inout JSONWriter) {
    switch json.kind {
    case .array:
      writer.beginArray()
      for element in json.elements { write(element, &writer) }
      writer.endArray()
    case .object:
      writer.beginObject()
      for (name, value) in json.members {
        writer.key(name)
        write(value, &writer)
      }
      writer.endObject()
    case .string:
      // A lone surrogate has no character to be written as; its escape stays.
      if let text = json.string, !text.unicodeScalars.contains("\u{FFFD}") { writer.value(text) } else { writer.value(json) }
    default: writer.value(json)
    }
  }

  private static func object(_ text: String, depth: Int) -> JSON? {
    guard text.utf8.contains(where: { $0 > 32 }) else { return [:] }
    guard let json = try? JSON(parsing: text) else { return nil }  // nil is right: a model may write anything
    switch json.kind {
    case .object: return json
    case .null: return [:]
    case .string where depth == 0:
      guard let inner = json.string, inner.utf8.contains(where: { $0 > 32 }) else { return nil }
      return object(inner, depth: 1)
    default: return nil
    }
  }
}
