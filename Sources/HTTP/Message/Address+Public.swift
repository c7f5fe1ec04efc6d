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

  private static let special4 = [
    AddressBlock([0], 8),  // this network
    AddressBlock([10], 8), AddressBlock([172, 16], 12), AddressBlock([192, 168], 16),  // private
    AddressBlock([100, 64], 10),  // shared by a carrier; some clouds' metadata too
    AddressBlock([127], 8),  // this machine
    AddressBlock([169, 254], 16),  // link-local, and most clouds' metadata
    AddressBlock([192, 0, 0], 24),  // protocol assignments; Oracle's metadata
    AddressBlock([192, 0, 2], 24), AddressBlock([198, 51, 100], 24), AddressBlock([203, 0, 113], 24),  // documentation
    AddressBlock([192, 88, 99], 24),  // 6to4 relays, gone
    AddressBlock([198, 18], 15),  // benchmarks
    AddressBlock([224], 4),  // multicast
    AddressBlock([240], 4),  // reserved, and broadcast
    AddressBlock([168, 63, 129, 16], 32),  // Azure's own services
  ]

  private static let special6 = [
    AddressBlock([0x20, 0x01, 0x00, 0x00], 32),  // Teredo, which wraps IPv4
    AddressBlock([0x20, 0x01, 0x00, 0x02, 0, 0], 48),  // benchmarks
    AddressBlock([0x20, 0x01, 0x00, 0x10], 28), AddressBlock([0x20, 0x01, 0x00, 0x20], 28),  // ORCHID
    AddressBlock([0x20, 0x01, 0x0d, 0xb8], 32), AddressBlock([0x3f, 0xff, 0x00], 20),  // documentation
  ]
}
