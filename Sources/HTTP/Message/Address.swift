package import Base
import CSystem
import Glibc

/// An IP address with its port.
package struct Address: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16 bytes.
  package let bytes: [UInt8]
  /// The port; 0 where it doesn't matter.
  package let port: UInt16

  /// Of 4 or 16 bytes in the order of the network.
  package init(bytes: [UInt8], port: UInt16) {
    self.bytes = bytes
    self.port = port
  }

  /// Reads `127.0.0.1` or `::1` (without brackets); nil for anything else, shorthand forms such as `127.1` too.
  package init?(_ text: String, port: UInt16) {
    var four = in_addr()
    var six = in6_addr()
    if unsafe inet_pton(AF_INET, text, &four) == 1 {
      // The address is four bytes in network order.
      bytes = unsafe withUnsafeBytes(of: &four) { unsafe Array($0) }
    } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
      bytes = unsafe withUnsafeBytes(of: &six) { unsafe Array($0) }
    } else {
      return nil
    }
    self.port = port
  }

  /// Reads `HOST:PORT` with a literal address, IPv6 in brackets; `localhost` counts as 127.0.0.1.
  package init(parsing text: String) throws(Fault) {
    let fault = Fault(.invalid, "“\(text)” is no address: write it as 127.0.0.1:8000 or [::1]:8000.")
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw fault }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard let address = Address(host == "localhost" ? "127.0.0.1" : host, port: port) else { throw fault }
    self = address
  }

  init?(_ storage: sockaddr_storage) {
    var storage = storage
    switch Int32(storage.ss_family) {
    case AF_INET:
      // The family says which structure the storage holds.
      let four = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in.self) }
      var address = four.sin_addr
      bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
      port = UInt16(bigEndian: four.sin_port)
    case AF_INET6:
      let six = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in6.self) }
      var address = six.sin6_addr
      bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
      port = UInt16(bigEndian: six.sin6_port)
    default: return nil
    }
  }

  init?(boundTo fd: Int32) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(fd, $0, &length) }
    }
    guard result == 0 else { return nil }
    self.init(storage)
  }

  /// Whether it has 16 bytes.
  package var isIPv6: Bool { bytes.count == 16 }

  /// An address of this machine alone: 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
  package var isLoopback: Bool {
    if bytes.count == 4 { return bytes[0] == 127 }
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
    return bytes.starts(with: mapped) && bytes[12] == 127 || bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// `127.0.0.1` or `::1`.
  package var host: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    _ = unsafe inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `1.2.3.4:80`, `[::1]:80`.
  package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Calls `body` with the kernel's form of the address.
  func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var storage = sockaddr_storage()
    let length: Int
    // Both structures fit into the storage, which is made for that; the port and the address stand at the places that
    // the structures name.
    if isIPv6 {
      var six = sockaddr_in6()
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      unsafe withUnsafeMutableBytes(of: &six.sin6_addr) { unsafe $0.copyBytes(from: bytes) }
      length = MemoryLayout<sockaddr_in6>.size
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: six, as: sockaddr_in6.self) }
    } else {
      var four = sockaddr_in()
      four.sin_family = sa_family_t(AF_INET)
      four.sin_port = port.bigEndian
      unsafe withUnsafeMutableBytes(of: &four.sin_addr) { unsafe $0.copyBytes(from: bytes) }
      length = MemoryLayout<sockaddr_in>.size
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: four, as: sockaddr_in.self) }
    }
    return unsafe withUnsafePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
    }
  }
}
