import Base
import Wire

/// Members that are read and checked although this version does not act on them yet: each gives one warning.
enum LaterConfig {
  private enum WhenFull: String, CaseIterable { case drop, refuse }
  private enum Sync: String, CaseIterable { case os, disk }
  private enum ProxyAuth: String, CaseIterable { case openai, anthropic, google }

  static func check(_ fields: inout Fields, _ warnings: inout [String]) {
    for (name, read) in [("proxy", proxy), ("record", record)] {
      guard let field = fields[name], let members = field.fields() else { continue }
      read(members)
      warnings.append("\(name): this version reads it but does not act on it yet")
    }
    warnKeys(fields.setting["keys"], &warnings)
    warnProviders(fields.setting["providers"], &warnings)
  }

  private static func warnKeys(_ keys: Setting?, _ warnings: inout [String]) {
    let later = ["rpm", "tpm", "record", "admin"]
    for name in later where keys?.elements.contains(where: { $0[name] != nil }) == true {
      warnings.append("keys.\(name): this version reads it but does not act on it yet")
    }
  }

  private static func warnProviders(_ providers: Setting?, _ warnings: inout [String]) {
    for name in ["sessions", "min_interval", "concurrency", "prices", "liveness"]
    where providers?.elements.contains(where: { $0[name] != nil }) == true {
      warnings.append("providers.\(name): this version reads it but does not act on it yet")
    }
  }

  /// `full`, `metadata`, `none`, or `sample N%`.
  static func checkRecordPolicy(_ field: Field) {
    guard let text = field.setting.text else { return field.mistake("expected full, metadata, none or sample N%") }
    if ["full", "metadata", "none"].contains(text) { return }
    let number = text.hasPrefix("sample ") ? Int(text.dropFirst(7).filter { $0 != "%" && $0 != " " }) : nil
    if number.map({ (0...100).contains($0) }) != true { field.mistake("expected full, metadata, none or sample N%") }
  }

  private static func record(_ members: Fields) {
    var fields = members
    _ = fields["archive"]?.string()
    _ = fields["spool"]?.string()
    _ = fields["spool_limit"]?.byteCount()
    _ = fields["when_full"]?.choice(WhenFull.self)
    _ = fields["sync"]?.choice(Sync.self)
    fields.end()
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
