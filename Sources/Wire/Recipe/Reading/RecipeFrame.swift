import Base

/// One frame of a site's answer: its data, and what is known beside them.
struct RecipeFrame {
  /// The data as JSON, nil when they are none.
  var json: JSON?
  /// The data as they came.
  var data: ArraySlice<UInt8>
  /// The name of the event (SSE).
  var event: String?
  /// The flags of the envelope (Connect).
  var flags: Int?
  /// What stands before the JSON: `42` in `42["message",{…}]`, `0` in `0:"text"`.
  var prefix: String?

  /// A frame of data that may be JSON, also behind a short prefix.
  init(_ data: ArraySlice<UInt8>, event: String? = nil, flags: Int? = nil) {
    self.data = data
    self.event = event
    self.flags = flags
    json = Self.json(data)
    guard json == nil, let start = Self.prefixed(data) else { return }
    json = Self.json(data[start.json...])
    if json != nil { prefix = String(decoding: data[..<start.prefix], as: UTF8.self) }
  }

  /// The data as text.
  var text: String { String(decoding: data, as: UTF8.self) }

  /// What paths that begin with `@` find.
  var variables: [String: JSON] {
    var variables: [String: JSON] = [:]
    if let event { variables["event"] = JSON(event) }
    if let flags { variables["flags"] = JSON(flags) }
    if let prefix { variables["prefix"] = JSON(prefix) }
    return variables
  }

  private static func json(_ data: ArraySlice<UInt8>) -> JSON? {
    if let json = try? JSON(parsing: Array(data)) { return json }  // nil is the answer
    // Malformed UTF-8 is repaired, as the standard of event streams has it.
    guard data.contains(where: { $0 >= 0x80 }) else { return nil }
    return try? JSON(parsing: String(decoding: data, as: UTF8.self))
  }

  /// Where a prefix of letters and digits ends and the JSON behind it begins.
  private static func prefixed(_ data: ArraySlice<UInt8>) -> (prefix: Int, json: Int)? {
    let prefix = data.prefix(17).prefix { $0.isNameByte || $0 == UInt8(ascii: "-") }
    guard !prefix.isEmpty, prefix.count <= 16, prefix.endIndex < data.endIndex else { return nil }
    return (prefix.endIndex, data[prefix.endIndex] == UInt8(ascii: ":") ? prefix.endIndex + 1 : prefix.endIndex)
  }

  /// How a frame is named in reports: by its event, or by the members of its JSON. Never by a value.
  var label: String {
    if let event, event != "message" { return String(event.prefix(64)) }
    guard let json else { return "text" }
    let names = json.entries.prefix(6).map { String($0.name.prefix(24)) }
    return json.kind == .object ? "{\(names.joined(separator: ","))}" : "\(json.kind)"
  }
}
