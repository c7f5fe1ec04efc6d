package import Base

/// The front part of a URL that an endpoint's path is joined to: scheme, host, port and a path that may be empty.
///
/// Source: RFC 3986 §3. No user, query or fragment: credentials have their own place, and a path is appended.
package struct BaseURL: Sendable, Hashable, CustomStringConvertible {
  /// `http` or `https`.
  package var scheme: String
  /// The host in lower case; IPv6 addresses in their brackets.
  package var host: String
  /// The port where one is written.
  package var port: Int?
  /// Begins with a slash and doesn't end with one; or empty.
  package var path: String

  /// Reads a URL; `.invalid` with what is wrong.
  package init(_ text: String) throws(Fault) {
    guard let colon = text.range(of: "://") else { throw Fault(.invalid, "expected a URL such as https://api.example.com/v1") }
    scheme = text[..<colon.lowerBound].lowercased()
    guard ["http", "https"].contains(scheme) else { throw Fault(.invalid, "expected a URL that begins with http:// or https://") }
    let rest = text[colon.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    path = String(rest[authority.endIndex...])
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else {
      throw Fault(.invalid, "a URL has no spaces, control characters or backslashes")
    }
    guard !authority.contains("@") else { throw Fault(.invalid, "a URL here has no user name; credentials have their own member") }
    guard !path.contains(where: { $0 == "?" || $0 == "#" }) else { throw Fault(.invalid, "a base URL has no query and no fragment") }
    (host, port) = try Self.split(authority)
    while path.hasSuffix("/") { path.removeLast() }
  }

  private static func split(_ authority: Substring) throws(Fault) -> (host: String, port: Int?) {
    var host = authority
    var port: Int?
    let bracket = authority.lastIndex(of: "]")
    if let colon = authority.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
      host = authority[..<colon]
      port = Int(authority[authority.index(after: colon)...])
      guard let port, (1...65535).contains(port) else { throw Fault(.invalid, "the port of a URL is a number from 1 to 65535") }
    }
    guard !host.isEmpty else { throw Fault(.invalid, "the URL names no host") }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    guard isBracketed || !host.contains(where: { "[]:".contains($0) }) else { throw Fault(.invalid, "the URL's host is malformed") }
    return (host.lowercased(), port)
  }

  /// Scheme, host and port: `https://api.example.com:8443`.
  package var origin: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

  /// Whether the host is this machine.
  package var isLocal: Bool {
    host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// The URL without a slash at its end.
  package var description: String { origin + path }

  /// The same path at another scheme, host and port.
  package func moved(to other: BaseURL) -> BaseURL {
    var moved = other
    moved.path = path
    return moved
  }

  /// The complete URL of a path below this one, joined with exactly one slash.
  package func joined(_ path: String) -> String {
    description + (path.hasPrefix("/") || path.isEmpty ? path : "/" + path)
  }
}

extension StringProtocol {
  /// Where a text first stands in this one.
  fileprivate func range(of wanted: String) -> Range<Index>? {
    indices.lazy.first { self[$0...].hasPrefix(wanted) }.map { $0..<index($0, offsetBy: wanted.count) }
  }
}

extension Field {
  /// A URL to which paths are joined.
  package func baseURL() -> BaseURL? {
    guard let text = string() else { return nil }
    do throws(Fault) {
      return try BaseURL(text)
    } catch {
      return wrong(error.message)
    }
  }
}
