import CSystem

/// DeepSeekHashV1: SHA3-256 whose permutation leaves out the first of its 24 rounds.
///
/// Four texts are hashed at once: word i of text s is `words[4 * i + s]`. Source: protocol notes on DeepSeek, §4, checked there against
/// the vendor's own module; FIPS 202 for the rest.
enum DeepSeekHash {
  /// Bytes of a block.
  static let rate = 136
  static let wordsOfFour = 100

  /// The 32 bytes of one text.
  static func digest(_ text: [UInt8]) -> [UInt8] {
    var words = [UInt64](repeating: 0, count: wordsOfFour)
    var place = 0
    for byte in text {
      add(byte, at: place, of: 0, to: &words)
      place += 1
      if place == rate {
        permute(&words)
        place = 0
      }
    }
    close(at: place, of: 0, &words)
    permute(&words)
    return (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8 * 4] >> UInt64($0 % 8 * 8)) }
  }

  /// Adds a byte of a text's block.
  static func add(_ byte: UInt8, at place: Int, of text: Int, to words: inout [UInt64]) {
    words[place / 8 * 4 + text] ^= UInt64(byte) << UInt64(place % 8 * 8)
  }

  /// Marks the end of a text in its last block. Source: FIPS 202 §B.2.
  static func close(at place: Int, of text: Int, _ words: inout [UInt64]) {
    add(0x06, at: place, of: text, to: &words)
    add(0x80, at: rate - 1, of: text, to: &words)
  }

  /// Runs the 23 rounds on all four.
  static func permute(_ words: inout [UInt64]) {
    precondition(words.count == wordsOfFour)
    // The call reads and writes exactly these hundred words.
    unsafe sys_keccak4(&words, 23)
  }
}
