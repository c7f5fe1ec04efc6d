import Base

/// Members that are read and checked although this version does not act on them yet: each gives one warning.
enum LaterConfig {
  static func check(_ fields: inout Fields, _ warnings: inout [String]) {
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
}
