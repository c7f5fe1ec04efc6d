import Base

/// The head of a reply, as it came or as it goes out.
package struct ResponseHead: Sendable {
  /// 100 to 999.
  package var status: Int
  /// The fields in their order.
  package var headers: Headers

  /// Of a status and fields.
  package init(status: Int, headers: Headers = Headers()) {
    self.status = status
    self.headers = headers
  }

  /// How many fields a reply may have.
  package static let mostFields = 500

  /// Reads a whole head as `HeadScanner` gathered it. Throws `broken`.
  init(parsing bytes: [UInt8]) throws(Fault) {
    guard let lineEnd = bytes.firstIndex(of: 13), lineEnd >= 12, bytes.starts(with: "HTTP/1.".utf8),
      bytes[7] == 48 || bytes[7] == 49, bytes[8] == 32, lineEnd == 12 || bytes[12] == 32,
      bytes[9] >= 49, bytes[9] <= 57, (48...57).contains(bytes[10]), (48...57).contains(bytes[11])
    else { throw Fault(.broken, "The upstream did not answer in HTTP/1.1.") }
    status = bytes[9..<12].reduce(0) { $0 * 10 + Int($1 - 48) }
    do {
      headers = try FieldParser.parse(bytes, from: lineEnd + 2, most: Self.mostFields)
    } catch {
      throw Fault(.broken, "The upstream's reply has a malformed head.", detail: error.message)
    }
  }

  /// The status line's words. Source: RFC 9110 §15.
  static func reason(_ status: Int) -> StaticString {
    switch status {
    case 100: "Continue"
    case 102: "Processing"
    case 103: "Early Hints"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Status"
    }
  }
}
