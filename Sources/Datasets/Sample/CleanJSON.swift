package import Base

/// JSON as it may stand in a training file: compact, no name twice in an object, no half characters, numbers as they were written.
/// Source: formats/datasets.md §1 and §9.1.6.
package enum CleanJSON {
  /// The value's text.
  package static func text(_ json: JSON) -> String {
    var writer = JSONWriter(capacity: json.bytes.count)
    write(json, &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// Writes the value.
  package static func write(_ json: JSON, _ writer: inout JSONWriter) {
    switch json.kind {
    case .object:
      writer.beginObject()
      for (name, value) in members(json) {
        writer.key(name)
        write(value, &writer)
      }
      writer.endObject()
    case .array:
      writer.beginArray()
      for element in json.elements { write(element, &writer) }
      writer.endArray()
    case .string: writer.value(json.string ?? "")
    default: writer.value(json)
    }
  }

  /// The members, of duplicates the last in the place of the first.
  package static func members(_ json: JSON) -> [(name: String, value: JSON)] {
    // By bytes: to the library's own comparison "é" is the same in one letter and in two.
    var places: [[UInt8]: Int] = [:]
    var members: [(name: String, value: JSON)] = []
    for (name, value) in json.members {
      let key = Array(name.utf8)
      if let place = places[key] {
        members[place].value = value
      } else {
        places[key] = members.count
        members.append((name, value))
      }
    }
    return members
  }
}
