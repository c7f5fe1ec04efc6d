/// The one error of Apus: what went wrong, in words for the client and words for us.
package struct Fault: Error, Sendable {
  /// What kind of trouble it is; decides the status, the retry and the log level.
  package var kind: Kind
  /// For the client: what was wrong and what to do. Holds no secret.
  package var message: String
  /// For the log. Holds no secret.
  package var detail: String
  /// Overrides the kind's usual code in the client's error object.
  package var code: String?
  /// The path of the field that was wrong, as `messages[0].role`.
  package var param: String?
  /// Seconds after which a retry makes sense.
  package var retryAfter: Int?
  /// Further members of the client's error object, as `remaining`.
  package var members: [(name: String, value: JSON)] = []

  /// A fault of a kind, with its message for the client.
  package init(
    _ kind: Kind, _ message: String, detail: String = "", code: String? = nil, param: String? = nil, retryAfter: Int? = nil
  ) {
    self.kind = kind
    self.message = message
    self.detail = detail
    self.code = code
    self.param = param
    self.retryAfter = retryAfter
  }
}

extension Fault: CustomStringConvertible {
  /// One line for people: the kind, the message, and the detail in brackets.
  package var description: String {
    detail.isEmpty ? "\(kind.rawValue): \(message)" : "\(kind.rawValue): \(message) (\(detail))"
  }
}
