/// Numbers of 7 bits a byte, the lowest first; a set high bit means that more follow.
enum Varint {
  static func append(_ value: Int, to bytes: inout [UInt8]) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// The number at `place`, which moves behind it; nil when there is none.
  static func read(_ bytes: [UInt8], at place: inout Int) -> Int? {
    var value = 0
    for shift in stride(from: 0, to: 63, by: 7) {
      guard place < bytes.count else { return nil }
      let byte = bytes[place]
      place += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
