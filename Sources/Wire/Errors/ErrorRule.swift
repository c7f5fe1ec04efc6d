package import Base

/// One entry of a provider file's `errors`: what an upstream's answer must look like, and what it then means.
///
/// Source: provider-files §5. All conditions that are named must hold; the first rule of a list that fits counts.
package struct ErrorRule: Sendable {
  /// Statuses it holds for; nil for any.
  package var status: Set<Int>?
  /// What named header fields must be.
  package var headers: [(name: String, predicate: Predicate)] = []
  /// Media types it holds for (`text/html`), without parameters; empty for any.
  package var contentTypes: [String] = []
  /// What values of the JSON must be.
  package var when: [(path: JSONPath, predicate: Predicate)] = []
  /// What the body's text must contain.
  package var text: Pattern?
  /// What it means.
  package var kind: Fault.Kind
  /// The client's `code`, nil for the usual one of the kind.
  package var code: String?
  /// Where the vendor's message is, nil for the usual places.
  package var message: JSONPath?
  /// Members of the client's error object and where their values are.
  package var carry: [(member: String, path: JSONPath)] = []
  /// Seconds that the session or key is held where the vendor names no time itself, nil for the router's own choice.
  package var hold: Int?

  /// A rule without conditions, which fits every answer until some are set.
  package init(as kind: Fault.Kind) {
    self.kind = kind
  }

  /// Whether all conditions hold.
  ///
  /// A rule of text alone never fits a frame that has `choices`: there the text is the model's own and may say anything.
  package func matches(_ answer: UpstreamAnswer) -> Bool {
    if let status, !status.contains(answer.status) { return false }
    if !contentTypes.isEmpty, !contentTypes.contains(answer.mediaType) { return false }
    for (name, predicate) in headers where !predicate.matches(answer.header(name)) { return false }
    return whenMatches(answer) && textMatches(answer)
  }

  /// The fault that an answer which fits is.
  package func apply(_ answer: UpstreamAnswer) -> Fault {
    let reading = UpstreamError.read(answer)
    let vendor = message.flatMap { path in answer.json.flatMap { path.first(in: $0, variables: answer.variables) } }
    var fault = UpstreamError.fault(kind, message: vendor.flatMap(Predicate.text) ?? reading.message, answer)
    fault.code = code ?? fault.code
    fault.retryAfter = fault.retryAfter ?? hold
    guard let json = answer.json else { return fault }
    for (member, path) in carry {
      guard let value = path.first(in: json, variables: answer.variables) else { continue }
      fault.members.append((member, value))
    }
    return fault
  }

  private func whenMatches(_ answer: UpstreamAnswer) -> Bool {
    guard !when.isEmpty else { return true }
    guard let json = answer.json else { return false }
    return when.allSatisfy { $0.predicate.matches($0.path.all(in: json, variables: answer.variables)) }
  }

  private func textMatches(_ answer: UpstreamAnswer) -> Bool {
    guard let text else { return true }
    if answer.isFrame, when.isEmpty, answer.json?["choices"] != nil { return false }
    return text.matches(answer.text)
  }
}

extension [ErrorRule] {
  /// The fault of the first rule that fits, nil when none does.
  package func fault(of answer: UpstreamAnswer) -> Fault? {
    first { $0.matches(answer) }?.apply(answer)
  }
}
