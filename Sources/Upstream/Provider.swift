package import Base
package import HTTP
import Synchronization
package import Wire

/// A provider file with what it needs to run: credentials, origins, and the health of its keys.
///
/// Shared by all loops. The one place that decides which credential goes to which host.
package final class Provider: Sendable {
  /// What its file says.
  package let file: ProviderFile
  /// Its credentials.
  package let keys: KeyRing
  /// The accounts of a web app, in the order of `keys`.
  let sessions: [Session]
  /// What belongs to the installation, for recipes.
  let store: SessionStore
  private let allOrigins: Origins
  /// Models that the vendor itself lists.
  package let vendorModels = VendorModels()
  private let targets: [EndpointName: Target]
  let timeouts: ClientRequest.Timeouts
  private let heads = Mutex<[HeadKey: Head]>([:])

  /// Where an endpoint is.
  struct Target: Sendable {
    let origin: Origin
    /// Path and query without the credential.
    let path: String
    /// Whether credentials may go there.
    let isTrusted: Bool
  }

  /// `values` gives the environment's and `.env`'s variables. Throws `invalid` for an address, certificate file or
  /// proxy that can't be used.
  package init(
    _ file: ProviderFile, values: [String: String], origins: Origins, sessions store: SessionStore = SessionStore(folder: nil)
  ) throws(Fault) {
    self.file = file
    self.store = store
    allOrigins = origins
    let sessions = store.sessions(of: file, values: values)
    self.sessions = sessions
    let sets = file.recipe == nil ? CredentialSet.all(of: file, values: values) : sessions.map { _ in CredentialSet() }
    let now = Time.monotonic
    let health = sessions.map { $0.health(now: now) }
    let keep: @Sendable (Int, KeyRing.Health) -> Void = { index, health in sessions[index].keep(health) }
    keys = KeyRing(
      sets, limits: file.limits, respectsLimits: file.recipe != nil, health: health, changed: sessions.isEmpty ? nil : keep)
    var targets: [EndpointName: Target] = [:]
    for name in file.endpoints.keys {
      guard let text = file.url(of: name) else { continue }
      let url = try BaseURL(text)
      targets[name] = Target(origin: try origins.origin(of: url, for: file), path: url.path, isTrusted: Self.isTrusted(url, file))
    }
    self.targets = targets
    timeouts = Self.timeouts(file)
  }

  /// Its name.
  package var name: String { file.name }

  /// Whether it is a chat web app, which is asked by a recipe.
  package var isWeb: Bool { file.recipe != nil }

  /// Whether the provider offers the endpoint.
  package func has(_ endpoint: EndpointName) -> Bool { targets[endpoint] != nil }

  /// The origin of an address that a recipe's step leads to. Throws `invalid`.
  func origin(of url: BaseURL, allowsHTTP2: Bool = true) throws(Fault) -> Origin {
    try allOrigins.origin(of: url, for: file, allowsHTTP2: allowsHTTP2)
  }

  func target(_ endpoint: EndpointName) throws(Fault) -> Target {
    if let target = targets[endpoint] { return target }
    throw Fault(
      .invalid, "The provider \(name) has no endpoint for this request (\(endpoint.rawValue)).", code: "unsupported_endpoint",
      param: "model")
  }

  /// All origins, so that their connections are kept over a reload.
  package var origins: [Origin] {
    // A web app's are those that were met; an address that can't be used has shown itself at the start.
    let steps = isWeb ? webOrigins.compactMap { try? origin(of: $0) } : []
    return targets.values.map(\.origin) + steps
  }

  /// The hosts of a web app that may get credentials.
  private var webOrigins: [BaseURL] {
    (file.origin.map { [$0] } ?? []) + (file.replacesHosts ? [] : file.hosts.compactMap { try? BaseURL("https://" + $0) })
  }

  /// The host of `base_url` or `origin`, and those that the file names. Source: provider-files.md §1, `hosts`.
  private static func isTrusted(_ url: BaseURL, _ file: ProviderFile) -> Bool {
    if let origin = file.origin { return origin.host == url.host }
    return file.baseURL?.host == url.host || file.hosts.contains(url.host)
  }
}

extension Provider {
  /// What of a request does not depend on its body.
  struct Head: Sendable {
    let origin: Origin
    /// Path and query, with the credential where it travels there.
    let path: String
    let headers: Headers
  }
  private struct HeadKey: Hashable {
    let endpoint: EndpointName
    let key: Int
    let isStream: Bool
  }

  /// The head of a request with a key of the ring; made once for each.
  func head(_ endpoint: EndpointName, _ pick: KeyRing.Pick, stream: Bool) throws(Fault) -> Head {
    let key = HeadKey(endpoint: endpoint, key: pick.index, isStream: stream)
    if let head = heads.withLock({ $0[key] }) { return head }
    let head = try head(endpoint, pick.credentials, stream: stream)
    heads.withLock { $0[key] = head }
    return head
  }

  /// The head of a request to an endpoint: fixed headers and, where it may go, the credential.
  func head(_ endpoint: EndpointName, _ credentials: CredentialSet?, stream: Bool) throws(Fault) -> Head {
    let target = try target(endpoint)
    var path = target.path
    var headers = Headers()
    headers.append(.contentType, "application/json")
    headers.append(.accept, stream ? "text/event-stream" : "application/json")
    headers.append(.acceptEncoding, "identity")
    headers.append(.userAgent, "apus")
    guard target.isTrusted else { return Head(origin: target.origin, path: path, headers: headers) }
    for (name, template) in file.headers {
      guard let value = template.render({ credentials?[$0]?.exposed }) else { continue }
      headers.append(name: Array(name.utf8), Array(value.utf8))
    }
    guard let name = file.auth.credential, let secret = credentials?[name] else {
      return Head(origin: target.origin, path: path, headers: headers)
    }
    switch file.auth {
    case .none: break
    case .bearer: headers.append(.authorization, "Bearer " + secret.exposed)
    case .header(let header, _): headers.append(name: Array(header.utf8), Array(secret.exposed.utf8))
    case .query(let member, _): path += (path.contains("?") ? "&" : "?") + member + "=" + Percent.encode(secret.exposed)
    }
    return Head(origin: target.origin, path: path, headers: headers)
  }

  /// The time limits as the client takes them.
  private static func timeouts(_ file: ProviderFile) -> ClientRequest.Timeouts {
    var timeouts = ClientRequest.Timeouts()
    timeouts.connect = Int64(file.timeouts.connect.nanoseconds)
    timeouts.firstByte = Int64(file.timeouts.firstByte.nanoseconds)
    timeouts.idle = Int64(file.timeouts.idle.nanoseconds)
    timeouts.total = Int64(file.timeouts.total.nanoseconds)
    return timeouts
  }
}

/// Percent-encoding of one member of a query. Source: RFC 3986 §2.3.
enum Percent {
  static func encode(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.unicodeScalars.append(Unicode.Scalar(byte))
      default: out += "%" + Digest.hex([byte]).uppercased()
      }
    }
    return out
  }
}
