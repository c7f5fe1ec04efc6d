import Base

/// Writes the events of a Responses stream, each with its number. Source: wire-formats §3.2, sse.md C.
///
///     event: response.output_text.delta
///     data: {"type":"response.output_text.delta","sequence_number":4, … }
struct ResponsesFrames: Sendable {
  private var number = 0

  /// Writes one event; `members` appends what follows the number, each member with a comma before it.
  mutating func write(_ type: String, _ bytes: inout [UInt8], members: (inout [UInt8]) -> Void) {
    bytes += "event: response.".utf8
    bytes += type.utf8
    bytes += "\ndata: {\"type\":\"response.".utf8
    bytes += type.utf8
    bytes += "\",\"sequence_number\":".utf8
    Self.append(number, &bytes)
    number += 1
    members(&bytes)
    bytes += "}\n\n".utf8
  }

  /// Appends `,"name":"text"`.
  static func member(_ name: String, _ text: String, _ bytes: inout [UInt8]) {
    key(name, &bytes)
    JSONWriter.escape(text, into: &bytes)
  }

  /// Appends `,"name":`.
  static func key(_ name: String, _ bytes: inout [UInt8]) {
    bytes += ",\"".utf8
    bytes += name.utf8
    bytes += "\":".utf8
  }

  /// Appends a whole number.
  static func append(_ number: Int, _ bytes: inout [UInt8]) {
    if (0..<10).contains(number) { bytes.append(UInt8(ascii: "0") + UInt8(number)) } else { bytes += String(number).utf8 }
  }
}
