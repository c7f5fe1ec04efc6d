/// A block of addresses: those that begin with the same bits.
package struct AddressBlock: Sendable, Equatable {
  private let prefix: [UInt8]
  private let bits: Int

  /// The addresses whose first `bits` bits are those of `prefix`.
  init(_ prefix: [UInt8], _ bits: Int) {
    self.prefix = prefix
    self.bits = bits
  }

  /// Reads `192.0.2.0/24`, `2001:db8::/32` or one address; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = Address(String(first), port: 0) else { return nil }
    let most = address.bytes.count * 8
    guard let bits = parts.count > 1 ? Int(parts[1]) : most, (0...most).contains(bits) else { return nil }
    self.init(address.bytes, bits)
  }

  /// Whether an address lies in the block; an IPv4 address in its IPv6 form (::ffff:a.b.c.d) counts as what it is.
  package func contains(_ address: Address) -> Bool {
    let isMapped = address.bytes.count == 16 && address.bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as [UInt8])
    let bytes = isMapped && prefix.count == 4 ? Array(address.bytes[12...]) : address.bytes
    return bytes.count == prefix.count && contains(bytes)
  }

  /// Whether bytes, at least as many as the prefix has, begin with its bits.
  func contains(_ address: [UInt8]) -> Bool {
    for (position, byte) in prefix.enumerated() {
      let rest = bits - position * 8
      guard rest > 0 else { return true }
      let mask: UInt8 = rest >= 8 ? 0xff : ~(0xff >> UInt8(rest))
      guard address[position] & mask == byte & mask else { return false }
    }
    return true
  }
}
