import Base
import Testing

@testable import HTTP

/// Feeds a head in the given pieces; what came out, or the fault.
private func head(_ pieces: [ArraySlice<UInt8>], limit: Int = 32 << 10) -> Result<RequestHead, Fault>? {
  var scanner = HeadScanner(limit: limit)
  do throws(Fault) {
    for piece in pieces {
      let bytes = Array(piece)
      var position = 0
      if try scanner.feed(bytes.span, &position) { return .success(try RequestHead(parsing: scanner.bytes)) }
    }
    return nil
  } catch {
    return .failure(error)
  }
}

private func head(_ text: String) -> Result<RequestHead, Fault>? { head([Array(text.utf8)[...]]) }

@Suite struct `A request's head` {
  static let good = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /v1/chat/completions?key=%20x HTTP/1.1\r\nHost: a.example:8000\r\nContent-Length: 12\r\nX-Y:\t v \t\r\n\r\n",
    "GET http://a/b?c HTTP/1.1\r\nHOST: [::1]:80\r\nConnection: keep-alive, close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost:\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n",
  ]

  @Test(arguments: good)
  func `is the same whole, byte by byte and at every split`(text: String) throws {
    let bytes = Array(text.utf8)
    let whole = try #require(head(text)).get()
    for split in 0...bytes.count {
      let cut = try #require(head([bytes[..<split], bytes[split...]])).get()
      #expect((cut.target, cut.method, cut.headers.lines) == (whole.target, whole.method, whole.headers.lines))
    }
    let single = try #require(head(bytes.indices.map { bytes[$0...$0] })).get()
    #expect((single.target, single.headers.lines, single.body) == (whole.target, whole.headers.lines, whole.body))
  }

  @Test(arguments: [
    // Framing that lets two readers see two messages. Source: RFC 9112 §6.
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    // Lines. Source: RFC 9112 §2.2, §5.
    "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX\u{7f}: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: b\u{1}\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    // The request line and the host. Source: RFC 9112 §3.
    "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/metrics?\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET /\r\nHost: a\r\n\r\n",
    "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n",
    "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n",
  ])
  func `is refused when it is not strictly what the standard says`(text: String) throws {
    let bytes = Array(text.utf8)
    guard case .failure(let fault) = try #require(head(text)) else {
      Issue.record("accepted: \(text.debugDescription)")
      return
    }
    #expect(fault.kind == .invalid)
    for split in 0...bytes.count {
      guard case .failure? = head([bytes[..<split], bytes[split...]]) else {
        Issue.record("accepted when cut at \(split)")
        return
      }
    }
  }

  @Test func `says what it asks for`() throws {
    let post = try #require(head(Self.good[2])).get()
    #expect(
      (post.method, post.path, post.query, post.body, post.keepsAlive) == ("POST", "/v1/chat/completions", "key=%20x", .length(12), true))
    #expect(post.headers["x-y" as HeaderName] == "v")
    let absolute = try #require(head(Self.good[3])).get()
    #expect((absolute.target, absolute.keepsAlive) == ("/b?c", false))
    #expect(try #require(head(Self.good[4])).get().body == .chunked)
    #expect(try #require(head(Self.good[5])).get().keepsAlive == false)
    #expect(try #require(head(Self.good[6])).get().expectsContinue)
  }

  @Test func `has limits on its bytes and on its fields`() throws {
    let long = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 200) + "\r\n\r\n"
    guard case .failure(let fault)? = head([Array(long.utf8)[...]], limit: 100) else {
      Issue.record("no limit")
      return
    }
    #expect(fault.kind == .tooLarge)
    let endless = Array(String(repeating: "x", count: 101).utf8)
    guard case .failure? = head([endless[...]], limit: 100) else {
      Issue.record("no limit before the end")
      return
    }
    let fields = String(repeating: "a: b\r\n", count: RequestHead.mostFields)
    guard case .failure(let many)? = head("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") else {
      Issue.record("no limit on fields")
      return
    }
    #expect(many.kind == .tooLarge)
  }
}
