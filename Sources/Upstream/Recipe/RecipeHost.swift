import Base
import HTTP
import Wire

/// Where the requests of a recipe go. The one place that decides which host gets a web app's credentials.
///
/// A provider file is data from a stranger: credentials go to its `origin` and `hosts` alone, over https but on this machine, and no
/// redirect is followed. Any other host is met without them, and only at a public address.
struct RecipeHost {
  private let provider: Provider

  /// A place that a request goes to.
  struct Place {
    let url: BaseURL
    /// Path and query.
    let target: String
    /// Whether credentials may go there.
    let isTrusted: Bool
  }

  init(_ provider: Provider) {
    self.provider = provider
  }

  /// `https://…` of the web app.
  var origin: String { provider.file.origin?.origin ?? "" }

  /// The same for WebSockets.
  var webSocketOrigin: String { origin.hasPrefix("https") ? "wss" + origin.dropFirst(5) : "ws" + origin.dropFirst(4) }

  var host: String { provider.file.origin.map { $0.host + ($0.port.map { ":\($0)" } ?? "") } ?? "" }

  /// Where an address leads. Throws `permission` for http elsewhere than on this machine, `formatChanged` for what is no address.
  func place(_ text: String) throws(Fault) -> Place {
    let isSocket = text.hasPrefix("ws://") || text.hasPrefix("wss://")
    let url: HTTPURL
    do throws(Fault) {
      url = try HTTPURL(isSocket ? "http" + text.dropFirst(2) : text)
    } catch {
      throw Fault(.formatChanged, "The upstream's answer has no proper address for the next step.", detail: error.message)
    }
    let host = url.host.contains(":") ? "[\(url.host)]" : url.host
    var base = try BaseURL("\(url.isTLS ? "https" : "http")://\(host):\(url.port)")
    // What the owner gives as origin stands for all hosts: mirrors and tests never reach the site.
    if provider.file.replacesHosts, let own = provider.file.origin { base = own }
    guard base.scheme == "https" || Self.isLocal(base.host) else {
      throw Fault(.permission, "A web app is asked over https only.", detail: "http to \(base.host)")
    }
    return Place(url: base, target: url.target, isTrusted: isTrusted(base))
  }

  private func isTrusted(_ url: BaseURL) -> Bool {
    provider.file.origin?.host == url.host || !provider.file.replacesHosts && provider.file.hosts.contains(url.host)
  }

  private static func isLocal(_ host: String) -> Bool {
    if host == "localhost" { return true }
    let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    return Address(bare, port: 0)?.isLoopback == true
  }

  /// The origin behind a place. `isSocket`: one that speaks HTTP/1.1.
  func origin(of place: Place, isSocket: Bool = false) throws(Fault) -> Origin {
    if place.isTrusted { return try provider.origin(of: place.url, allowsHTTP2: !isSocket) }
    // Not kept: a site could name ever new ones.
    let isTLS = place.url.scheme == "https"
    let host = place.url.host.hasPrefix("[") ? String(place.url.host.dropFirst().dropLast()) : place.url.host
    return Origin(
      isTLS: isTLS, host: host, port: UInt16(place.url.port ?? (isTLS ? 443 : 80)),
      tls: isTLS ? try TLSContext(authorities: nil, verifies: true, allowsHTTP2: false) : nil, admits: { Fetcher.admits($0) })
  }
}
