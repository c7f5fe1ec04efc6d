package import Base

/// A model of a provider with all that its entry, the patterns and the provider itself say about it.
package struct ProviderModel: Sendable {
  /// What a model is for.
  package enum Kind: String, Sendable, CaseIterable {
    case chat, embedding, rerank
  }

  /// The name clients use.
  package var id: String
  /// The name sent to the vendor.
  package var upstream: String
  /// Further names clients may use.
  package var aliases: [String] = []
  /// What it is for.
  package var kind = Kind.chat
  /// Members for the body, or variables of a recipe. They never replace what the client sent.
  package var set: [(name: String, value: JSON)] = []
  /// What it understands.
  package var caps: Capabilities
  /// How it speaks Chat.
  package var dialect: Dialect
  /// The limit that is sent where the target insists on one.
  package var maxTokensDefault: Int
  /// Tokens of prompt and reply together; nil when the file doesn't say.
  package var context: Int?
  /// Tokens of a reply; nil when the file doesn't say.
  package var maxOutput: Int?
  /// Usable, but in no list.
  package var isHidden = false

  /// A model of which only the name is known.
  init(_ name: String, caps: Capabilities, dialect: Dialect, maxTokensDefault: Int) {
    id = name
    upstream = name
    self.caps = caps
    self.dialect = dialect
    self.maxTokensDefault = maxTokensDefault
  }
}

/// One entry of a provider file's `models`, with only what it says itself.
struct ModelEntry: Sendable {
  let id: String
  var upstream: String?
  var aliases: [String] = []
  var kind: ProviderModel.Kind?
  var set: [(name: String, value: JSON)] = []
  var caps: Capabilities?
  var dialect: Dialect?
  var maxTokensDefault: Int?
  var context: Int?
  var maxOutput: Int?
  var isHidden = false

  /// Whether the id stands for all names that it fits.
  var isPattern: Bool { id.contains("*") }

  /// Reads an id or `{id, upstream, aliases, …}`; capabilities are laid over the provider's own.
  init?(_ field: Field, caps base: Capabilities) {
    guard case .members = field.setting.content else {
      guard let id = field.string(), Self.check(id, field) else { return nil }
      self.id = id
      return
    }
    guard var fields = field.fields() else { return nil }
    let id = fields.required("id")?.string()
    self.id = id ?? ""
    upstream = fields["upstream"]?.string()
    aliases = fields["aliases"]?.strings() ?? []
    kind = fields["kind"]?.choice(ProviderModel.Kind.self)
    set = fields["set"]?.entries().map { ($0.name, $0.field.setting.json) } ?? []
    caps = fields["caps"].map { Capabilities($0, over: base) }
    dialect = fields["dialect"].flatMap(Dialect.read)
    maxTokensDefault = fields["max_tokens_default"]?.int(1...Int.max)
    context = fields["context"]?.int(1...Int.max)
    maxOutput = fields["max_output"]?.int(1...Int.max)
    isHidden = fields["hidden"]?.bool() ?? false
    fields.end()
    guard id != nil, Self.check(self.id, field) else { return nil }
    if isPattern, upstream != nil || !aliases.isEmpty { field.mistake("a pattern has no upstream name and no aliases") }
  }

  private static func check(_ id: String, _ field: Field) -> Bool {
    let isName = !id.isEmpty && !id.contains { $0.isWhitespace || $0 == "?" || $0 == "#" }
    if !isName { field.mistake("a model's name is a text without spaces, ? and #") }
    return isName
  }

  /// Whether a name fits the id, in which `*` stands for any characters, also slashes.
  func fits(_ name: String) -> Bool {
    let parts = id.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = parts.first, let last = parts.last, parts.count > 1 else { return id == name }
    guard name.count >= first.count + last.count, name.hasPrefix(first), name.hasSuffix(last) else { return false }
    var rest = name.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let start = rest.indices.first(where: { rest[$0...].hasPrefix(part) }) else { return false }
      rest = rest[start...].dropFirst(part.count)
    }
    return true
  }

  /// Lays what the entry says over a model.
  func apply(to model: inout ProviderModel) {
    model.kind = kind ?? model.kind
    model.caps = caps ?? model.caps
    model.dialect = dialect ?? model.dialect
    model.maxTokensDefault = maxTokensDefault ?? model.maxTokensDefault
    model.context = context ?? model.context
    model.maxOutput = maxOutput ?? model.maxOutput
    if !set.isEmpty { model.set = set }
  }
}
