/// One line of the log while its fields are written.
///
/// No value can end the line or look like another field: in text, what isn't plain stands in quotes, and control
/// characters, line separators and marks that change the direction of writing are escaped.
package struct LogLine: Sendable {
  private var bytes: [UInt8] = []
  private let format: Log.Format

  init(_ level: Log.Level, _ event: String, _ time: Timestamp, _ format: Log.Format) {
    self.format = format
    bytes.reserveCapacity(384)
    switch format {
    case .text:
      time.appendRFC3339(to: &bytes)
      bytes.append(contentsOf: " \(level.rawValue) ".utf8)
      Self.appendText(event, to: &bytes)
    case .json:
      bytes.append(contentsOf: "{\"time\":\"".utf8)
      time.appendRFC3339(to: &bytes)
      bytes.append(contentsOf: "\",\"level\":\"\(level.rawValue)\",\"event\":".utf8)
      Self.appendJSON(event, to: &bytes)
    }
  }

  /// Adds a text.
  package mutating func field(_ name: String, _ value: String) {
    key(name)
    switch format {
    case .text: Self.appendText(value, to: &bytes)
    case .json: Self.appendJSON(value, to: &bytes)
    }
  }

  /// Adds a whole number.
  package mutating func field(_ name: String, _ value: Int) {
    key(name)
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Adds a number.
  package mutating func field(_ name: String, _ value: Double) {
    key(name)
    bytes.append(contentsOf: (value.isFinite || format == .text ? value.description : "null").utf8)
  }

  /// Adds `true` or `false`.
  package mutating func field(_ name: String, _ value: Bool) {
    key(name)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// Adds a value by its description; numbers and Booleans stay such in JSON.
  mutating func field(_ name: String, any value: any CustomStringConvertible & Sendable) {
    switch value {
    case let value as String: field(name, value)
    case let value as Int: field(name, value)
    case let value as Bool: field(name, value)
    case let value as Double: field(name, value)
    default: field(name, value.description)
    }
  }

  /// The line with its end.
  consuming func finish() -> [UInt8] {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private mutating func key(_ name: String) {
    switch format {
    case .text:
      bytes.append(UInt8(ascii: " "))
      Self.appendText(name, to: &bytes)
      bytes.append(UInt8(ascii: "="))
    case .json:
      bytes.append(UInt8(ascii: ","))
      Self.appendJSON(name, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
    }
  }

  private static func appendText(_ text: String, to bytes: inout [UInt8]) {
    guard text.isEmpty || !text.utf8.allSatisfy(isPlain) else { return bytes.append(contentsOf: text.utf8) }
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: scalar)])
      case "\n": bytes.append(contentsOf: "\\n".utf8)
      case "\r": bytes.append(contentsOf: "\\r".utf8)
      case "\t": bytes.append(contentsOf: "\\t".utf8)
      case _ where isDangerous(scalar): bytes.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// As JSON must be, and `\u…` also for what JSON allows but a terminal obeys.
  private static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
    guard text.utf8.contains(where: { $0 >= 0x7F }) else { return JSONWriter.escape(text, into: &bytes) }
    var quoted: [UInt8] = []
    JSONWriter.escape(text, into: &quoted)
    for scalar in String(decoding: quoted, as: UTF8.self).unicodeScalars {
      if isDangerous(scalar) {
        // All of them are below U+FFFF, and the control characters below U+0020 are escaped already.
        let digits = String(scalar.value, radix: 16)
        bytes.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  /// A visible character of ASCII that means nothing in a line.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\\")
  }

  /// Control characters (C0, DEL, C1), line and paragraph separators, and what turns the direction of writing.
  private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
