package import Base

extension ProviderFile {
  /// The newest `min_engine` that this version satisfies.
  static let engine = 1

  /// The members that only a configuration has.
  static let configurationMembers: Set<String> = ["key", "sessions", "file"]

  /// Members of which one replaces the other as a whole, since their forms exclude each other.
  private static let alternatives: Set<String> = ["auth"]

  /// Reads a provider file; all its mistakes are noted, and nil means that there were any.
  package static func read(_ bytes: [UInt8], name: String, into mistakes: Mistakes) -> ProviderFile? {
    guard let setting = Setting.read(bytes, name: name, into: mistakes) else { return nil }
    return read(setting, into: mistakes)
  }

  /// Reads a parsed provider file, with one of its variants laid over it where it is named.
  package static func read(_ setting: Setting, variant: String? = nil, into mistakes: Mistakes) -> ProviderFile? {
    guard let chosen = setting.choosing(variant ?? setting["variant"]?.text, into: mistakes) else { return nil }
    return read(chosen, isEntry: false, into: mistakes)
  }

  /// Reads a `providers:` entry of the configuration at a path, laid over the file of its name if there is one.
  ///
  /// Mistakes carry the file they were made in. The member `file` is the reader's business and ignored here.
  package static func read(entry: Setting, path: String, over file: Setting?, into mistakes: Mistakes) -> ProviderFile? {
    let below = file.map { $0.choosing(entry["variant"]?.text ?? $0["variant"]?.text, into: mistakes) } ?? file
    if file != nil, below == nil { return nil }
    let merged = below.map { entry.laid(over: $0, replacing: alternatives) } ?? entry
    guard var provider = read(merged, path: path, isEntry: true, into: mistakes) else { return nil }
    if let below, provider.origin == nil { provider.follow(entry, below) }
    provider.replacesHosts = provider.recipe != nil && below != nil && entry["origin"] != nil
    return provider
  }

  /// An entry's own `base_url` takes along the endpoints that lay on the same host elsewhere, so that none of them
  /// still reaches the vendor.
  private mutating func follow(_ entry: Setting, _ file: Setting) {
    guard entry["base_url"] != nil, let own = baseURL, let text = file["base_url"]?.text, let before = try? BaseURL(text) else { return }
    for (name, endpoint) in endpoints where entry["endpoints"]?[name.rawValue]?["base_url"] == nil {
      guard let base = endpoint.baseURL, base.origin == before.origin else { continue }
      endpoints[name]?.baseURL = base.moved(to: own)
    }
  }

  private static func read(_ setting: Setting, path: String = "", isEntry: Bool, into mistakes: Mistakes) -> ProviderFile? {
    let before = mistakes.all.count
    var fields = Fields(setting, path: path, into: mistakes)
    let isRecipe = fields.has("steps")
    if isRecipe, fields.has("wire") {
      fields["steps"]?.mistake("a provider has either a wire or steps")
      return nil
    }
    for name in (isRecipe ? wireMembers : recipeMembers).sorted() where fields.has(name) {
      fields[name]?.mistake("belongs to a provider with \(isRecipe ? "a wire" : "steps")")
    }
    let provider = ProviderFile(&fields, isEntry: isEntry)
    fields.end()
    return mistakes.all.count == before ? provider : nil
  }

  private init?(_ fields: inout Fields, isEntry: Bool) {
    let name = Self.identify(&fields, isEntry: isEntry)
    let isRecipe = fields.has("steps")
    let wire = isRecipe ? .openaiChat : fields.required("wire")?.choice(ProviderWire.self) ?? .openaiChat
    let dialect = fields["dialect"].flatMap(Dialect.read) ?? .openai
    let caps = fields["caps"].map { Capabilities($0, over: Capabilities(wire: wire)) } ?? Capabilities(wire: wire)
    let maxTokens = fields["max_tokens_default"]?.int(1...Int.max) ?? 8192
    self.name = name ?? ""
    self.wire = wire
    self.dialect = dialect
    self.caps = caps
    maxTokensDefault = maxTokens
    endpoints = isRecipe ? [:] : wire.endpoints
    auth = isRecipe ? .none : wire.auth
    models = ProviderModels(caps: caps, dialect: dialect, maxTokensDefault: maxTokens)
    readStatus(&fields)
    readPlace(&fields)
    readCredentials(&fields, isEntry: isEntry)
    readRules(&fields)
    readModels(&fields)
    readLimits(&fields)
    if isRecipe { readRecipe(&fields) }
    if name == nil { return nil }
  }

  /// Checks the mark of the format and reads the name.
  private static func identify(_ fields: inout Fields, isEntry: Bool) -> String? {
    let mark = isEntry ? fields["apus"] : fields.required("apus")
    if let text = mark?.string(), text != "provider/v1" { mark?.mistake("expected provider/v1") }
    if let engine = fields["min_engine"], let number = engine.int(1...Int.max), number > Self.engine {
      engine.mistake("this file needs a newer version of Apus")
    }
    guard let field = fields.required("name"), let name = field.string() else { return nil }
    let isName = !name.isEmpty && name.utf8.allSatisfy { ($0.isNameByte && !($0 >= 0x41 && $0 <= 0x5a) && $0 != 0x5f) || $0 == 0x2d }
    return isName ? name : field.wrong("a provider's name has the letters a-z, digits and - only")
  }

  private mutating func readStatus(_ fields: inout Fields) {
    revision = fields["revision"]?.int()
    enable = fields["enable"]?.choice(Enable.self) ?? .credentials
    variants = fields["variants"]?.entries().map(\.name) ?? []
    variant = fields["variant"]?.string()
    guard var status = fields["status"]?.fields() else { return }
    for name in ["source", "read", "from", "learned_at", "verified", "note"] {
      if let text = status[name]?.string() { self.status.append((name, text)) }
    }
    status.end()
  }

  private mutating func readRecipe(_ fields: inout Fields) {
    isModelsClosed = true
    let recipe = Recipe(&fields, file: self)
    liveness?.request.add(headers: recipe.commonHeaders, query: recipe.commonQuery)
    self.recipe = recipe
  }

  private mutating func readPlace(_ fields: inout Fields) {
    baseURL = fields["base_url"]?.baseURL()
    if let field = fields["origin"] {
      origin = field.baseURL()
      if origin?.path.isEmpty == false { field.mistake("an origin is scheme, host and port; a path belongs into base_url") }
      if fields.has("steps"), origin?.scheme == "http", origin?.isLocal == false { field.mistake("credentials go over https only") }
    }
    hosts = fields["hosts"]?.strings() ?? []
    if let field = fields["endpoints"], var named = field.fields() {
      for name in EndpointName.allCases {
        guard let value = named[name.rawValue] else { continue }
        endpoints[name] = value.setting.isFalse ? nil : Endpoint(value, usual: wire.endpoints[name])
      }
      named.end()
    }
    if baseURL == nil, origin == nil, enable != .named, !fields.has("base_url"), !fields.has("origin") {
      fields.mistake(fields.has("steps") ? "\"origin\" is missing" : "\"base_url\" is missing")
    }
  }

  private mutating func readModels(_ fields: inout Fields) {
    models.read(fields["models"]?.list() ?? [])
    takesModelsFromUpstream = fields["models_from"].map { $0.choice($0.string() ?? "", among: ["upstream"]) != nil } ?? false
    isModelsClosed = fields["models_closed"]?.bool() ?? false
  }

  private mutating func readRules(_ fields: inout Fields) {
    request = fields["request"].flatMap(RequestRules.init) ?? RequestRules()
    response = fields["response"].flatMap(ResponseRules.init) ?? ResponseRules()
    errors = fields["errors"]?.list().compactMap { ErrorRule($0) } ?? []
    liveness = fields["liveness"].flatMap { LivenessRule($0) }
    prices = fields["prices"].flatMap { ProviderPrices($0) }
  }
}

extension Setting {
  /// The file with one of its variants laid over it; nil, and a mistake, for a name that it doesn't have.
  func choosing(_ variant: String?, into mistakes: Mistakes) -> Setting? {
    guard let variant else { return self }
    let variants = self["variants"]
    guard let chosen = variants?[variant] else {
      let names = variants?.members.map(\.name) ?? []
      let hint = Suggestion.hint(for: variant, among: names)
      let list = names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"
      mistakes.add("no variant is called \"\(variant)\"\(hint); \(list)", at: self["variant"] ?? self, path: "variant")
      return nil
    }
    return chosen.isNull ? self : chosen.laid(over: self)
  }

  /// Reads a YAML document; its syntax error is noted as a mistake.
  package static func read(_ bytes: [UInt8], name: String, into mistakes: Mistakes) -> Setting? {
    do throws(Fault) {
      return Setting(try YAML(parsing: bytes, name: name), file: name)
    } catch {
      mistakes.add(Mistake(syntax: error, file: name))
      return nil
    }
  }

  /// Whether this is a plain `false`.
  var isFalse: Bool { members.isEmpty && elements.isEmpty && json.bool == false }
}
