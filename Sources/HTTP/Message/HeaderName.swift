/// A field's name in lower case, known when the program is written.
package struct HeaderName: Sendable, ExpressibleByStringLiteral {
  private let text: StaticString

  /// Of a name in small letters.
  package init(stringLiteral text: StaticString) {
    self.text = text
  }

  /// The name as a String.
  package var string: String { text.description }

  func append(to out: inout [UInt8]) {
    // A StaticString's bytes live as long as the program.
    unsafe out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Whether `bytes[start..<end]` is this name in any case.
  func equals(_ bytes: [UInt8], _ start: Int32, _ end: Int32) -> Bool {
    guard Int(end - start) == text.utf8CodeUnitCount else { return false }
    for offset in 0..<text.utf8CodeUnitCount {
      // `offset` is below the text's length.
      let wanted = unsafe text.utf8Start[offset]
      guard bytes[Int(start) + offset].lowercasedASCII == wanted else { return false }
    }
    return true
  }

  package static let accept: HeaderName = "accept"
  package static let acceptEncoding: HeaderName = "accept-encoding"
  package static let allow: HeaderName = "allow"
  package static let anthropicBeta: HeaderName = "anthropic-beta"
  package static let apusReasoning: HeaderName = "x-apus-reasoning"
  package static let authorization: HeaderName = "authorization"
  package static let cacheControl: HeaderName = "cache-control"
  package static let connection: HeaderName = "connection"
  package static let contentEncoding: HeaderName = "content-encoding"
  package static let contentLength: HeaderName = "content-length"
  package static let contentType: HeaderName = "content-type"
  package static let cookie: HeaderName = "cookie"
  package static let date: HeaderName = "date"
  package static let expect: HeaderName = "expect"
  package static let host: HeaderName = "host"
  package static let keepAlive: HeaderName = "keep-alive"
  package static let location: HeaderName = "location"
  package static let origin: HeaderName = "origin"
  package static let proxyAuthenticate: HeaderName = "proxy-authenticate"
  package static let proxyAuthorization: HeaderName = "proxy-authorization"
  package static let proxyConnection: HeaderName = "proxy-connection"
  package static let retryAfter: HeaderName = "retry-after"
  package static let secFetchSite: HeaderName = "sec-fetch-site"
  package static let server: HeaderName = "server"
  package static let te: HeaderName = "te"
  package static let trailer: HeaderName = "trailer"
  package static let transferEncoding: HeaderName = "transfer-encoding"
  package static let upgrade: HeaderName = "upgrade"
  package static let userAgent: HeaderName = "user-agent"

  /// Fields between two neighbours, never passed on. Source: RFC 9110 §7.6.1.
  package static let hopByHop: [HeaderName] = [
    .connection, .keepAlive, .proxyAuthenticate, .proxyAuthorization, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
  ]
}
