/// Runs of words, by which texts are compared; a character of a script without spaces is a word.
enum Shingles {
  /// Hashes of the words in their order; letters in small.
  static func words(of text: String) -> [UInt64] {
    var words: [UInt64] = []
    var hash: UInt64 = seed
    var isOpen = false
    func end() {
      if isOpen { words.append(hash) }
      (hash, isOpen) = (seed, false)
    }
    for scalar in text.unicodeScalars {
      let value = scalar.value
      if isAlone(value) {
        end()
        words.append(mix(seed, UInt64(value)))
      } else if isLetter(value) {
        hash = mix(hash, UInt64((65...90).contains(value) ? value + 32 : value))
        isOpen = true
      } else {
        end()
      }
    }
    end()
    return words
  }

  /// The hash of a run of words.
  static func hash(_ words: ArraySlice<UInt64>) -> UInt64 { words.reduce(seed) { mix($0, $1) } }

  /// The runs of five words; of a shorter text the whole of it.
  static func set(of text: String) -> Set<UInt64> {
    let words = words(of: text)
    guard words.count > 5 else { return words.isEmpty ? [] : [hash(words[...])] }
    return Set((0...words.count - 5).map { hash(words[$0..<$0 + 5]) })
  }

  /// The share of what two sets have in common, 0 to 1.
  static func likeness(_ one: Set<UInt64>, _ other: Set<UInt64>) -> Double {
    let common = one.count < other.count ? one.count { other.contains($0) } : other.count { one.contains($0) }
    let all = one.count + other.count - common
    return all == 0 ? 1 : Double(common) / Double(all)
  }

  private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Source: the finalizer of MurmurHash3.
  static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    var mixed = (hash ^ value) &* 0xFF51_AFD7_ED55_8CCD
    mixed ^= mixed >> 33
    mixed = mixed &* 0xC4CE_B9FE_1A85_EC53
    return mixed ^ mixed >> 33
  }

  private static func isAlone(_ value: UInt32) -> Bool {
    (0x2E80...0x9FFF).contains(value) && !(0x3000...0x303F).contains(value) || (0xAC00...0xD7AF).contains(value)
      || (0x20000...0x2FA1F).contains(value)
  }

  private static func isLetter(_ value: UInt32) -> Bool {
    if value < 128 { return (48...57).contains(value) || (65...90).contains(value) || (97...122).contains(value) }
    return value >= 0xC0 && !(0x2000...0x206F).contains(value) && !(0x3000...0x303F).contains(value) && !(0xFF00...0xFF0F).contains(value)
  }
}
