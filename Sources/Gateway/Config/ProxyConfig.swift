package import Base
import HTTP
import Wire

/// `proxy`: the domains that requests are passed to by path, and who is taken for a probe.
package struct ProxyConfig: Sendable {
  /// By their names in their one spelling.
  var domains = ProxyConfig.builtIn
  /// What is answered with a bare 404.
  package var probes = Probes()

  /// The credentials that go to domains.
  package var secrets: [Secret] { domains.values.compactMap(\.key) }

  private static let builtIn = Dictionary(uniqueKeysWithValues: ProxyDomain.builtIn.keys.map { ($0, ProxyDomain(name: $0)) })

  /// The defaults.
  package init() {}

  init(_ field: Field) {
    guard var fields = field.fields() else { return }
    if fields["builtin"]?.bool() == false { domains = [:] }
    for (name, rule) in fields["allow"]?.entries() ?? [] { allow(name, rule) }
    if let field = fields["probes"] { probes = Probes(field) }
    fields.end()
  }

  private mutating func allow(_ text: String, _ rule: Field) {
    guard let name = DomainName.normalised(text[...]) else {
      return rule.mistake("expected a domain such as api.example.com, without port or path")
    }
    if rule.setting.text == "false" {
      domains[name] = nil
      return
    }
    var domain = domains[name] ?? ProxyDomain(name: name)
    if rule.setting.text != "true" { domain.read(rule) }
    domains[name] = domain
  }
}

extension ProxyDomain {
  fileprivate mutating func read(_ rule: Field) {
    guard var fields = rule.fields() else { return }
    auth = fields["auth"]?.choice(ProxyAuth.self) ?? auth
    usesTLS = fields["https"]?.bool() ?? usesTLS
    // An unset variable leaves an empty text: such a key counts as none.
    let text = (fields["key"]?.string() ?? "").filter { !$0.isWhitespace }
    if !text.isEmpty { key = Secret(text) }
    origin = fields["origin"]?.baseURL() ?? origin
    fields.end()
  }
}

extension Probes {
  /// The usual rules and those of the config.
  fileprivate init(_ field: Field) {
    self.init()
    guard var fields = field.fields() else { return }
    add(
      paths: fields["paths"]?.strings() ?? [], prefixes: fields["prefixes"]?.strings() ?? [],
      agents: fields["user_agents"]?.strings() ?? [], methods: fields["methods"]?.strings() ?? [],
      addresses: fields["addresses"]?.oneOrList().compactMap { $0.addressBlock() } ?? [])
    fields.end()
  }
}

extension Field {
  /// An address or a block of them.
  fileprivate func addressBlock() -> AddressBlock? {
    guard let text = string() else { return nil }
    return AddressBlock(text) ?? wrong("expected an address or a block such as 192.0.2.0/24")
  }
}
