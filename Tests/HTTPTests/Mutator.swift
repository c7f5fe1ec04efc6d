/// Random changes to a text, the same ones for the same seed.
struct Mutator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  // SplitMix64: one addition and a mix, enough for tests.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// Bytes at which parsers decide something.
  private static let edges: [UInt8] =
    [0, 1, 8, 9, 10, 11, 13, 14, 31, 32, 33, 126, 127, 128, 141, 160, 255] + "\r\n\r\n:;,/?#@+-0159aAfFgGxX".utf8

  /// One of `texts` with one to four changes.
  mutating func mutation(of texts: [String]) -> [UInt8] {
    var bytes = text(of: texts)
    for _ in 0..<Int.random(in: 1...4, using: &self) { change(&bytes, texts) }
    return bytes
  }

  private mutating func text(of texts: [String]) -> [UInt8] {
    Array(texts[Int.random(in: 0..<texts.count, using: &self)].utf8)
  }

  private mutating func change(_ bytes: inout [UInt8], _ texts: [String]) {
    let place = Int.random(in: 0...bytes.count, using: &self)
    let end = min(bytes.count, place + Int.random(in: 0...8, using: &self))
    switch Int.random(in: 0..<7, using: &self) {
    case 0 where place < bytes.count: bytes[place] = byte()
    case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
    case 2: bytes.insert(byte(), at: place)
    case 3: bytes.removeSubrange(place..<end)
    case 4: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &self))
    case 5: bytes.removeSubrange(place...)
    default:
      let other = text(of: texts)
      bytes.replaceSubrange(place..<end, with: other.dropFirst(Int.random(in: 0...other.count, using: &self)).prefix(16))
    }
  }

  private mutating func byte() -> UInt8 {
    Bool.random(using: &self) ? .random(in: 0...255, using: &self) : Self.edges[Int.random(in: 0..<Self.edges.count, using: &self)]
  }
}

/// Every way to cut the bytes once, and into single bytes. The first is the whole.
func cuts(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
  [[bytes[...]]] + (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] } + [bytes.indices.map { bytes[$0...$0] }]
}
