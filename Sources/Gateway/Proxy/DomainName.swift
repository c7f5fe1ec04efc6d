/// The one spelling of a domain, whichever way a path or the config writes it.
enum DomainName {
  /// Bytes. Source: RFC 1035 §2.3.4.
  private static let longest = 253

  /// U+3002, U+FF0E and U+FF61, which stand for the dot between labels, as they are and percent-encoded. Source: RFC 3490 §3.1.
  private static let dots: [[UInt8]] = [
    [0xe3, 0x80, 0x82], [0xef, 0xbc, 0x8e], [0xef, 0xbd, 0xa1], Array("%e3%80%82".utf8), Array("%ef%bc%8e".utf8), Array("%ef%bd%a1".utf8),
  ]

  /// Whether a text has a dot in any spelling, so that it may be meant as a domain.
  static func hasDot(_ text: Substring) -> Bool {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") || $0 > 127 }) else { return false }
    return plain(text).contains(UInt8(ascii: ".")) || text.lowercased().contains("%2e")
  }

  /// In lower case, with plain dots and none at the end. Nil for what is no name of a host: a port, a user, brackets, an
  /// empty label, any other letter that is percent-encoded. A name has a dot.
  static func normalised(_ text: Substring) -> String? {
    var name = plain(text)
    if name.last == UInt8(ascii: ".") { name.removeLast() }
    guard name.count <= longest, name.allSatisfy(isLetter), name.contains(UInt8(ascii: ".")) else { return nil }
    let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return labels.contains { $0.isEmpty } ? nil : String(decoding: name, as: UTF8.self)
  }

  /// Whether resolvers could take a normalised name for a number, as `127.1` or `0x7f.1`: its last label is one.
  /// Source: https://url.spec.whatwg.org/#ends-in-a-number-checker (read 2026-11).
  static func isNumber(_ name: String) -> Bool {
    guard let last = name.utf8.split(separator: UInt8(ascii: ".")).last else { return false }
    if last.starts(with: "0x".utf8) { return last.dropFirst(2).allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) } }
    return last.allSatisfy { $0 >= 48 && $0 <= 57 }
  }

  /// In lower case, and with a plain dot for each of another script, also for one that is percent-encoded.
  private static func plain(_ text: Substring) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Substring(text.lowercased()).utf8
    while let byte = rest.first {
      if let length = dotLength(rest) {
        out.append(UInt8(ascii: "."))
        rest = rest.dropFirst(length)
      } else {
        out.append(byte)
        rest = rest.dropFirst()
      }
    }
    return out
  }

  private static func dotLength(_ text: Substring.UTF8View) -> Int? {
    guard let first = text.first, first == UInt8(ascii: "%") || first > 127 else { return nil }
    return dots.first { text.starts(with: $0) }?.count
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: ".")
  }
}
