import Base
import Wire

/// Members that are read and checked although this version does not act on them yet: each gives one warning.
enum LaterConfig {
  private enum ProxyAuth: String, CaseIterable { case openai, anthropic, google }

  static func check(_ fields: inout Fields, _ warnings: inout [String]) {
    for (name, read) in [("proxy", proxy)] {
      guard let field = fields[name], let members = field.fields() else { continue }
      read(members)
      warnings.append("\(name): this version reads it but does not act on it yet")
    }
    warnKeys(fields.setting["keys"], &warnings)
    warnProviders(fields.setting["providers"], &warnings)
  }

  private static func warnKeys(_ keys: Setting?, _ warnings: inout [String]) {
    let later = ["rpm", "tpm"]
    for name in later where keys?.elements.contains(where: { $0[name] != nil }) == true {
      warnings.append("keys.\(name): this version reads it but does not act on it yet")
    }
  }

  private static func warnProviders(_ providers: Setting?, _ warnings: inout [String]) {
    for name in ["prices", "liveness"]
    where providers?.elements.contains(where: { $0[name] != nil }) == true {
      warnings.append("providers.\(name): this version reads it but does not act on it yet")
    }
  }

  private static func proxy(_ members: Fields) {
    var fields = members
    _ = fields["builtin"]?.bool()
    for (_, rule) in fields["allow"]?.entries() ?? [] where rule.setting.text != "false" { allow(rule) }
    if var probes = fields["probes"]?.fields() {
      for name in ["paths", "prefixes", "user_agents", "methods", "addresses"] { _ = probes[name]?.strings() }
      probes.end()
    }
    fields.end()
  }

  private static func allow(_ rule: Field) {
    if rule.setting.text == "true" { return }
    guard var fields = rule.fields() else { return }
    _ = fields["auth"]?.choice(ProxyAuth.self)
    _ = fields["https"]?.bool()
    _ = fields["key"]?.string()
    _ = fields["origin"]?.baseURL()
    fields.end()
  }
}
