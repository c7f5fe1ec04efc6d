package import Wire

/// A model as a provider offers it. An object, because a model says much: it is handed on by reference.
package final class Offer: Sendable {
  /// Who offers it.
  package let provider: Provider
  /// What its file says of it.
  package let model: ProviderModel

  /// A provider's model.
  package init(_ provider: Provider, _ model: ProviderModel) {
    self.provider = provider
    self.model = model
  }

  /// `provider/model`.
  package var name: String { provider.name + "/" + model.id }
}
