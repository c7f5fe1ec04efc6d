/// Which addresses are on the public internet, so that somebody else's words may lead the gateway there.
///
/// A name that a client gives may resolve to anything, so that this is asked of every address that is connected to, again
/// for every redirect. An IPv6 address that only wraps an IPv4 one is judged by what it wraps.
extension Address {
  /// Whether the address is one of the public internet: not of this machine, a private or link-local network, a cloud's metadata
  /// service, multicast, documentation, or a block that is reserved.
  /// Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291, RFC 6052, RFC 3056, RFC 4380.
  package var isPublic: Bool {
    if bytes.count == 4 { return !Self.special4.contains { $0.contains(bytes) } }
    guard bytes.count == 16 else { return false }
    if let inner = embedded4 { return Address(bytes: inner, port: port).isPublic }
    // Everything that is handed out lies in 2000::/3.
    return bytes[0] & 0xe0 == 0x20 && !Self.special6.contains { $0.contains(bytes) }
  }

  /// The IPv4 address inside a mapped (::ffff:a.b.c.d), compatible (::a.b.c.d), NAT64 (64:ff9b::a.b.c.d) or 6to4 (2002:abcd::) one.
  private var embedded4: [UInt8]? {
    if bytes.starts(with: [0x20, 0x02]) { return Array(bytes[2..<6]) }
    let last = Array(bytes[12...])
    if bytes.starts(with: [0, 0x64, 0xff, 0x9b] + [UInt8](repeating: 0, count: 8)) { return last }
    let zeros = [UInt8](repeating: 0, count: 10)
    if bytes.starts(with: zeros + [0xff, 0xff]) { return last }
    return bytes.starts(with: zeros + [0, 0]) ? last : nil
  }

  /// A block of addresses: those that begin with these bits.
  private struct Block {
    let prefix: [UInt8]
    let bits: Int

    init(_ prefix: [UInt8], _ bits: Int) {
      self.prefix = prefix
      self.bits = bits
    }

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

  private static let special4 = [
    Block([0], 8),  // this network
    Block([10], 8), Block([172, 16], 12), Block([192, 168], 16),  // private
    Block([100, 64], 10),  // shared by a carrier; some clouds' metadata too
    Block([127], 8),  // this machine
    Block([169, 254], 16),  // link-local, and most clouds' metadata
    Block([192, 0, 0], 24),  // protocol assignments; Oracle's metadata
    Block([192, 0, 2], 24), Block([198, 51, 100], 24), Block([203, 0, 113], 24),  // documentation
    Block([192, 88, 99], 24),  // 6to4 relays, gone
    Block([198, 18], 15),  // benchmarks
    Block([224], 4),  // multicast
    Block([240], 4),  // reserved, and broadcast
    Block([168, 63, 129, 16], 32),  // Azure's own services
  ]

  private static let special6 = [
    Block([0x20, 0x01, 0x00, 0x00], 32),  // Teredo, which wraps IPv4
    Block([0x20, 0x01, 0x00, 0x02, 0, 0], 48),  // benchmarks
    Block([0x20, 0x01, 0x00, 0x10], 28), Block([0x20, 0x01, 0x00, 0x20], 28),  // ORCHID
    Block([0x20, 0x01, 0x0d, 0xb8], 32), Block([0x3f, 0xff, 0x00], 20),  // documentation
  ]
}
