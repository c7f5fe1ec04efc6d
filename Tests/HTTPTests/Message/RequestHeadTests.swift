import Base
import Testing

@testable import HTTP

@Suite struct `A request head` {
  /// Feeds the pieces one after another; the head, or what was wrong.
  private func read(_ pieces: [ArraySlice<UInt8>], limit: Int = 4096) -> Result<RequestHead?, Fault> {
    var scanner = HeadScanner(limit: limit)
    do throws(Fault) {
      for piece in pieces {
        let bytes = Array(piece)
        var position = 0
        if try scanner.feed(bytes.span, &position) { return .success(try RequestHead(parsing: scanner.bytes)) }
      }
      return .success(nil)
    } catch {
      return .failure(error)
    }
  }

  /// All ways to cut a text once, the whole of it, and single bytes.
  private func splits(_ text: String) -> [[ArraySlice<UInt8>]] {
    let bytes = Array(text.utf8)
    return (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] } + [bytes.indices.map { bytes[$0...$0] }]
  }

  @Test(arguments: [
    // Request line, path, body, whether the connection stays.
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", BodyLength.none, true),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", .none, true),
    ("GET /a?b=c HTTP/1.1\r\nhOST:a:80\r\n\r\n", "/a?b=c", .none, true),
    ("GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", "/", .none, true),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", "/", .none, false),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", "/", .none, false),
    ("GET / HTTP/1.0\r\n\r\n", "/", .none, false),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "/", .none, true),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "/", .length(5), true),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t5 \r\n\r\n", "/", .length(5), true),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "/", .none, true),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", "/", .chunked, true),
    // Absolute form loses its authority. Source: RFC 9112 §3.2.2.
    ("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "/b", .none, true),
    ("GET HTTPS://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "/?b", .none, true),
    ("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "/", .none, true),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", .none, true),
  ])
  func `is read, however it is cut`(text: String, target: String, body: BodyLength, keepsAlive: Bool) throws {
    for pieces in splits(text) {
      let head = try #require(try read(pieces).get())
      #expect(head.target == target)
      #expect(head.body == body)
      #expect(head.keepsAlive == keepsAlive)
    }
  }

  @Test(arguments: [
    // The request line. Source: RFC 9112 §3.
    "GET /\r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET / http/1.1\r\nHost: a\r\n\r\n",
    "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "GET /#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://u@a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://u@a/b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    // Line ends and control characters. Source: RFC 9112 §2.2, RFC 9110 §5.5.
    "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nB: \0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nB: \u{1}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nB: \u{7f}\r\n\r\n",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    // Field lines. Source: RFC 9112 §5.1, §5.2.
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n B: c\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nB\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nB@: b\r\n\r\n",
    // Host. Source: RFC 9112 §3.2.
    "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/metrics?\r\n\r\n", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
    // Framing. Source: RFC 9112 §6.
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n",
  ])
  func `that breaks a rule is refused, however it is cut`(text: String) {
    for pieces in splits(text) {
      guard case .failure(let fault) = read(pieces) else {
        Issue.record("accepted")
        return
      }
      #expect(fault.kind == .invalid)
    }
  }

  @Test func `may be as long as the limit and no byte longer`() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for pieces in splits(text) {
      #expect((try? read(pieces, limit: text.utf8.count).get()) != nil)
      guard case .failure(let fault) = read(pieces, limit: text.utf8.count - 1) else {
        Issue.record("accepted")
        return
      }
      #expect(fault.kind == .tooLarge)
    }
  }

  @Test(arguments: [(RequestHead.mostFields, true), (RequestHead.mostFields + 1, false)])
  func `may have so many fields`(count: Int, isAccepted: Bool) {
    let text = "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "A: b\r\n", count: count - 1) + "\r\n"
    let result = read([Array(text.utf8)[...]])
    #expect(((try? result.get()) != nil) == isAccepted)
  }
}
