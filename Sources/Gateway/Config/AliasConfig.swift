import Base

/// One entry of `models`: a name of the owner's own and where it leads, the first that can answer.
package struct AliasConfig: Sendable {
  /// The name that clients use.
  package var id: String
  /// `provider/model` or a bare name, in the order in which they are tried.
  package var targets: [String]

  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let id = fields.required("id")?.string()
    let list = fields.required("to")
    targets = list?.oneOrList().compactMap { $0.string() } ?? []
    if let list, targets.isEmpty { list.mistake("an alias needs at least one target") }
    fields.end()
    guard let id, !targets.isEmpty else { return nil }
    self.id = id
  }
}
