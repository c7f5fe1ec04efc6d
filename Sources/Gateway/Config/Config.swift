package import Base
package import Wire

/// Everything that `apus.yaml` says, checked. Without a file: loopback, the demo model, nothing else.
package struct Config: Sendable {
  /// Where and how it listens.
  package var server = ServerConfig()
  /// Who may ask; none for an open gateway on this machine.
  package var keys: [KeyConfig] = []
  /// Those of the config, of the folder and of the variables.
  package var providers: [ProviderFile] = []
  /// Names of the owner's own for models.
  package var aliases: [AliasConfig] = []
  /// What is logged.
  package var log = LogConfig()
  /// What is recorded, and where.
  package var record = RecordConfig()
  /// The domains that pass by path.
  package var proxy = ProxyConfig()
  /// How clients see reasoning where neither they nor their key say.
  package var reasoning = ReasoningOutput.field
  /// Whether the demo model is there.
  package var hasDemo = true
  /// What the owner should know although the file is fine.
  package var warnings: [String] = []

  /// Nothing but the defaults and no provider.
  package init() {}
}

extension Config {
  /// Reads the file's mapping; what is wrong goes to `mistakes`. `values` gives the variables of `.env` and the environment.
  package init(_ setting: Setting, _ mistakes: Mistakes, source: ConfigSource, values: [String: String]) {
    var fields = Fields(setting, into: mistakes)
    if let field = fields["server"] { server = ServerConfig(field) }
    for field in fields["keys"]?.list() ?? [] { keys += KeyConfig(field).map { [$0] } ?? [] }
    providers = ProviderCatalog(values, source: source).providers(fields["providers"], mistakes, &warnings)
    for field in fields["models"]?.list() ?? [] { aliases += AliasConfig(field).map { [$0] } ?? [] }
    if let field = fields["log"] { log = LogConfig(field) }
    if let field = fields["record"] { record = RecordConfig(field) }
    if let field = fields["proxy"] { proxy = ProxyConfig(field) }
    if let field = fields["demo"] { hasDemo = field.isOn() ?? true }
    if var members = fields["reasoning"]?.fields() {
      reasoning = members["output"]?.choice(ReasoningOutput.self) ?? .field
      members.end()
    }
    LaterConfig.check(&fields, &warnings)
    fields.end()
    checkTogether(setting, mistakes)
  }

  /// What no member can tell alone.
  private mutating func checkTogether(_ setting: Setting, _ mistakes: Mistakes) {
    for key in keys where key.secret.isEmpty { warnings.append("keys: \"\(key.name)\" has no value and counts as no key") }
    keys.removeAll { $0.secret.isEmpty }
    if Set(keys.map(\.name)).count < keys.count {
      mistakes.add("two keys have the same name", at: setting["keys"] ?? setting, path: "keys")
    }
    if Set(aliases.map(\.id)).count < aliases.count {
      mistakes.add("two aliases have the same id", at: setting["models"] ?? setting, path: "models")
    }
  }
}

extension Field {
  /// `on`, `off`, `true` or `false`.
  func isOn() -> Bool? {
    switch setting.text {
    case "on", "true": true
    case "off", "false": false
    default: wrong("expected on or off")
    }
  }

  /// A number of bytes such as `8MiB`.
  func byteCount() -> Int? {
    guard let text = string() else { return nil }
    // nil is right: what to write instead is said here.
    return (try? ByteSize.parse(text)) ?? wrong("expected a size such as 32KiB, 8MiB or 2GiB")
  }

  /// Nanoseconds of a duration such as `10s`.
  func nanoseconds() -> Int64? {
    duration().map { Int64($0.nanoseconds) }
  }
}
