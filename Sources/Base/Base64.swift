/// Bytes as text of 64 letters. Source: RFC 4648 §4 and §5.
package enum Base64 {
  /// Which letters, and whether the end is padded.
  package enum Alphabet: Sendable {
    /// `+`, `/` and padding.
    case standard
    /// `-`, `_` and no padding.
    case urlSafe
  }

  /// The text of these bytes.
  package static func encode(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet = .standard) -> String {
    let letters = alphabet == .standard ? standard : urlSafe
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(letters[Int(bits >> UInt32(count) & 63)])
      }
    }
    if count > 0 { text.append(letters[Int(bits << UInt32(6 - count) & 63)]) }
    while alphabet == .standard, text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of a text, padded or not; nil when a letter is foreign, the length impossible, or unused bits aren't 0.
  package static func decode(_ text: String, _ alphabet: Alphabet = .standard) -> [UInt8]? {
    let values = alphabet == .standard ? standardValues : urlSafeValues
    var letters = Array(text.utf8)[...]
    if letters.count % 4 == 0 {
      for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(letters.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for letter in letters {
      let value = values[Int(letter)]
      guard value < 64 else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return count < 6 && bits & (1 << UInt32(count) - 1) == 0 ? bytes : nil
  }

  private static let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  private static let standard = Array((common + "+/").utf8)
  private static let urlSafe = Array((common + "-_").utf8)
  private static let standardValues = values(of: standard)
  private static let urlSafeValues = values(of: urlSafe)

  /// What each byte stands for; 255 for those that aren't letters.
  private static func values(of letters: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }
}
