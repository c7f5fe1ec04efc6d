package import Base

/// What an upstream said where an error may be: a whole answer that is no stream, or one frame of a stream.
package struct UpstreamAnswer: Sendable {
  /// The HTTP status; that of the answer's head for a frame.
  package var status: Int
  /// The header fields of the answer, in order.
  package var headers: [(name: String, value: String)]
  /// The body of a whole answer; empty for a frame, whose data are in `json`.
  package var body: [UInt8]
  /// The body as JSON, nil when it is none.
  package var json: JSON?
  /// The name of the event whose data this is, nil for a whole answer and for events without a name.
  package var event: String?
  /// Whether this is one frame of a stream.
  package var isFrame: Bool

  /// A whole answer.
  package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
    json = try? JSON(parsing: body)  // nil is right: an error page in HTML is an answer too
    isFrame = false
  }

  /// The data of one frame that came in an answer of this status.
  package init(frame json: JSON, event: String? = nil, status: Int = 200, headers: [(name: String, value: String)] = []) {
    self.status = status
    self.headers = headers
    body = []
    self.json = json
    self.event = event
    isFrame = true
  }

  /// The first header field of that name, any case.
  package func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// The text of the body or frame; malformed UTF-8 becomes U+FFFD.
  package var text: String {
    guard isFrame, let json else { return String(decoding: body, as: UTF8.self) }
    return String(decoding: json.bytes, as: UTF8.self)
  }

  /// The media type without parameters, in lower case; empty when the answer named none.
  package var mediaType: String {
    let value = header("content-type") ?? ""
    let type = value.prefix { $0 != ";" }
    return String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
  }

  /// What paths that begin with `@` find here.
  var variables: [String: JSON] {
    event.map { ["event": JSON($0)] } ?? [:]
  }
}
