package import Base
package import Wire

/// One entry of `keys`: who may call.
package struct KeyConfig: Sendable {
  /// By which records and logs call it; never the key itself.
  package var name: String
  /// What the client sends; empty counts as no key.
  package var secret: Secret
  /// Names of models, `*` for any text; `["*"]` for all.
  package var models = ["*"]
  /// What happens to the upstream when the client leaves.
  package var onDisconnect = OnDisconnect.cancel

  /// How the key's owner wants to see reasoning; nil for the config's own way.
  package var reasoning: ReasoningOutput?
  /// How much of its exchanges is recorded.
  package var record = RecordPolicy.full
  /// Whether it may see and change what belongs to the gateway itself.
  package var isAdmin = false

  /// `cancel`, `drain`, or `drain N` with the most seconds that an abandoned reply is read on.
  package enum OnDisconnect: Sendable, Equatable {
    case cancel
    case drain(seconds: Int?)
  }

  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    name = fields.required("name")?.string() ?? ""
    // An unset variable leaves an empty text, which YAML takes for nothing: such a key counts as none.
    secret = Secret((fields["key"]?.string() ?? "").filter { !$0.isWhitespace })
    models = fields["models"]?.oneOrList().compactMap { $0.string() } ?? models
    if let field = fields["on_disconnect"] { onDisconnect = Self.onDisconnect(field) ?? .cancel }
    _ = fields["rpm"]?.int(1...Int.max)
    _ = fields["tpm"]?.int(1...Int.max)
    if let field = fields["record"] { record = RecordPolicy(field) ?? .full }
    reasoning = fields["reasoning"]?.choice(ReasoningOutput.self)
    isAdmin = fields["admin"]?.bool() ?? false
    fields.end()
  }

  private static func onDisconnect(_ field: Field) -> OnDisconnect? {
    let words = (field.setting.text ?? "").split(separator: " ")
    switch (words.first, words.count) {
    case ("cancel", 1): return .cancel
    case ("drain", 1): return .drain(seconds: nil)
    case ("drain", 2): if let seconds = Int(words[1].filter { $0 != "s" }), seconds > 0 { return .drain(seconds: seconds) }
    default: break
    }
    return field.wrong("expected cancel, drain, or drain N with N in seconds")
  }
}
