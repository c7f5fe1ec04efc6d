/// A SHA-256 as the key of a dictionary.
struct Hash: Hashable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// The hash in 32 bytes.
  init(_ bytes: [UInt8]) {
    precondition(bytes.count == 32, "A SHA-256 has 32 bytes")
    func word(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    words = (word(0), word(8), word(16), word(24))
  }

  var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
  }

  /// The first 8 bytes, by which the tables find it.
  var key: Int { Int(truncatingIfNeeded: words.0) }

  static func == (left: Hash, right: Hash) -> Bool {
    left.words.0 == right.words.0 && left.words.1 == right.words.1 && left.words.2 == right.words.2 && left.words.3 == right.words.3
  }

  // Whoever makes two that begin alike has tried 2^32 texts, and slows one look-up.
  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
