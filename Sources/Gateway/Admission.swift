package import Base
package import HTTP

/// Which web pages may call. Source: DESIGN §5, fine print.
///
/// Without keys everything that reaches the port acts as the owner, so a web page in the owner's browser must not: every
/// request must name this machine as its host and may not come from a foreign page.
package struct Admission: Sendable {
  /// Whether there are no keys.
  package let isOpen: Bool
  /// Origins of pages that may call.
  package let cors: [String]

  /// `isOpen`: whether the gateway has no key. `cors`: the origins of pages that may ask, `*` for all.
  package init(isOpen: Bool, cors: [String]) {
    self.isOpen = isOpen
    self.cors = cors.map { $0.lowercased() }
  }

  /// Throws `permission` for a request that may come from a foreign web page.
  package func check(_ head: RequestHead) throws(Fault) {
    guard isOpen else { return }
    if let host = head.headers[.host], !Self.isLoopback(host) {
      throw Fault(.permission, "Without keys Apus answers only to this machine's own names (localhost, 127.0.0.1, ::1).")
    }
    guard let origin = head.headers[.origin] else {
      if head.headers[.secFetchSite]?.lowercased() == "cross-site" { throw Self.foreign }
      return
    }
    if allowed(origin) != nil || isOwn(origin, head) { return }
    throw Self.foreign
  }

  private static let foreign = Fault(.permission, "A web page may call only if its origin stands in server.cors.")

  /// The origin as it may be echoed to the browser; nil for one that isn't listed.
  package func allowed(_ origin: String) -> String? {
    cors.contains(origin.lowercased()) ? origin : nil
  }

  private func isOwn(_ origin: String, _ head: RequestHead) -> Bool {
    guard let host = head.headers[.host] else { return false }
    return ["http://", "https://"].contains { (origin.lowercased() == $0 + host.lowercased()) }
  }

  /// `localhost`, `127.…` or `::1`, with or without a port.
  static func isLoopback(_ host: String) -> Bool {
    var name = host.lowercased()
    if name.hasPrefix("["), let end = name.firstIndex(of: "]") {
      name = String(name[name.index(after: name.startIndex)..<end])
    } else if let colon = name.lastIndex(of: ":") {
      name = String(name[..<colon])
    }
    while name.hasSuffix(".") { name.removeLast() }
    return name == "localhost" || name.hasSuffix(".localhost") || Address(name, port: 0)?.isLoopback == true
  }
}

extension Admission {
  /// The answer to a browser that asks before it calls. Nil when it doesn't, or may not.
  package func preflight(_ head: RequestHead) -> Response? {
    guard head.method == "OPTIONS", let origin = head.headers[.origin].flatMap(allowed) else { return nil }
    var headers = Headers()
    share(with: origin, &headers)
    headers.append("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    headers.append("access-control-allow-headers", head.headers["access-control-request-headers"] ?? "*")
    headers.append("access-control-max-age", "600")
    return Response(status: 204, headers: headers)
  }

  /// Lets the page of a listed origin read the reply.
  package func share(_ head: RequestHead, _ headers: inout Headers) {
    guard !cors.isEmpty, let origin = head.headers[.origin].flatMap(allowed) else { return }
    share(with: origin, &headers)
    headers.append("access-control-expose-headers", "x-apus-id, x-apus-provider, x-apus-model, x-apus-overhead-us, x-apus-losses")
  }

  private func share(with origin: String, _ headers: inout Headers) {
    headers.append("access-control-allow-origin", origin)
    headers.append("vary", "origin")
  }
}
