import Base

/// A request that tidies up on the site.
package struct CleanupRule: Sendable {
  /// When it is sent.
  package enum Moment: String, Sendable, CaseIterable {
    /// When the reply is over, also by an error or because the client left.
    case afterMessage = "after_message"
    /// When the client left or the reply broke while the site still writes.
    case onCancel = "on_cancel"
  }

  /// What is asked; left out when one of its values is unset.
  package var request: StepRequest
  /// When.
  package var moment = Moment.afterMessage
  /// Whether its failure is of no interest.
  package var isOptional = true
  /// What a good answer is.
  package var expect = ExpectRule()

  /// Reads `{request, when, optional, expect}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let request = fields.required("request").flatMap { StepRequest($0) }
    moment = fields["when"]?.choice(Moment.self) ?? .afterMessage
    isOptional = fields["optional"]?.bool() ?? true
    expect = fields["expect"].flatMap { ExpectRule($0) } ?? ExpectRule()
    fields.end()
    guard let request else { return nil }
    self.request = request
  }
}

/// A request that shows whether a session works, and what it must answer; sent on the owner's demand only.
package struct LivenessRule: Sendable {
  /// What is asked.
  package var request: StepRequest
  /// What the answer's JSON must say.
  package var ok: [(path: JSONPath, predicate: Predicate)]

  /// Reads `{request, ok}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let request = fields.required("request").flatMap { StepRequest($0) }
    ok = fields["ok"]?.conditions() ?? []
    fields.end()
    guard let request else { return nil }
    self.request = request
  }
}
