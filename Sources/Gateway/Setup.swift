package import Base
package import HTTP
package import Upstream
import Wire

/// What a config amounts to while requests are answered. Immutable: a reload makes a new one, and every request keeps
/// the one it began with.
package final class Setup: Sendable {
  /// What it was made of.
  package let config: Config
  /// Who may ask.
  package let keys: Keys
  /// Which pages may ask.
  package let admission: Admission
  /// Who answers.
  package let router: Router
  /// What passes by path.
  package let proxy: Proxy

  /// Throws `invalid` for what only shows when it is used: addresses, certificates, a listener that needs keys.
  package init(
    _ config: Config, values: [String: String], origins: Origins, sessions: SessionStore = SessionStore(folder: nil)
  ) throws(Fault) {
    self.config = config
    keys = Keys(config.keys)
    admission = Admission(isOpen: keys.isEmpty, cors: config.server.cors)
    var providers: [Provider] = []
    for file in config.providers { providers.append(try Provider(file, values: values, origins: origins, sessions: sessions)) }
    router = Router(providers, aliases: config.aliases, hasDemo: config.hasDemo)
    proxy = try Proxy(config.proxy, origins: origins)
    try checkClientKeys()
  }

  /// Where connections may stand, which a reload keeps.
  package var origins: [Origin] { router.providers.flatMap { $0.origins } + proxy.usedOrigins }

  private func checkClientKeys() throws(Fault) {
    guard !keys.isEmpty else { return }
    guard let file = config.providers.first(where: { $0.usesClientKey }) else { return }
    throw Fault(.invalid, "providers: \(file.name) has `key: client`, which works only without gateway keys.")
  }

  /// Throws `invalid` for an address that others can reach, while there are no keys.
  package func checkListeners() throws(Fault) {
    guard keys.isEmpty, let open = config.server.listen.first(where: { !$0.isLoopback }) else { return }
    throw Fault(
      .invalid, "Without keys Apus listens on this machine only. Add `keys:` to the config, or listen on 127.0.0.1 instead of \(open.host)."
    )
  }
}
