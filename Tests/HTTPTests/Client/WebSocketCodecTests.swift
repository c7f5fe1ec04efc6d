import Base
import Testing

@testable import HTTP

@Suite struct `A WebSocket's client side` {
  /// A server's frame: not masked.
  private func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true) -> [UInt8] {
    [(isLast ? 0x80 : 0) | opcode, UInt8(payload.count)] + payload
  }

  /// Opcode and payload of a client's frame, unmasked.
  private func read(_ bytes: [UInt8]) throws -> (opcode: UInt8, payload: [UInt8]) {
    let mask = try #require(bytes.count >= 6 && bytes[1] & 0x80 != 0 ? Array(bytes[2..<6]) : nil, "a client masks")
    return (bytes[0] & 0x0f, bytes[6...].enumerated().map { $1 ^ mask[$0 % 4] })
  }

  @Test func `reads messages in any cut of their bytes`() throws {
    let bytes = frame(1, Array("héllo".utf8)) + frame(2, [1, 2], isLast: false) + frame(9, [7]) + frame(0, [3]) + frame(8, [3, 232])
    let wanted = [WebSocketMessage(Array("héllo".utf8)), WebSocketMessage([1, 2, 3], isText: false)]
    for size in [1, 3, bytes.count] {
      let codec = try WebSocketCodec()
      var messages: [WebSocketMessage] = []
      for start in stride(from: 0, to: bytes.count, by: size) { messages += try codec.feed(bytes[start..<min(start + size, bytes.count)]) }
      #expect(messages == wanted)
      #expect(codec.isClosed)
      #expect([8, 10].contains(try read(codec.takeOutgoing()).opcode), "the ping or the close was answered")
    }
  }

  @Test func `masks what it sends`() throws {
    let codec = try WebSocketCodec()
    codec.send(WebSocketMessage(Array("hi".utf8)))
    let sent = try read(codec.takeOutgoing())
    #expect(sent == (1, Array("hi".utf8)))
    #expect(codec.takeOutgoing() == [])
  }

  @Test(
    arguments: [
      [0x81, 0x81, 1, 2, 3, 4, 5],  // a server must not mask
      [0xf1, 1, 65],  // reserved bits without an extension
      [0x83, 1, 65],  // an unknown opcode
      [0x81, 0x7f, 0, 0, 0, 0, 0xff, 0, 0, 0, 65],  // more than a message may have
      [0x81, 1, 0xff],  // no UTF-8
    ] as [[UInt8]])
  func `refuses what breaks the rules`(bytes: [UInt8]) throws {
    let codec = try WebSocketCodec()
    #expect(throws: Fault.self) { try codec.feed(bytes[...]) }
  }

  /// Source: RFC 6455 §1.3.
  @Test func `knows the answer to its challenge`() {
    #expect(WebSocket.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }
}
