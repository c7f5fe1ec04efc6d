import Base

/// What a provider's models cost, per million tokens.
package struct ProviderPrices: Sendable {
  /// The price of one model.
  package struct Price: Sendable, Equatable {
    /// Per million tokens of the prompt.
    package var input = 0.0
    /// Per million tokens of the reply.
    package var output = 0.0
    /// Per million tokens that came from the vendor's cache; nil for the price of input.
    package var cacheRead: Double?
    /// Per million tokens that went into the cache; nil for the price of input.
    package var cacheWrite: Double?
  }

  /// The day they were read.
  package var asOf: String?
  /// `USD`, `CNY`, …
  package var currency = "USD"
  /// By the model's id.
  package var models: [String: Price] = [:]

  /// Reads `{as_of, currency, MODEL: {input, output, cache_read, cache_write}}`.
  init?(_ field: Field) {
    for (name, value) in field.entries() {
      switch name {
      case "as_of": asOf = value.string()
      case "currency": currency = value.string() ?? currency
      default: models[name] = Price(value)
      }
    }
  }
}

extension ProviderPrices.Price {
  fileprivate init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    input = fields["input"]?.number() ?? 0
    output = fields["output"]?.number() ?? 0
    cacheRead = fields["cache_read"]?.number()
    cacheWrite = fields["cache_write"]?.number()
    fields.end()
  }
}
