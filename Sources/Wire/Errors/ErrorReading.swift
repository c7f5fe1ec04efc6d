import Base

/// What an upstream's error object says, in one shape.
struct ErrorReading: Sendable {
  /// The vendor's own text, as it came.
  private(set) var message: String?
  /// The path of the field that was wrong.
  private(set) var param: String?
  /// Codes, types and reasons, the most exact first.
  private(set) var words: [String] = []
  /// The HTTP status that the object itself tells: as a number, or by a word of Anthropic's or Google's.
  private(set) var status: Int?

  /// Nothing: the answer is no JSON.
  init() {}

  init(_ json: JSON) {
    let root = Self.only(json)
    if let text = root.string {
      message = text
    } else if let error = root["error"], !error.isNull {
      read(error)
      message = message ?? root["message"]?.string ?? root["error_description"]?.string
      status = status ?? ErrorWords.status(error, isAnthropic: root["type"]?.string == "error")
    } else if let response = root["base_resp"] {
      words = [response["status_code"].flatMap(Predicate.text)].compactMap(\.self)
      message = response["status_msg"]?.string
    } else {
      read(root)
      message = message ?? Self.detail(root["detail"])
    }
  }

  /// Whether the JSON of an answer with status 200 is an error.
  ///
  /// Flat forms count only where no `choices` are: a relay may add a `code` or a `message` to good chunks.
  static func isError(_ json: JSON, event: String?) -> Bool {
    let root = only(json)
    if let error = root["error"], !error.isNull, error.bool != false { return true }
    if let code = root["base_resp"]?["status_code"]?.int, code != 0 { return true }
    guard root.kind == .object, root["choices"] == nil else { return false }
    if event == "error" || root["type"]?.string == "error" { return true }
    if root["detail"]?.string != nil, root.count <= 2 { return true }
    return root["message"]?.string != nil && isErrorCode(root["code"])
  }

  /// Whether a flat `code` says failure: neither absent nor zero, 200 or empty.
  private static func isErrorCode(_ code: JSON?) -> Bool {
    guard let text = code.flatMap(Predicate.text) else { return false }
    return !["", "0", "200", "success", "Success", "ok", "OK"].contains(text)
  }

  /// The one element of a list of one, else the value.
  private static func only(_ json: JSON) -> JSON {
    json.kind == .array && json.count == 1 ? json[0] ?? json : json
  }

  private mutating func read(_ error: JSON) {
    guard error.kind == .object else {
      message = error.string
      return
    }
    message = ["message", "msg", "error_msg", "error_message"].lazy.compactMap { error[$0]?.string }.first
    param = error["param"]?.string
    for detail in error["details"]?.elements ?? JSON.null.elements {
      if let reason = detail["reason"]?.string { words.append(reason) }
    }
    for name in ["code", "type", "status", "error_code"] {
      guard let text = error[name].flatMap(Predicate.text), !text.isEmpty else { continue }
      words.append(text)
      if let number = Int(text), (400...599).contains(number) { status = status ?? number }
    }
  }

  /// The text of a `detail`: itself, or the messages of a list of field errors.
  private static func detail(_ detail: JSON?) -> String? {
    guard let detail, detail.kind == .array else { return detail?.string }
    let texts = detail.elements.compactMap { $0["msg"]?.string ?? $0["message"]?.string }
    return texts.isEmpty ? nil : texts.joined(separator: "; ")
  }
}
