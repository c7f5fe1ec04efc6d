import Base
import HTTP

/// Which fields of a message pass, unchanged and in their order.
enum PassedFields {
  /// Fields between two neighbours. Source: RFC 9110 §7.6.1 and §11.7, RFC 9113 §8.2.2; `http2-settings`: RFC 7540 §3.2.1.
  private static let neighbours: Set<String> = [
    "connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "http2-settings", "proxy-authenticate",
    "proxy-authorization", "proxy-authentication-info",
  ]
  /// Fields that whoever sends a request makes himself.
  private static let senders: Set<String> = ["host", "content-length", "expect"]
  /// Fields that have no meaning behind a body, or a dangerous one. Source: RFC 9110 §6.5.1.
  private static let notTrailers: Set<String> = [
    "host", "content-length", "content-encoding", "content-type", "content-range", "trailer", "expect", "authorization", "x-api-key",
    "x-goog-api-key", "cookie", "set-cookie", "cache-control", "date", "location", "retry-after",
  ]
  /// Cookies of the gateway itself begin so.
  private static let ownCookies = ["apus_", "__Host-apus_"]

  /// The fields of a request that goes up with this credential.
  static func request(_ headers: Headers, _ credential: ProxyCredential, isKey: ([UInt8]) -> Bool, hasTrailers: Bool) -> Headers {
    let named = Set(headers.elements(.connection))
    var out = Headers()
    out.reserve(bytes: headers.lines.count + 200, fields: headers.count + 1)
    for (name, value) in headers {
      let word = lowercased(name)
      guard !neighbours.contains(word), !senders.contains(word), !named.contains(word), !word.hasPrefix("x-apus-") else { continue }
      guard hasTrailers || word != "trailer", passes(word, value, credential, isKey) else { continue }
      guard let value = word == "cookie" ? withoutOwn(value) : value else { continue }
      out.append(name: Array(name), Array(value))
    }
    if let added = credential.added, let header = added.carrier.header {
      let value = added.carrier == .bearer ? Array("Bearer ".utf8) + added.value : added.value
      out.append(name: Array((header == "authorization" ? "Authorization" : header).utf8), value)
    }
    return out
  }

  /// The fields of a reply. `isPage`: whether a web page asked, so that the gateway's own rules for pages count and not the upstream's.
  static func reply(_ head: ResponseHead, isPage: Bool) -> Headers {
    let named = Set(head.headers.elements(.connection))
    var out = Headers()
    out.reserve(bytes: head.headers.lines.count + 320, fields: head.headers.count + 8)
    for (name, value) in head.headers {
      let word = lowercased(name)
      guard !neighbours.contains(word), !named.contains(word), !word.hasPrefix("x-apus-") else { continue }
      if isPage, word.hasPrefix("access-control-") { continue }
      // Source: RFC 9110 §8.6.
      if head.status == 204, word == "content-length" { continue }
      if word == "set-cookie", isOwn(value) { continue }
      out.append(name: Array(name), Array(value))
    }
    return out
  }

  /// The fields behind a body.
  static func trailers(_ trailers: Headers) -> Headers {
    var out = Headers()
    for (name, value) in trailers {
      let word = lowercased(name)
      guard !neighbours.contains(word), !notTrailers.contains(word), !word.hasPrefix("x-apus-") else { continue }
      out.append(name: Array(name), Array(value))
    }
    return out
  }

  private static func lowercased(_ name: ArraySlice<UInt8>) -> String { String(decoding: name, as: UTF8.self).lowercased() }

  /// Whether a field that may be a credential passes.
  private static func passes(
    _ name: String, _ value: ArraySlice<UInt8>, _ credential: ProxyCredential, _ isKey: ([UInt8]) -> Bool
  ) -> Bool {
    guard let carrier = CredentialCarrier.allCases.first(where: { $0.header == name }) else { return true }
    if carrier == .bearer, Keys.bearer(value) == nil {
      // Another scheme, or none: the client's own affair, unless something else goes up or it hides a gateway key.
      let last = value.split(whereSeparator: { $0 == 32 || $0 == 9 }).last.map { Array($0) } ?? []
      return credential.added == nil && !isKey(last)
    }
    let own = carrier == .bearer ? Keys.bearer(value) ?? [] : value
    return own.isEmpty || credential.kept.contains { $0.carrier == carrier && $0.value.elementsEqual(own) }
  }

  /// A list of cookies without those of the gateway; nil when none is left.
  private static func withoutOwn(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let cookies = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    guard cookies.contains(where: isOwn) else { return value }
    let rest = Array(cookies.filter { !isOwn($0) }.joined(separator: ";".utf8))
    return rest.isEmpty ? nil : rest.drop { $0 == 32 }
  }

  private static func isOwn(_ cookie: ArraySlice<UInt8>) -> Bool {
    let name = cookie.drop { $0 == 32 }
    return ownCookies.contains { name.starts(with: $0.utf8) }
  }
}
