/// What a text was so far, in 16 bytes: enough to know its repetition, while a long reply need not be kept for that.
struct TextMark: Sendable, Equatable {
  /// How many bytes of UTF-8 it has.
  private(set) var count = 0
  // FNV-1a. An upstream that makes another text of the same hash spoils its own reply only.
  private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Adds what came next.
  mutating func append(_ text: String) {
    let bytes = text.utf8.span
    for position in bytes.indices { add(bytes[position]) }
  }

  /// Whether a text begins with this one.
  func isBeginning(of text: String) -> Bool {
    guard text.utf8.count >= count else { return false }
    var other = TextMark()
    let bytes = text.utf8.span
    for position in 0..<count { other.add(bytes[position]) }
    return other == self
  }

  private mutating func add(_ byte: UInt8) {
    count += 1
    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }
}
