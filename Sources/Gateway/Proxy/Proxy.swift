package import Base
package import HTTP
package import Upstream
import Wire

/// The domains that requests are passed to, with the connections there, and the rules against probes.
package struct Proxy: Sendable {
  /// What is answered with a bare 404.
  package let probes: Probes
  private let domains: [String: ProxyDomain]
  private let origins: Origins

  /// Throws `invalid` when the certificates of the system can't be used.
  package init(_ config: ProxyConfig, origins: Origins) throws(Fault) {
    probes = config.probes
    domains = config.domains
    self.origins = origins
  }

  /// Whether a path begins with a domain that is listed.
  func allows(path: String) -> Bool {
    ProxyTarget.domain(of: path).map { domains[$0] != nil } ?? false
  }

  /// The domain of a name in its one spelling. Throws `permission`, with the line that allows it, for one that isn't listed.
  func domain(_ name: String) throws(Fault) -> ProxyDomain {
    if let domain = domains[name] { return domain }
    throw Fault(
      .permission,
      "“\(name)” is not among the domains that requests are passed to. To allow it, add to the config: "
        + "proxy: {allow: {\(name): true}}", code: "domain_not_allowed")
  }

  /// Where a domain's requests go: to itself, at public addresses only; or to the origin that the config names, wherever that is.
  func origin(of domain: ProxyDomain) throws(Fault) -> Origin {
    try origins.origin(of: try domain.url, isPublicOnly: domain.origin == nil)
  }

  /// The origins that have been asked for, so that their connections are kept over a reload.
  package var usedOrigins: [Origin] {
    domains.values.compactMap { domain in
      // nil is right: an address that can't be used has no connections.
      (try? domain.url).flatMap { origins.existing($0, isPublicOnly: domain.origin == nil) }
    }
  }
}
