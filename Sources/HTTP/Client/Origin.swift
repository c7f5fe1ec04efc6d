package import Base

/// A server that requests go to, with the way to it. Requests to one origin share its connections.
package final class Origin: Sendable {
  /// Whether it is spoken to over TLS.
  package let isTLS: Bool
  /// A name, or an address without brackets.
  package let host: String
  /// The port, 1 to 65535.
  package let port: UInt16
  /// The Host header: with the port where it isn't the scheme's own.
  package let authority: String
  /// What is checked of the server; nil without TLS.
  package let tls: TLSContext?
  /// Where connections are made through.
  package let proxy: OutboundProxy?
  /// Says whether an address may be connected to; every address is asked, also of a literal host.
  package let admits: @Sendable (Address) -> Bool

  package init(
    isTLS: Bool, host: String, port: UInt16, tls: TLSContext? = nil, proxy: OutboundProxy? = nil,
    admits: @escaping @Sendable (Address) -> Bool = { _ in true }
  ) {
    self.isTLS = isTLS
    self.host = host
    self.port = port
    self.tls = tls
    self.proxy = proxy
    self.admits = admits
    let name = host.contains(":") ? "[\(host)]" : host
    authority = port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
  }
}

/// A proxy on the way out.
package struct OutboundProxy: Sendable {
  /// `CONNECT` of HTTP, or SOCKS 5 (RFC 1928).
  package enum Kind: Sendable { case connect, socks5 }
  /// What it speaks.
  package var kind: Kind
  /// Its name or address, an IPv6 one without brackets.
  package var host: String
  /// Its port.
  package var port: UInt16
  /// Whom it knows; nil for nobody.
  package var user: String?
  /// The user's password.
  package var password: Secret?

  /// Of its parts.
  package init(kind: Kind, host: String, port: UInt16, user: String? = nil, password: Secret? = nil) {
    self.kind = kind
    self.host = host
    self.port = port
    self.user = user
    self.password = password
  }
}
