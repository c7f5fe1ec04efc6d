package import Base
package import HTTP
import Synchronization
package import Wire

/// The origins of all providers: one for each host, port, TLS setting and outbound proxy, kept over reloads so that
/// connections survive them.
package final class Origins: Sendable {
  private struct Key: Hashable {
    let url: String
    let ca: String?
    let verifies: Bool
    let proxy: String?
    /// Whether connections go to public addresses only.
    var isPublicOnly = false
    var allowsHTTP2 = true
  }

  private let known = Mutex<[Key: Origin]>([:])
  private let folder: String
  /// What is checked of domains that requests are passed to; made when the first is asked, because it reads the system's authorities.
  private let shared = Mutex<TLSContext?>(nil)

  /// `folder`: where relative names of certificate files count from.
  package init(folder: String) {
    self.folder = folder
  }

  /// The origin of a URL for a provider. Throws `invalid` when the certificates or the proxy's address can't be used.
  /// `allowsHTTP2`: false for WebSockets.
  package func origin(of url: BaseURL, for file: ProviderFile, allowsHTTP2: Bool = true) throws(Fault) -> Origin {
    let ca = file.tls.ca.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
    let key = Key(url: url.origin, ca: ca, verifies: file.tls.verify, proxy: file.outboundProxy, allowsHTTP2: allowsHTTP2)
    if let origin = known.withLock({ $0[key] }) { return origin }
    let isTLS = url.scheme == "https"
    let origin = Origin(
      isTLS: isTLS, host: Self.name(url), port: UInt16(url.port ?? (isTLS ? 443 : 80)),
      tls: isTLS ? try TLSContext(authorities: ca, verifies: file.tls.verify, allowsHTTP2: allowsHTTP2) : nil,
      proxy: try file.outboundProxy.map { text throws(Fault) in try OutboundProxy(text) })
    known.withLock { $0[key] = origin }
    return origin
  }

  /// The origin of a domain that requests are passed to. `isPublicOnly`: no address of it is connected to that isn't a public one,
  /// whatever its name resolves to. Throws `internal` when the system's certificates can't be read.
  package func origin(of url: BaseURL, isPublicOnly: Bool) throws(Fault) -> Origin {
    if let origin = existing(url, isPublicOnly: isPublicOnly) { return origin }
    let isTLS = url.scheme == "https"
    let origin = Origin(
      isTLS: isTLS, host: Self.name(url), port: UInt16(url.port ?? (isTLS ? 443 : 80)), tls: isTLS ? try sharedTLS() : nil,
      admits: { !isPublicOnly || $0.isPublic })
    return known.withLock { known -> Origin in
      // Another loop may have been first.
      if let first = known[Self.key(url, isPublicOnly)] { return first }
      known[Self.key(url, isPublicOnly)] = origin
      return origin
    }
  }

  /// The origin of a domain that was asked for already.
  package func existing(_ url: BaseURL, isPublicOnly: Bool) -> Origin? {
    known.withLock { $0[Self.key(url, isPublicOnly)] }
  }

  private static func key(_ url: BaseURL, _ isPublicOnly: Bool) -> Key {
    Key(url: url.origin, ca: nil, verifies: true, proxy: nil, isPublicOnly: isPublicOnly)
  }

  /// The host without the brackets of an IPv6 address.
  private static func name(_ url: BaseURL) -> String {
    url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
  }

  private func sharedTLS() throws(Fault) -> TLSContext {
    if let tls = shared.withLock({ $0 }) { return tls }
    let tls = try TLSContext(authorities: nil, verifies: true, allowsHTTP2: true)
    shared.withLock { $0 = tls }
    return tls
  }
}

extension OutboundProxy {
  /// Reads `http://[USER:PASSWORD@]HOST:PORT` or `socks5://…`. Throws `invalid`.
  init(_ text: String) throws(Fault) {
    let fault = Fault(.invalid, "An outbound proxy is written as http://HOST:PORT or socks5://HOST:PORT.")
    let kind: Kind = text.hasPrefix("socks5://") ? .socks5 : .connect
    guard text.hasPrefix("socks5://") || text.hasPrefix("http://") else { throw fault }
    var rest = text.dropFirst(kind == .socks5 ? 9 : 7)
    var user: Substring?
    var password: Substring?
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1)
      user = parts.first
      password = parts.count > 1 ? parts[1] : nil
      rest = rest[rest.index(after: at)...]
    }
    let url = try BaseURL("http://" + rest)
    guard url.path.isEmpty, let port = url.port else { throw fault }
    let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
    self.init(kind: kind, host: host, port: UInt16(port), user: user.map { String($0) }, password: password.map { Secret(String($0)) })
  }
}
