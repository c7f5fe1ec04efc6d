package import Base

/// What the connections of one listener share. Values; replaced as a whole.
package struct Server: Sendable {
  /// What a client may do.
  package var limits = Limits()
  /// The certificate; nil for plain HTTP.
  package var tls: TLSContext?
  /// Answers one request. Runs as a task on the connection's loop; cancelled when the client leaves.
  package var handler: @Sendable (Request) async -> Void
  /// Renders a refusal of bytes that never became a request.
  package var refusal: @Sendable (Fault) -> Response

  /// `handler` answers each request; `refusal` makes the answer to what is none.
  package init(handler: @escaping @Sendable (Request) async -> Void, refusal: @escaping @Sendable (Fault) -> Response) {
    self.handler = handler
    self.refusal = refusal
  }

  /// What one client may cost.
  package struct Limits: Sendable {
    /// Bytes of a request's head; of chunk extensions and trailers too.
    package var head = 32 << 10
    /// Nanoseconds from a head's first byte to its last.
    package var headTimeout: Int64 = 10_000_000_000
    /// Nanoseconds without a byte: between requests, within a body, while a reply waits for its reader.
    package var idle: Int64 = 75_000_000_000
    /// Connections of one loop.
    package var connections = 10_000

    /// The defaults.
    package init() {}
  }
}

/// A whole reply.
package struct Response: Sendable {
  /// Status and fields.
  package var head: ResponseHead
  /// The whole body.
  package var body: [UInt8]

  /// Of its parts; `Content-Length` is added when it is sent.
  package init(status: Int, headers: Headers = Headers(), body: [UInt8] = []) {
    head = ResponseHead(status: status, headers: headers)
    self.body = body
  }
}
