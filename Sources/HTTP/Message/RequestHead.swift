import Base

/// The head of a request, checked by RFC 9112. An object, because it is handed on by reference.
package final class RequestHead: Sendable {
  /// As it was sent; any token.
  package let method: String
  /// Path and query as they came, beginning with `/` (or `*` for OPTIONS).
  package let target: String
  /// Whether it is HTTP/1.0 rather than 1.1.
  package let isVersion10: Bool
  /// The fields in their order.
  package let headers: Headers
  /// What the fields say of the body.
  package let body: BodyLength
  /// Whether the connection may serve another request after this one.
  package let keepsAlive: Bool
  /// Whether the client waits for `100 Continue` before it sends the body.
  package let expectsContinue: Bool

  /// The target up to its query.
  package let path: String
  /// What follows the first `?`; empty without one.
  package let query: String

  /// How many fields a head may have.
  package static let mostFields = 200

  /// The head of a request without a body, as a test or a caller inside the program makes it.
  package init(method: String, target: String, headers: Headers) {
    self.method = method
    self.target = target
    self.headers = headers
    (path, query) = Self.split(target)
    isVersion10 = false
    body = .none
    keepsAlive = true
    expectsContinue = false
  }

  private static func split(_ target: String) -> (path: String, query: String) {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target, "") }
    return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
  }

  /// Reads a whole head as `HeadScanner` gathered it.
  /// Throws `invalid` with what is wrong, `tooLarge` for too many fields. Source: RFC 9112 §2.3, §3, §6.
  init(parsing bytes: [UInt8]) throws(Fault) {
    guard let lineEnd = bytes.firstIndex(of: 13) else { throw Fault(.internal, "A head has no line.") }
    let line = bytes[..<lineEnd]
    guard let methodEnd = line.firstIndex(of: 32), let targetEnd = line.lastIndex(of: 32), methodEnd < targetEnd,
      (1...32).contains(methodEnd), line[..<methodEnd].allSatisfy(FieldParser.isToken)
    else { throw Fault(.invalid, "The request line is malformed.") }
    isVersion10 = try Self.isVersion10(line[(targetEnd + 1)...])
    method = String(decoding: line[..<methodEnd], as: UTF8.self)
    headers = try FieldParser.parse(bytes, from: lineEnd + 2, most: Self.mostFields)
    target = try Self.target(line[(methodEnd + 1)..<targetEnd], method)
    (path, query) = Self.split(target)
    try Self.checkHost(headers, isVersion10)
    body = try BodyLength(headers, isRequest: true, isVersion10: isVersion10)
    let options = headers.bytes(.connection) == nil ? [] : headers.elements(.connection)
    keepsAlive = isVersion10 ? options.contains("keep-alive") : !options.contains("close")
    expectsContinue = !isVersion10 && headers[.expect]?.lowercased() == "100-continue"
    if headers.bytes(.expect) != nil, !expectsContinue, !isVersion10 {
      throw Fault(.invalid, "The only expectation that is understood is 100-continue.")
    }
  }

  private static func isVersion10(_ text: ArraySlice<UInt8>) throws(Fault) -> Bool {
    if text.elementsEqual("HTTP/1.1".utf8) { return false }
    guard text.elementsEqual("HTTP/1.0".utf8) else { throw Fault(.invalid, "Only HTTP/1.1 and HTTP/1.0 are spoken here.") }
    return true
  }

  /// Origin form, or absolute form with its authority cut off. Source: RFC 9112 §3.2.
  private static func target(_ text: ArraySlice<UInt8>, _ method: String) throws(Fault) -> String {
    // A second space in the line is one in the target.
    guard text.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") }) else {
      throw Fault(.invalid, "The request target holds a character that must be percent-encoded.")
    }
    let target = String(decoding: text, as: UTF8.self)
    if target.utf8.first == UInt8(ascii: "/") { return target }
    if target == "*", method == "OPTIONS" { return target }
    for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
      let rest = target.dropFirst(scheme.count)
      let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
      guard slash > rest.startIndex, rest[..<slash].utf8.allSatisfy(isHostLetter) else { break }
      return rest[slash...].first == "/" ? String(rest[slash...]) : "/" + rest[slash...]
    }
    throw Fault(.invalid, "The request target must be a path.")
  }

  /// Exactly one Host, with a form that can't shift a path. Source: RFC 9112 §3.2, RFC 9110 §7.2.
  private static func checkHost(_ headers: Headers, _ isVersion10: Bool) throws(Fault) {
    let count = headers.count(of: .host)
    guard count == 1 || count == 0 && isVersion10 else {
      throw Fault(.invalid, count == 0 ? "The Host header is missing." : "There is more than one Host header.")
    }
    guard let host = headers.bytes(.host) else { return }
    guard host.allSatisfy(isHostLetter) else { throw Fault(.invalid, "The Host header is malformed.") }
  }

  private static func isHostLetter(_ byte: UInt8) -> Bool {
    FieldParser.isToken(byte) && byte != UInt8(ascii: "#") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
      || byte == UInt8(ascii: "]")
  }
}
