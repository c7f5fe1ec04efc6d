import Base
import Testing

@testable import HTTP

@Suite struct `A chunked body` {
  private func decode(_ pieces: [ArraySlice<UInt8>], limit: Int = 16) -> Result<(text: String, isDone: Bool, rest: Int), Fault> {
    var decoder = ChunkedDecoder(extraLimit: limit)
    var out: [UInt8] = []
    var rest = 0
    do throws(Fault) {
      for piece in pieces {
        var position = 0
        let bytes = Array(piece)
        try decoder.feed(bytes.span, &position, &out)
        rest += bytes.count - position
      }
    } catch {
      return .failure(error)
    }
    return .success((String(decoding: out, as: UTF8.self), decoder.isDone, rest))
  }

  private func splits(_ text: String) -> [[ArraySlice<UInt8>]] {
    let bytes = Array(text.utf8)
    return (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] } + [bytes.indices.map { bytes[$0...$0] }]
  }

  @Test(arguments: [
    ("0\r\n\r\n", "", 0), ("3\r\nabc\r\n0\r\n\r\n", "abc", 0), ("3\r\nabc\r\n00b\r\nhello world\r\n0\r\n\r\n", "abchello world", 0),
    ("A\r\n0123456789\r\n0\r\n\r\nnext", "0123456789", 4), ("a;b=\"c\"\r\n0123456789\r\n0;d\r\n\r\n", "0123456789", 0),
    ("1\r\na\r\n0\r\nB: c\r\nD: e\r\n\r\nGET", "a", 3), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0),
  ])
  func `is decoded, however it is cut`(text: String, body: String, rest: Int) throws {
    for pieces in splits(text) {
      let result = try decode(pieces).get()
      #expect(result == (body, true, rest))
    }
  }

  @Test(arguments: [
    ("1\r\na\r\n0\r\n\r\n", ""), ("0\r\nB: c\r\nx-Y:z\r\nB:  d \r\n\r\n", "B=c x-Y=z B=d"), ("0;e\r\nA:\r\n\r\n", "A="),
  ])
  func `may have trailers`(text: String, expected: String) throws {
    for pieces in splits(text) {
      var decoder = ChunkedDecoder(extraLimit: 100)
      var out: [UInt8] = []
      for piece in pieces {
        var position = 0
        try decoder.feed(Array(piece).span, &position, &out)
      }
      let fields = try decoder.trailers().map { String(decoding: $0.name, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self) }
      #expect(fields.joined(separator: " ") == expected)
    }
  }

  @Test func `may have so many trailers, and no more`() throws {
    for count in [ChunkedDecoder.mostTrailers, ChunkedDecoder.mostTrailers + 1] {
      var decoder = ChunkedDecoder(extraLimit: 1000)
      var (out, position) = ([UInt8](), 0)
      let bytes = Array(("0\r\n" + String(repeating: "a:\r\n", count: count) + "\r\n").utf8)
      try decoder.feed(bytes.span, &position, &out)
      #expect((try? decoder.trailers().count) == (count > ChunkedDecoder.mostTrailers ? nil : count))
    }
  }

  @Test(arguments: [
    ("\r\n", Fault.Kind.invalid), ("g\r\n", .invalid), ("-1\r\n", .invalid), ("+1\r\n", .invalid), ("0x1\r\n", .invalid),
    (" 1\r\n", .invalid),
    ("1 \r\n", .invalid), ("1\na\r\n", .invalid), ("1\r\na\n", .invalid), ("1\r\nab\r\n", .invalid), ("1\rx", .invalid),
    (";a\r\n", .invalid),
    ("1;a\nb\r\n", .invalid), ("0\r\n\n", .invalid), ("0\r\nA: b\n\r\n", .invalid), ("0\r\n\rx", .invalid), ("1;\0\r\n", .invalid),
    // A trailer is a field line: what is none may be the next request. Source: RFC 9112 §7.1.2.
    ("0\r\nGET / HTTP/1.1\r\n", .invalid), ("0\r\n: b\r\n", .invalid), ("0\r\nA : b\r\n", .invalid), ("0\r\n A: b\r\n", .invalid),
    ("0\r\nA\r\n", .invalid), ("0\r\nA: b\r\n c\r\n", .invalid), ("0\r\nA(: b\r\n", .invalid),
    ("1000000000000000\r\n", .invalid), ("0000000000000001\r\n", .invalid),
    ("1;aaaaaaaaaaaaaaaaaaaa\r\n", .tooLarge), ("0\r\nA: bbbbbbbbbbbbbbbbbbbbbb\r\n\r\n", .tooLarge),
    ("1;aaaaaaaa\r\na\r\n1;bbbbbbbbb\r\n", .tooLarge),
  ])
  func `that breaks a rule is refused, however it is cut`(text: String, kind: Fault.Kind) {
    for pieces in splits(text) {
      guard case .failure(let fault) = decode(pieces) else {
        Issue.record("accepted")
        return
      }
      #expect(fault.kind == kind)
    }
  }

  @Test(arguments: ["", "3", "3\r\nab", "3\r\nabc\r\n", "0\r\n", "0\r\nA: b\r\n"])
  func `that has no end yet is not done`(text: String) throws {
    #expect(try decode([Array(text.utf8)[...]]).get().isDone == false)
  }
}
