import Base
import Wire

/// Members that are read and checked although this version does not act on them yet: each gives one warning.
enum LaterConfig {
  private enum WhenFull: String, CaseIterable { case drop, refuse }
  private enum Sync: String, CaseIterable { case os, disk }

  static func check(_ fields: inout Fields, _ warnings: inout [String]) {
    if let members = fields["record"]?.fields() {
      record(members)
      warnings.append("record: this version reads it but does not act on it yet")
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
}
