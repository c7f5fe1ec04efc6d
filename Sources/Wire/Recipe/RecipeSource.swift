package import Base

/// Where a recipe's clock and chance come from; tests bring their own.
package struct RecipeSource: Sendable {
  package var now: @Sendable () -> Timestamp
  /// So many random bytes.
  package var random: @Sendable (Int) -> [UInt8]

  package init(now: @escaping @Sendable () -> Timestamp = { Time.now }, random: @escaping @Sendable (Int) -> [UInt8] = Digest.random) {
    self.now = now
    self.random = random
  }
}

/// Texts that are made anew.
package enum Generator {
  /// Letters of a random text.
  package static let most = 256

  /// A random UUID. Source: RFC 9562 §5.4.
  package static func uuid(_ source: RecipeSource) -> String {
    var bytes = source.random(16)
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let hex = Array(Digest.hex(bytes).utf8)
    let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(decoding: hex[$0], as: UTF8.self) }
    return groups.joined(separator: "-")
  }

  /// So many hexadecimal digits.
  package static func hex(_ count: Int, _ source: RecipeSource) -> String {
    String(Digest.hex(source.random((count + 1) / 2)).prefix(count))
  }

  /// So many decimal digits, the first not 0, so that a number of that length results.
  package static func digits(_ count: Int, _ source: RecipeSource) -> String {
    var text: [UInt8] = []
    while text.count < count {
      // Bytes from 250 on would make the first six digits likelier.
      for byte in source.random(count + 8) where byte < 250 && text.count < count {
        if text.isEmpty, byte % 10 == 0 { continue }
        text.append(48 + byte % 10)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Dates by a pattern: `%Y %m %d %H %M %S` as in strftime, or `yyyy MM dd HH mm ss SSS`, in UTC; other letters stand for themselves.
package enum DateFormat {
  package static func text(_ pattern: String, _ time: Timestamp) -> String {
    let parts = Array(time.rfc3339.utf8)
    let named: [(words: [String], range: Range<Int>)] = [
      (["%Y", "yyyy"], 0..<4), (["%m", "MM"], 5..<7), (["%d", "dd"], 8..<10), (["%H", "HH"], 11..<13), (["%M", "mm"], 14..<16),
      (["%S", "ss"], 17..<19), (["%L", "SSS"], 20..<23),
    ]
    let hasSigns = pattern.contains("%")
    var out = ""
    var rest = pattern[...]
    while let first = rest.first {
      let hit = named.first { rest.hasPrefix($0.words[hasSigns ? 0 : 1]) }
      if let hit {
        out += String(decoding: parts[hit.range], as: UTF8.self)
        rest = rest.dropFirst(hit.words[hasSigns ? 0 : 1].count)
      } else {
        out.append(first)
        rest = rest.dropFirst()
      }
    }
    return out
  }
}

/// Percent-encoding as JavaScript's encodeURIComponent does it. Source: ECMA-262 §19.2.6.4.
package enum URLEncoding {
  /// Keeps letters, digits and `- _ . ! ~ * ' ( )`.
  package static func component(_ bytes: some Sequence<UInt8>) -> String {
    encode(bytes) { isPlain($0) || "!*'()".utf8.contains($0) }
  }

  /// Keeps letters, digits and `- _ . ~`. Source: RFC 3986 §2.3.
  package static func strict(_ bytes: some Sequence<UInt8>) -> String { encode(bytes, isPlain) }

  /// As forms write it: a space is `+`. Source: https://url.spec.whatwg.org/#application/x-www-form-urlencoded (read 2026-11)
  package static func form(_ bytes: some Sequence<UInt8>) -> String {
    encode(bytes) { byte in isPlain(byte) && byte != UInt8(ascii: "~") || byte == UInt8(ascii: "*") || byte == UInt8(ascii: " ") }
      .replacing(" ", with: "+")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95, 126: true
    default: false
    }
  }

  private static func encode(_ bytes: some Sequence<UInt8>, _ keeps: (UInt8) -> Bool) -> String {
    var out: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in bytes {
      if keeps(byte) { out.append(byte) } else { out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
