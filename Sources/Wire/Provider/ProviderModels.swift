import Base

/// A provider's models: those it lists, and what its patterns say about others.
package struct ProviderModels: Sendable {
  /// The models that have an entry of their own, in the file's order, hidden ones too.
  package private(set) var all: [ProviderModel] = []
  private var byName: [String: Int] = [:]
  private var patterns: [ModelEntry] = []
  private let plain: ProviderModel

  /// No models; what a name without an entry gets.
  init(caps: Capabilities, dialect: Dialect, maxTokensDefault: Int) {
    plain = ProviderModel("", caps: caps, dialect: dialect, maxTokensDefault: maxTokensDefault)
  }

  /// Adds the entries of a file; a name that two of them have is a mistake.
  mutating func read(_ fields: [Field]) {
    let entries = fields.compactMap { field in ModelEntry(field, caps: plain.caps).map { ($0, field) } }
    patterns = entries.map(\.0).filter(\.isPattern)
    for (entry, field) in entries where !entry.isPattern { add(entry, field) }
  }

  private mutating func add(_ entry: ModelEntry, _ field: Field) {
    var model = unlisted(entry.id)
    entry.apply(to: &model)
    model.upstream = entry.upstream ?? entry.id
    model.aliases = entry.aliases
    model.isHidden = entry.isHidden
    for name in [entry.id] + entry.aliases {
      if byName[name] != nil { field.mistake("another model is called \"\(name)\" already") }
      byName[name] = byName[name] ?? all.count
    }
    all.append(model)
  }

  /// The models that `/v1/models` names.
  package var listed: [ProviderModel] { all.filter { !$0.isHidden } }

  /// The model of a name: the one with that id or alias, else what the first pattern that fits says; else nil.
  package func named(_ name: String) -> ProviderModel? {
    if let position = byName[name] { return all[position] }
    return patterns.contains { $0.fits(name) } ? unlisted(name) : nil
  }

  /// A model that goes up under the name the client used, as the patterns and the provider say.
  package func unlisted(_ name: String) -> ProviderModel {
    var model = plain
    model.id = name
    model.upstream = name
    patterns.first { $0.fits(name) }?.apply(to: &model)
    return model
  }
}
