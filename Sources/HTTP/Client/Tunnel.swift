import Base

/// The talk with an outbound proxy until it is a tunnel to the origin: CONNECT or SOCKS5. Pure: bytes in, bytes out.
struct Tunnel {
  enum Step: Equatable {
    /// The proxy has not finished speaking.
    case more
    case answer([UInt8])
    case open
  }
  private enum Phase { case connect, greeting, password, request }

  private let proxy: OutboundProxy
  private let host: String
  private let port: UInt16
  private let authority: String
  private var phase: Phase
  private var received: [UInt8] = []

  init(_ proxy: OutboundProxy, to origin: Origin) {
    self.proxy = proxy
    host = origin.host
    port = origin.port
    authority = origin.host.contains(":") ? "[\(origin.host)]:\(origin.port)" : "\(origin.host):\(origin.port)"
    phase = proxy.kind == .connect ? .connect : .greeting
  }

  /// What is sent first.
  mutating func hello() -> [UInt8] {
    // SOCKS5 offers "no authentication" and, with a user, "user and password". Source: RFC 1928 §3.
    guard proxy.kind == .connect else { return proxy.user == nil ? [5, 1, 0] : [5, 2, 0, 2] }
    var text = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"
    if let user = proxy.user {
      text += "Proxy-Authorization: Basic " + Base64.encode(Array("\(user):\(proxy.password?.exposed ?? "")".utf8)) + "\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  /// Takes what the proxy sent. Throws `broken` when it refuses, answers nonsense or too much.
  mutating func feed(_ bytes: [UInt8]) throws(Fault) -> Step {
    received += bytes
    guard received.count <= 16384 else { throw Self.refused("its answer is too long") }
    switch phase {
    case .connect: return try readConnect()
    case .greeting: return try readGreeting()
    case .password: return try readPassword()
    case .request: return try readReply()
    }
  }

  private func readConnect() throws(Fault) -> Step {
    guard let lineEnd = received.firstIndex(of: 13) else { return .more }
    let words = received[..<lineEnd].split(separator: 32)
    guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[1].count == 3, words[1].first == UInt8(ascii: "2") else {
      throw Self.refused(String(decoding: received[..<lineEnd].prefix(100), as: UTF8.self))
    }
    return received.suffix(4) == [13, 10, 13, 10] ? .open : .more
  }

  private mutating func readGreeting() throws(Fault) -> Step {
    guard received.count >= 2 else { return .more }
    guard received[0] == 5 else { throw Self.refused("it does not speak SOCKS 5") }
    let method = received[1]
    received = []
    if method == 0 { return .answer(request()) }
    guard method == 2, let user = proxy.user else { throw Self.refused("no common way of authentication") }
    phase = .password
    // Source: RFC 1929 §2.
    let name = Array(user.utf8.prefix(255))
    let password = Array((proxy.password?.exposed ?? "").utf8.prefix(255))
    return .answer([1, UInt8(name.count)] + name + [UInt8(password.count)] + password)
  }

  private mutating func readPassword() throws(Fault) -> Step {
    guard received.count >= 2 else { return .more }
    guard received[1] == 0 else { throw Self.refused("it does not accept the password") }
    received = []
    return .answer(request())
  }

  /// The name goes to the proxy, which resolves it. Source: RFC 1928 §4.
  private mutating func request() -> [UInt8] {
    phase = .request
    let end = [UInt8(port >> 8), UInt8(port & 255)]
    if let address = Address(host, port: port) { return [5, 1, 0, address.isIPv6 ? 4 : 1] + address.bytes + end }
    let name = Array(host.utf8.prefix(255))
    return [5, 1, 0, 3, UInt8(name.count)] + name + end
  }

  /// Source: RFC 1928 §6.
  private func readReply() throws(Fault) -> Step {
    guard received.count >= 5 else { return .more }
    guard received[0] == 5 else { throw Self.refused("it does not speak SOCKS 5") }
    guard received[1] == 0 else { throw Self.refused("SOCKS error \(received[1])") }
    let length = received[3] == 1 ? 10 : received[3] == 4 ? 22 : 7 + Int(received[4])
    return received.count >= length ? .open : .more
  }

  private static func refused(_ why: String) -> Fault {
    Fault(.broken, "The outbound proxy refused the connection.", detail: why)
  }
}
