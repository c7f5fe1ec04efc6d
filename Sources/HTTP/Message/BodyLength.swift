import Base

/// How a message's end is found. Source: RFC 9112 §6.3.
package enum BodyLength: Sendable, Equatable {
  case none
  /// Bytes.
  case length(Int)
  case chunked
  /// Replies only: until the connection ends.
  case untilClose

  /// Reads the framing fields, without any of the leniencies that allow smuggling: Content-Length twice or beside
  /// Transfer-Encoding, with a sign, empty or huge, and every coding but one `chunked` are `invalid`.
  init(_ headers: Headers, isRequest: Bool, isVersion10: Bool) throws(Fault) {
    let lengths = headers.count(of: .contentLength)
    guard lengths <= 1 else { throw Fault(.invalid, "There is more than one Content-Length header.") }
    if let coding = headers.bytes(.transferEncoding) {
      guard lengths == 0 else { throw Fault(.invalid, "Content-Length and Transfer-Encoding exclude each other.") }
      guard headers.count(of: .transferEncoding) == 1, !isVersion10, Self.isChunked(coding) else {
        throw Fault(.invalid, "The only transfer coding that is understood is one chunked.")
      }
      self = .chunked
      return
    }
    guard let text = headers.bytes(.contentLength) else {
      self = isRequest ? .none : .untilClose
      return
    }
    guard (1...18).contains(text.count), text.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
      throw Fault(.invalid, "The Content-Length header is no number.")
    }
    let length = text.reduce(0) { $0 * 10 + Int($1 - 48) }
    self = length == 0 ? .none : .length(length)
  }

  private static func isChunked(_ coding: ArraySlice<UInt8>) -> Bool {
    coding.count == 7 && zip(coding, "chunked".utf8).allSatisfy { $0.lowercasedASCII == $1 }
  }
}
