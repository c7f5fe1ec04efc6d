import Base

/// Which credential goes up to a domain. The one place that decides it for passed requests.
///
/// Who calls with a gateway key gets the owner's credential for that exact domain, or brings one beside it. Who calls without keys is the
/// owner, and what he brings is for the domain. No gateway key ever goes up.
struct ProxyCredential: Equatable {
  /// A credential that a request brings.
  struct Carried: Equatable {
    let carrier: CredentialCarrier
    let value: [UInt8]
    let isGatewayKey: Bool
  }

  /// A credential that is put in.
  struct Added: Equatable {
    let carrier: CredentialCarrier
    let value: [UInt8]
  }

  /// What stays where it is, byte for byte; everything else that was brought is taken out.
  var kept: [Carried] = []
  var added: Added?

  /// `carried`: in the order in which they count. `hasKeys`: whether the gateway has keys. `stored`: the owner's credential for this
  /// domain and no other. `auth`: what the domain wants.
  static func decide(_ carried: [Carried], hasKeys: Bool, stored: Secret?, auth: ProxyAuth) -> ProxyCredential {
    let own = carried.filter { !$0.isGatewayKey }
    let owners = stored.map { Added(carrier: auth.carrier, value: Array($0.exposed.utf8)) }
    if hasKeys, let owners {
      // A member of the query that is called `key` is a credential for Google, and anything for others.
      return ProxyCredential(kept: own.filter { $0.carrier == .query && auth != .google }, added: owners)
    }
    func fits(_ one: Carried) -> Bool { auth.takes(one.carrier) || one.carrier == .bearer && isToken(one.value) }
    guard let one = own.first(where: fits) ?? own.first else { return ProxyCredential(added: owners) }
    guard !fits(one) else { return ProxyCredential(kept: own) }
    return ProxyCredential(kept: own.filter { $0 != one }, added: Added(carrier: auth.carrier, value: one.value))
  }

  /// Whether it is a token of a sign-in, which its vendor takes as a Bearer token only. The marks are those of Google's and Anthropic's
  /// own tools; a credential of another kind does not begin so.
  private static func isToken(_ value: [UInt8]) -> Bool {
    value.starts(with: "ya29.".utf8) || value.starts(with: "sk-ant-oat".utf8)
  }
}
