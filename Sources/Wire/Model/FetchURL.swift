package import Base

/// An address that a client names and the gateway may fetch: an image or document for a target that takes no addresses.
///
/// Only what the text alone can tell is decided here. A name may still lead to a private network, so that whoever connects asks
/// `Address.isPublic` of every address it resolved, and comes back here for every redirect.
package struct FetchURL: Sendable, Hashable, CustomStringConvertible {
  /// Whether the scheme is `https`.
  package let isSecure: Bool
  /// The host in lower case; an IPv6 address without its brackets.
  package let host: String
  /// The port, the scheme's own where none was written.
  package let port: Int
  /// Path and query, percent-encoded, from the first slash.
  package let target: String

  /// The longest address that is read, in bytes.
  package static let longest = 8192

  /// Reads an address. `.invalid` for anything but http and https, for user names, other ports than 80, 443 and those from 1024 on,
  /// and hosts that name no public machine.
  package init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.longest else { throw Self.fault("is longer than \(Self.longest) bytes") }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw Self.fault("holds control characters") }
    let lower = text.prefix(8).lowercased()
    guard lower.hasPrefix("https://") || lower.hasPrefix("http://") else {
      throw Self.fault("must begin with http:// or https://")
    }
    isSecure = lower.hasPrefix("https://")
    let rest = text.dropFirst(isSecure ? 8 : 7)
    let authority = rest.prefix { !"/?#\\".contains($0) }
    guard !authority.contains("@") else { throw Self.fault("must have no user name or password") }
    let (host, port) = try Self.split(authority)
    self.host = try Self.checked(host)
    self.port = port ?? (isSecure ? 443 : 80)
    guard [80, 443].contains(self.port) || self.port >= 1024 else { throw Self.fault("has a port that is not fetched from") }
    target = Self.target(rest[authority.endIndex...])
  }

  /// Where a redirect leads: an absolute address, or one relative to this. `.invalid` as for any address, and for a step from
  /// https down to http.
  package func redirected(to location: String) throws(Fault) -> FetchURL {
    let next = try FetchURL(absolute(location))
    guard next.isSecure || !isSecure else { throw Self.fault("leads from https to http") }
    return next
  }

  /// The whole address.
  package var description: String { origin + target }

  private var origin: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return (isSecure ? "https://" : "http://") + shown + (port == (isSecure ? 443 : 80) ? "" : ":\(port)")
  }

  private func absolute(_ location: String) -> String {
    if location.hasPrefix("//") { return (isSecure ? "https:" : "http:") + location }
    if location.hasPrefix("/") { return origin + location }
    // A scheme is letters up to a colon that stands before any slash.
    if let colon = location.firstIndex(of: ":"), !location[..<colon].contains(where: { "/?#".contains($0) }) { return location }
    let path = target.prefix { $0 != "?" }
    if location.isEmpty || location.hasPrefix("?") || location.hasPrefix("#") { return origin + path + location }
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
    return origin + folder + location
  }

  private static func fault(_ what: String) -> Fault {
    Fault(.invalid, "The address to fetch \(what).", code: "unsupported_content")
  }
}

extension FetchURL {
  private static func split(_ authority: Substring) throws(Fault) -> (host: Substring, port: Int?) {
    let bracket = authority.lastIndex(of: "]")
    guard let colon = authority.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true else { return (authority, nil) }
    let digits = authority[authority.index(after: colon)...]
    if digits.isEmpty { return (authority[..<colon], nil) }
    guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits), (1...65535).contains(port)
    else {
      throw fault("has a port that is none")
    }
    return (authority[..<colon], port)
  }

  private static let privateNames = [
    "localhost", ".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".corp", ".home", ".home.arpa", ".svc", ".onion",
    ".test", ".invalid",
  ]

  /// A host as it may be resolved. A name without a dot, or whose last label is a number (`127.1`, `0x7f000001`), is no public one, and
  /// resolvers read such numbers as addresses. Source: WHATWG URL §3.5 ("ends in a number").
  private static func checked(_ text: Substring) throws(Fault) -> String {
    if text.hasPrefix("[") {
      let inner = text.dropFirst().dropLast()
      guard text.hasSuffix("]"), inner.contains(":"), inner.allSatisfy({ $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".") }) else {
        throw fault("has a malformed host")
      }
      return inner.lowercased()
    }
    var host = text.lowercased()
    if host.hasSuffix(".") { host.removeLast() }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    let isWord = host.utf8.allSatisfy { $0 == 45 || $0 == 46 || $0 == 95 || (48...57).contains($0) || (97...122).contains($0) }
    guard isWord, host.utf8.count <= 253, labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 }), let last = labels.last else {
      throw fault("has a malformed host")
    }
    if isNumber(last) {
      guard labels.count == 4, labels.allSatisfy({ UInt8($0) != nil && ($0 == "0" || !$0.hasPrefix("0")) }) else {
        throw fault("has a malformed host")
      }
      return host
    }
    guard labels.count > 1, !privateNames.contains(where: host.hasSuffix) else { throw fault("names no public host") }
    return host
  }

  private static func isNumber(_ label: Substring) -> Bool {
    label.utf8.allSatisfy { (48...57).contains($0) } || label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
  }

  /// Path and query without the fragment; what may not stand in a request line is percent-encoded.
  private static func target(_ text: Substring) -> String {
    var target = ""
    for byte in text.prefix(while: { $0 != "#" }).utf8 {
      switch byte {
      case UInt8(ascii: "\\"): target += "/"
      case 0x21...0x7e where !#""<>`{}|^"#.utf8.contains(byte): target.unicodeScalars.append(Unicode.Scalar(byte))
      default: target += "%" + Digest.hex([byte]).uppercased()
      }
    }
    return target.hasPrefix("/") ? target : "/" + target
  }
}
