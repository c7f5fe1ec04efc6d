package import Base

/// A WebSocket to an origin, over a connection of its own. Belongs to one loop.
package final class WebSocket {
  private let stream: ClientStream
  private let codec: WebSocketCodec
  private var arrived: [WebSocketMessage] = []
  private let key = Base64.encode(Digest.random(16))

  /// Begins to open one; `request` is the GET without the fields of the handshake. The origin must not speak HTTP/2.
  /// Throws `internal` without memory.
  package init(_ request: ClientRequest, to origin: Origin, with client: Client) throws(Fault) {
    codec = try WebSocketCodec()
    var request = request
    // Source: RFC 6455 §4.1.
    request.headers.append(.connection, "Upgrade")
    request.headers.append(.upgrade, "websocket")
    request.headers.append("sec-websocket-version", "13")
    request.headers.append("sec-websocket-key", key)
    request.isUpgrade = true
    stream = client.sendOnce(request, to: origin)
  }

  /// Waits for the handshake; gives the head of the answer, which refuses when its status isn't 101. Throws as `ClientStream`,
  /// `broken` for a wrong answer to the challenge.
  package func handshake() async throws(Fault) -> ResponseHead {
    let head = try await stream.responseHead()
    guard head.status == 101 else { return head }
    guard head.headers["sec-websocket-accept"] == Self.answer(to: key) else {
      cancel()
      throw Fault(.broken, "The upstream did not agree to a WebSocket.")
    }
    return head
  }

  /// Source: RFC 6455 §4.2.2.
  static func answer(to key: String) -> String {
    Base64.encode(Digest.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
  }

  /// The body of an answer that refuses, as far as `limit`.
  package func refusal(limit: Int) async throws(Fault) -> [UInt8] { try await stream.collect(limit: limit) }

  /// The next message; nil behind the peer's close. Throws as `ClientStream`.
  package func next() async throws(Fault) -> WebSocketMessage? {
    while arrived.isEmpty {
      guard !codec.isClosed, let piece = try await stream.next() else { return nil }
      arrived = try codec.feed(piece[...])
      stream.write(codec.takeOutgoing())
    }
    return arrived.removeFirst()
  }

  /// Whether a message is here already.
  package var hasMessage: Bool { !arrived.isEmpty }

  /// Sends a message as one frame.
  package func send(_ message: WebSocketMessage) {
    codec.send(message)
    stream.write(codec.takeOutgoing())
  }

  /// Ends it in order.
  package func close() {
    codec.close()
    stream.write(codec.takeOutgoing())
    stream.cancel()
  }

  /// Gives it up.
  package func cancel() { stream.cancel() }
}
