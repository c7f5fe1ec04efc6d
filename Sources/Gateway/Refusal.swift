import Base
import HTTP
import Wire

/// The answer to bytes that never became a request.
enum Refusal {
  static func response(_ fault: Fault) -> Response {
    let error = ErrorShape.openAI.reply(fault)
    var headers = Headers()
    headers.append(.contentType, "application/json")
    return Response(status: status(fault), headers: headers, body: error.body)
  }

  /// A head that took too long or is too long has statuses of its own. Source: RFC 9110 §15.5.9, RFC 6585 §5.
  private static func status(_ fault: Fault) -> Int {
    switch fault.kind {
    case .timeout: 408
    case .tooLarge: 431
    default: fault.kind.status
    }
  }
}
