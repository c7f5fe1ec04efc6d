package import Base

/// An absolute http or https URL as a request needs it: no user, no password, no fragment.
package struct HTTPURL: Sendable, Equatable {
  /// Whether it begins with `https`.
  package let isTLS: Bool
  /// A name in lower case, or an address; IPv6 without brackets.
  package let host: String
  /// The port, where none is named that of the scheme.
  package let port: UInt16
  /// Path and query; begins with `/`.
  package let target: String

  /// Reads an absolute URL. Throws `invalid` for another scheme, a user, an odd host or port, a control character.
  package init(_ text: String) throws(Fault) {
    let bytes = try Self.escaped(text)
    guard let slashes = Self.slashes(bytes) else { throw Self.fault("must begin with http:// or https://") }
    let rest = bytes[(slashes + 2)...]
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    isTLS = slashes == 6
    (host, port) = try Self.authority(rest[..<end], isTLS)
    target = Self.target(rest[end...])
  }

  private init(_ base: HTTPURL, target: ArraySlice<UInt8>) {
    isTLS = base.isTLS
    host = base.host
    port = base.port
    self.target = Self.target(target)
  }

  /// Where `reference`, absolute or relative, leads from here. Throws as `init`. Source: RFC 3986 §5.2.2.
  package func resolving(_ reference: String) throws(Fault) -> HTTPURL {
    let bytes = try Self.escaped(reference)
    let mark = bytes.first { [UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "?")].contains($0) }
    if mark == UInt8(ascii: ":") { return try HTTPURL(reference) }
    if bytes.starts(with: "//".utf8) { return try HTTPURL((isTLS ? "https:" : "http:") + reference) }
    let base = Array(target.utf8)
    let path = base.prefix { $0 != UInt8(ascii: "?") }
    switch bytes.first {
    case nil: return self
    case UInt8(ascii: "/"): return HTTPURL(self, target: bytes[...])
    case UInt8(ascii: "?"): return HTTPURL(self, target: path + bytes)
    default:
      let folder = path[...(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
      return HTTPURL(self, target: folder + bytes)
    }
  }

  /// Whether both lead to one origin: scheme, host and port. Source: RFC 9110 §4.3.1.
  package func hasOrigin(of other: HTTPURL) -> Bool {
    isTLS == other.isTLS && host == other.host && port == other.port
  }
}

// MARK: - Reading

extension HTTPURL {
  private static func fault(_ what: String) -> Fault { Fault(.invalid, "The URL \(what).") }

  /// Without the fragment, and with what a request line can't hold as `%XX`.
  private static func escaped(_ text: String) throws(Fault) -> [UInt8] {
    var out: [UInt8] = []
    for byte in text.utf8.prefix(while: { $0 != UInt8(ascii: "#") }) {
      guard byte >= 32, byte != 127 else { throw fault("holds a control character") }
      guard byte == 32 || byte > 127 else {
        out.append(byte)
        continue
      }
      out.append(UInt8(ascii: "%"))
      if byte < 16 { out.append(UInt8(ascii: "0")) }
      out.append(hexadecimal: Int(byte))
    }
    return out
  }

  /// Where the `//` behind `http:` or `https:` stands.
  private static func slashes(_ bytes: [UInt8]) -> Int? {
    let start = bytes.prefix(8).map { $0.lowercasedASCII }
    return start.starts(with: "https://".utf8) ? 6 : start.starts(with: "http://".utf8) ? 5 : nil
  }

  private static func authority(_ bytes: ArraySlice<UInt8>, _ isTLS: Bool) throws(Fault) -> (host: String, port: UInt16) {
    var name = bytes
    var port: UInt16 = isTLS ? 443 : 80
    if let colon = bytes.lastIndex(of: UInt8(ascii: ":")), !bytes[colon...].contains(UInt8(ascii: "]")) {
      name = bytes[..<colon]
      let digits = bytes[(colon + 1)...]
      // An empty port is the usual one. Source: RFC 3986 §3.2.3.
      if !digits.isEmpty {
        guard digits.allSatisfy({ (48...57).contains($0) }), let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0
        else { throw fault("has no proper port") }
        port = number
      }
    }
    let host = String(decoding: name.map { $0.lowercasedASCII }, as: UTF8.self)
    if host.hasPrefix("["), host.hasSuffix("]"), let address = Address(String(host.dropFirst().dropLast()), port: 0), address.isIPv6 {
      return (address.host, port)
    }
    guard !name.isEmpty, name.count <= 253, name.allSatisfy(isHostLetter) else { throw fault("has no proper host") }
    return (host, port)
  }

  private static func isHostLetter(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte.lowercasedASCII) || "-._".utf8.contains(byte)
  }

  /// The path without its dot segments, and the query. Source: RFC 3986 §5.2.4.
  private static func target(_ bytes: ArraySlice<UInt8>) -> String {
    let path = bytes.prefix { $0 != UInt8(ascii: "?") }
    var kept: [ArraySlice<UInt8>] = []
    let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      let isDot = segment.elementsEqual(".".utf8)
      let isDouble = segment.elementsEqual("..".utf8)
      if isDouble, !kept.isEmpty { kept.removeLast() }
      if !isDot, !isDouble { kept.append(segment) } else if index == segments.count - 1 { kept.append([]) }
    }
    let whole = kept.joined(separator: "/".utf8) + bytes[path.endIndex...]
    return "/" + String(decoding: Array(whole), as: UTF8.self)
  }
}
