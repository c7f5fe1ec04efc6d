/// A request to an origin, with its whole body.
package struct ClientRequest: Sendable {
  /// The method, in capitals.
  package var method: String
  /// Path and query.
  package var target: String
  /// Without Host, Content-Length and the fields of the connection: those are the client's business.
  package var headers: Headers
  /// The whole body; empty for none.
  package var body: [UInt8]
  /// Fields behind the body, which then goes in chunks.
  package var trailers = Headers()
  /// How long each part may take.
  package var timeouts: Timeouts
  /// Whether the answer may be 101, behind which bytes go both ways; only over HTTP/1.1.
  var isUpgrade = false

  /// Of its parts; `Host` and `Content-Length` are added when it is sent.
  package init(method: String, target: String, headers: Headers = Headers(), body: [UInt8] = [], timeouts: Timeouts = Timeouts()) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.timeouts = timeouts
  }

  /// Nanoseconds.
  package struct Timeouts: Sendable, Equatable {
    /// Until a connection is ready: name, connect, proxy and TLS.
    package var connect: Int64 = 10_000_000_000
    /// From then until the reply's head.
    package var firstByte: Int64 = 120_000_000_000
    /// Between two pieces of the reply.
    package var idle: Int64 = 120_000_000_000
    /// For everything.
    package var total: Int64 = 1_800_000_000_000

    /// The defaults.
    package init() {}
  }

  /// The head as HTTP/1.1 sends it.
  func head(to origin: Origin) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(method.utf8.count + target.utf8.count + headers.lines.count + 128)
    out += method.utf8
    out.append(" ")
    out += target.utf8
    out.append(" HTTP/1.1\r\nHost: ")
    out += origin.authority.utf8
    out.append("\r\n")
    out += headers.lines
    if trailers.count > 0 {
      out.append("Transfer-Encoding: chunked\r\n")
    } else if !body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" {
      out.append("Content-Length: ")
      out.append(decimal: body.count)
      out.append("\r\n")
    }
    out.append("\r\n")
    return out
  }

  /// The body as HTTP/1.1 sends it.
  var framedBody: [UInt8] {
    guard trailers.count > 0 else { return body }
    var out: [UInt8] = []
    out.reserveCapacity(body.count + trailers.lines.count + 32)
    if !body.isEmpty {
      out.append(hexadecimal: body.count)
      out.append("\r\n")
      out += body
      out.append("\r\n")
    }
    out.append("0\r\n")
    out += trailers.lines
    out.append("\r\n")
    return out
  }
}
