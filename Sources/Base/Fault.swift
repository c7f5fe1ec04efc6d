/// The one error of Apus: what went wrong, in words for the client and words for us.
///
/// A value whose words lie in a box: every function that may throw keeps room for one, and most never make any.
package struct Fault: Error, Sendable {
  /// The words, which never change: a change makes new ones.
  private final class Words: Sendable {
    let kind: Kind
    let message: String
    let detail: String
    let code: String?
    let param: String?
    let retryAfter: Int?
    let members: [(name: String, value: JSON)]

    init(
      _ kind: Kind, _ message: String, _ detail: String, _ code: String?, _ param: String?, _ retryAfter: Int?,
      _ members: [(name: String, value: JSON)]
    ) {
      self.kind = kind
      self.message = message
      self.detail = detail
      self.code = code
      self.param = param
      self.retryAfter = retryAfter
      self.members = members
    }
  }

  private var words: Words

  /// A fault of a kind, with its message for the client.
  @inline(never)
  package init(
    _ kind: Kind, _ message: String, detail: String = "", code: String? = nil, param: String? = nil, retryAfter: Int? = nil
  ) {
    words = Words(kind, message, detail, code, param, retryAfter, [])
  }

  /// What kind of trouble it is; decides the status, the retry and the log level.
  package var kind: Kind {
    get { words.kind }
    set { words = Words(newValue, message, detail, code, param, retryAfter, members) }
  }
  /// For the client: what was wrong and what to do. Holds no secret.
  package var message: String {
    get { words.message }
    set { words = Words(kind, newValue, detail, code, param, retryAfter, members) }
  }
  /// For the log. Holds no secret.
  package var detail: String {
    get { words.detail }
    set { words = Words(kind, message, newValue, code, param, retryAfter, members) }
  }
  /// Overrides the kind's usual code in the client's error object.
  package var code: String? {
    get { words.code }
    set { words = Words(kind, message, detail, newValue, param, retryAfter, members) }
  }
  /// The path of the field that was wrong, as `messages[0].role`.
  package var param: String? {
    get { words.param }
    set { words = Words(kind, message, detail, code, newValue, retryAfter, members) }
  }
  /// Seconds after which a retry makes sense.
  package var retryAfter: Int? {
    get { words.retryAfter }
    set { words = Words(kind, message, detail, code, param, newValue, members) }
  }
  /// Further members of the client's error object, as `remaining`.
  package var members: [(name: String, value: JSON)] {
    get { words.members }
    set { words = Words(kind, message, detail, code, param, retryAfter, newValue) }
  }
}

extension Fault: CustomStringConvertible {
  /// One line for people: the kind, the message, and the detail in brackets.
  package var description: String {
    detail.isEmpty ? "\(kind.rawValue): \(message)" : "\(kind.rawValue): \(message) (\(detail))"
  }
}
