import Base
import Testing

@testable import HTTP

@Suite struct `The talk with an outbound proxy` {
  private let origin = Origin(isTLS: true, host: "api.example", port: 443)

  /// Plays the proxy's answers one byte at a time; what the tunnel said, and whether it is open.
  private func talk(_ proxy: OutboundProxy, _ answers: [[UInt8]]) throws -> (said: [[UInt8]], isOpen: Bool) {
    var tunnel = Tunnel(proxy, to: origin)
    var said = [tunnel.hello()]
    for answer in answers {
      for byte in answer {
        switch try tunnel.feed([byte]) {
        case .more: continue
        case .answer(let bytes): said.append(bytes)
        case .open: return (said, true)
        }
      }
    }
    return (said, false)
  }

  @Test func `opens a tunnel with CONNECT and a password`() throws {
    let proxy = OutboundProxy(kind: .connect, host: "p", port: 1, user: "u", password: Secret("w"))
    let (said, isOpen) = try talk(proxy, [Array("HTTP/1.1 200 OK\r\nX: y\r\n\r\n".utf8)])
    #expect(isOpen)
    let hello = String(decoding: said[0], as: UTF8.self)
    #expect(hello == "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\nProxy-Authorization: Basic dTp3\r\n\r\n")
  }

  @Test func `opens a tunnel with SOCKS5, with and without a password`() throws {
    let request: [UInt8] = [5, 1, 0, 3, 11] + "api.example".utf8 + [1, 187]
    let open: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    let plain = try talk(OutboundProxy(kind: .socks5, host: "p", port: 1), [[5, 0], open])
    #expect(plain.said == [[5, 1, 0], request] && plain.isOpen)
    let secret = OutboundProxy(kind: .socks5, host: "p", port: 1, user: "u", password: Secret("w"))
    let named = try talk(secret, [[5, 2], [1, 0], open])
    #expect(named.said == [[5, 2, 0, 2], [1, 1, 117, 1, 119], request] && named.isOpen)
  }

  @Test(arguments: [
    (OutboundProxy.Kind.connect, [Array("HTTP/1.1 407 No\r\n\r\n".utf8)]), (.connect, [Array("nonsense\r\n\r\n".utf8)]),
    (.connect, [[UInt8](repeating: 65, count: 20000)]), (.socks5, [[5, 255]]), (.socks5, [[5, 0], [5, 5, 0, 1, 0]]),
  ])
  func `ends when the proxy refuses`(kind: OutboundProxy.Kind, answers: [[UInt8]]) {
    #expect(throws: Fault.self) { try talk(OutboundProxy(kind: kind, host: "p", port: 1), answers) }
  }
}
