import Base
import Gateway
import Wire

extension ConfigSource.Loaded {
  /// The keys and tokens that the config and its variables hold: no training data may have them.
  var knownSecrets: [String] {
    var secrets = config.keys.map(\.secret.exposed)
    for provider in config.providers {
      if case .values(let own) = provider.key { secrets += own.map(\.exposed) }
      for session in provider.sessions {
        secrets += [session.token, session.cookie].compactMap { $0?.exposed }
        secrets += (session.headers + session.query).map(\.value.exposed)
      }
    }
    secrets += config.proxy.secrets.map(\.exposed)
    if let password = config.record.archive?.exposed.password { secrets.append(password) }
    let variables = Set(config.providers.flatMap { $0.credentials.flatMap(\.variables) })
    secrets += variables.compactMap { values[$0] }
    secrets += values.filter { name, _ in Self.endings.contains { name.hasSuffix($0) } }.map(\.value)
    return Set(secrets).filter { $0.utf8.count >= 8 }.sorted()
  }

  /// How variables that hold secrets are called.
  private static let endings = ["_API_KEY", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD"]
}

extension String {
  /// The password of an address `scheme://user:password@host`.
  fileprivate var password: String? {
    guard let start = firstRange(of: "://")?.upperBound, let end = self[start...].lastIndex(of: "@") else { return nil }
    let account = self[start..<end]
    return account.firstIndex(of: ":").map { String(account[account.index(after: $0)...]).removingPercentEncoding }
  }
}
