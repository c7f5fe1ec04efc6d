extension JSON {
  /// Parses a text strictly by RFC 8259; throws `.invalid` with code `invalid_json` and the place in the message.
  ///
  /// Refused are also texts that are not UTF-8, a byte order mark, and texts over the limits. Duplicate names and
  /// lone surrogates in escapes are kept.
  package init(parsing bytes: [UInt8], limits: Limits = .standard) throws(Fault) {
    guard bytes.count <= min(limits.bytes, Int(UInt32.max)) else {
      throw Fault(.invalid, "The JSON is \(bytes.count) bytes long; the limit is \(limits.bytes).", code: "invalid_json")
    }
    do throws(JSONParser.Mistake) {
      self.init(JSONDocument(bytes: bytes, nodes: try JSONParser.nodes(of: bytes, depth: limits.depth)), at: 0)
    } catch {
      throw Fault(.invalid, "Invalid JSON at \(Self.place(error.offset, in: bytes)): \(error.reason).", code: "invalid_json")
    }
  }

  /// Parses a text; see `init(parsing:limits:)`.
  package init(parsing text: String) throws(Fault) {
    try self.init(parsing: Array(text.utf8))
  }

  /// The value of a text that this module wrote itself.
  init(written bytes: [UInt8]) {
    do throws(JSONParser.Mistake) {
      self.init(JSONDocument(bytes: bytes, nodes: try JSONParser.nodes(of: bytes, depth: .max)), at: 0)
    } catch {
      preconditionFailure("The written JSON is not JSON at byte \(error.offset): \(error.reason)")
    }
  }

  /// Where a byte is, in words for people: lines and characters count from 1.
  private static func place(_ offset: Int, in bytes: [UInt8]) -> String {
    let before = bytes[..<offset]
    let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    // A byte that continues a character is no column of its own.
    let column = before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    return "line \(line), column \(column)"
  }
}
