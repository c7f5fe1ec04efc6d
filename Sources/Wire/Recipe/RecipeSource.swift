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

  /// So many characters a-z and 0-9.
  package static func characters(_ count: Int, _ source: RecipeSource) -> String {
    let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    var text: [UInt8] = []
    while text.count < count {
      // Bytes from 252 on would make the first four letters likelier.
      for byte in source.random(count + 8) where byte < 252 && text.count < count { text.append(letters[Int(byte) % 36]) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// A date in UTC by a pattern of `%Y %m %d %H %M %S`.
  package static func date(_ pattern: String, _ time: Timestamp) -> String {
    let text = Array(time.rfc3339.utf8)
    let places: [(sign: String, range: Range<Int>)] = [
      ("%Y", 0..<4), ("%m", 5..<7), ("%d", 8..<10), ("%H", 11..<13), ("%M", 14..<16), ("%S", 17..<19),
    ]
    return places.reduce(pattern) { $0.replacing($1.sign, with: String(decoding: text[$1.range], as: UTF8.self)) }
  }
}

extension RecipeGenerator {
  /// A fresh value; `count` is the number of a counter.
  package func value(_ source: RecipeSource, count: Int) -> FormulaValue {
    switch self {
    case .uuid: FormulaValue(Generator.uuid(source))
    case .now(let unit, let isText): Self.now(unit, isText, source.now())
    case .hex(let count): FormulaValue(Generator.hex(count, source))
    case .digits(let count): FormulaValue(Generator.digits(count, source))
    case .characters(let count): FormulaValue(Generator.characters(count, source))
    case .date(let pattern): FormulaValue(Generator.date(pattern, source.now()))
    case .counter: .json(JSON(count))
    }
  }

  private static func now(_ unit: TimeUnit, _ isText: Bool, _ now: Timestamp) -> FormulaValue {
    let number =
      switch unit {
      case .seconds: now.seconds
      case .milliseconds: now.milliseconds
      case .microseconds: now.milliseconds * 1000
      case .iso: 0
      }
    if unit == .iso { return FormulaValue(now.rfc3339) }
    return isText ? FormulaValue(String(number)) : .json(JSON(number))
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
