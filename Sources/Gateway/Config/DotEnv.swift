package import Base

/// The variables of a `.env` file: `NAME=value` lines, comments, `export`, single and double quotes.
package enum DotEnv {
  /// The largest file that is read, in bytes.
  package static let byteLimit = 1 << 20

  /// Reads the text; a line that is none of these is a mistake with its number.
  package static func parse(_ text: String, file: String) throws(Fault) -> [String: String] {
    var values: [String: String] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard let (name, value) = try pair(trim(line), "\(file):\(index + 1)") else { continue }
      values[name] = value
    }
    return values
  }

  private static func pair(_ line: Substring, _ place: String) throws(Fault) -> (String, String)? {
    guard !line.isEmpty, line.first != "#" else { return nil }
    let words = line.hasPrefix("export ") ? trim(line.dropFirst(7)) : line
    guard let equals = words.firstIndex(of: "="), words[..<equals].utf8.allSatisfy(isNameByte), equals > words.startIndex else {
      throw Fault(.invalid, "\(place): expected NAME=value")
    }
    let value = trim(words[words.index(after: equals)...])
    return (String(words[..<equals]), try unquoted(value, place))
  }

  private static func unquoted(_ value: Substring, _ place: String) throws(Fault) -> String {
    guard let quote = value.first, quote == "\"" || quote == "'" else {
      // A comment begins at a # behind a space.
      guard
        let comment = value.indices.first(where: {
          value[$0] == "#" && $0 > value.startIndex && value[value.index(before: $0)].isWhitespace
        })
      else { return String(value) }
      return String(trim(value[..<comment]))
    }
    guard let end = value.dropFirst().firstIndex(of: quote) else { throw Fault(.invalid, "\(place): the quote is not closed") }
    return String(value[value.index(after: value.startIndex)..<end])
  }

  private static func trim(_ text: Substring) -> Substring {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
    return start[...last]
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
