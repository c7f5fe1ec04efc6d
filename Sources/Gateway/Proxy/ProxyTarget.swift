package import Base
import HTTP
import Wire

/// Where a request for `/{domain}/{path}?{query}` goes. Whether it may is the allow list's business.
package struct ProxyTarget: Sendable, Equatable {
  /// In its one spelling.
  package let domain: String
  /// As it came; begins with `/`.
  package let path: String
  /// As it came; nil without a question mark.
  package let query: String?

  /// Reads a request's target; nil for one whose first segment has no dot. Throws `permission` for a first segment that is no name of a
  /// domain, and `invalid` for a path that leads up.
  package init?(_ target: String) throws(Fault) {
    let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    guard let (segment, path) = Self.split(target[..<mark]) else { return nil }
    guard let domain = DomainName.normalised(segment) else {
      throw Fault(
        .permission, "The first part of the path must be a domain's plain name, without port, user, brackets or percent-encoding.",
        code: "domain_not_allowed")
    }
    guard !Self.leadsUp(path) else { throw Fault(.invalid, "A path with “..” is not passed on.") }
    self.domain = domain
    self.path = path.isEmpty ? "/" : String(path)
    query = mark == target.endIndex ? nil : String(target[target.utf8.index(after: mark)...])
  }

  /// The first segment, which has a dot, and the rest of a path; nil without such a segment.
  private static func split(_ path: Substring) -> (segment: Substring, path: Substring)? {
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    let rest = path.dropFirst()
    let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
    return DomainName.hasDot(rest[..<end]) ? (rest[..<end], rest[end...]) : nil
  }

  /// Whether a segment is `..` for anybody who decodes it, or who takes a backslash for a slash.
  private static func leadsUp(_ path: Substring) -> Bool {
    guard path.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else { return false }
    var plain = String(path)
    // Twice encoded is for those who decode twice.
    for _ in 0..<2 { plain = plain.removingPercentEncoding }
    return plain.utf8.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.contains { $0.elementsEqual("..".utf8) }
  }

  /// The domain that a path names, in its one spelling, whether or not it can be passed on; nil for other paths.
  static func domain(of path: String) -> String? {
    split(path[...]).flatMap { DomainName.normalised($0.segment) }
  }

  /// The wire in which a client is told what goes wrong on the way of a path to a domain; nil for other paths.
  static func wire(of path: String) -> ClientWire? {
    split(path[...]).map { ProxyAuth.recognised(path: String($0.path), domain: DomainName.normalised($0.segment) ?? "").wire }
  }
}
