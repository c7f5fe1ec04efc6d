/// One model as a model list shows it.
package struct CatalogModel: Sendable, Equatable {
  /// The name clients ask for; may hold slashes.
  package var id: String
  /// Who has it.
  package var owner: String
  /// What it is for.
  package var kind: ProviderModel.Kind
  /// Its name for people; nil shows the id.
  package var displayName: String?
  /// When it was made, Unix time in seconds; 0 when nobody knows, as vendors write it too.
  package var created: Int
  /// Tokens that go in; nil when nobody knows.
  package var maxInput: Int?
  /// Tokens that come out; nil when nobody knows.
  package var maxOutput: Int?

  /// A model of which little more than the name is known.
  package init(
    _ id: String, owner: String, kind: ProviderModel.Kind = .chat, displayName: String? = nil, created: Int = 0, maxInput: Int? = nil,
    maxOutput: Int? = nil
  ) {
    self.id = id
    self.owner = owner
    self.kind = kind
    self.displayName = displayName
    self.created = created
    self.maxInput = maxInput
    self.maxOutput = maxOutput
  }

  /// The name for people.
  var title: String { displayName ?? id }
}
