import Base
import Testing

@testable import HTTP

@Suite struct `An address` {
  @Test(arguments: [
    ("127.0.0.1:80", "127.0.0.1:80", true), ("127.9.9.9:1", "127.9.9.9:1", true), ("[::1]:8000", "[::1]:8000", true),
    ("localhost:8000", "127.0.0.1:8000", true), ("0.0.0.0:0", "0.0.0.0:0", false), ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true),
    ("[::]:1", "[::]:1", false), ("10.0.0.1:65535", "10.0.0.1:65535", false),
  ])
  func `is read and written`(text: String, written: String, isLoopback: Bool) throws {
    let address = try Address(parsing: text)
    #expect(address.description == written)
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "127.0.0.1", ":80", "127.1:80", "0x7f.1:80", "2130706433:80", "example.com:80", "1.2.3.4:65536", "1.2.3.4:x", "[::1:80",
  ])
  func `is refused in any other spelling`(text: String) {
    #expect(throws: Fault.self) { try Address(parsing: text) }
  }
}

@Suite struct `Header fields` {
  @Test func `can't be forged by a value`() {
    var headers = Headers()
    headers.append("x-a", "1\r\nx-b: 2\0")
    #expect(headers.count == 1)
    #expect(headers["x-a" as HeaderName] == "1  x-b: 2 ")
  }

  @Test func `are found in any case and left out by name`() {
    var headers = Headers()
    headers.append(name: Array("Content-Type".utf8), Array("a".utf8))
    headers.append(name: Array("CONNECTION".utf8), Array("close, X".utf8))
    #expect(headers[.contentType] == "a")
    #expect(headers["conTENT-type" as String] == "a")
    #expect(headers.elements(.connection) == ["close", "x"])
    #expect(headers.without(HeaderName.hopByHop).count == 1)
    var out: [UInt8] = []
    headers.write(to: &out, without: [.connection])
    #expect(String(decoding: out, as: UTF8.self) == "Content-Type: a\r\n")
  }
}
