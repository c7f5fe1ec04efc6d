import Base
import Synchronization
package import Wire

/// The sessions of all web providers, kept over reloads, and what belongs to the installation.
package final class SessionStore: Sendable {
  private let folder: String?
  private let known = Mutex<[String: Session]>([:])
  /// Variables of scope `install`.
  let install: Session

  /// `folder`: where sessions are kept; nil for nowhere.
  package init(folder: String?) {
    self.folder = folder
    install = Session(Session.Kept(), file: folder.map { SessionFile(folder: $0, name: "install") })
  }

  /// The sessions that a provider's config and environment give, in order.
  package func sessions(of file: ProviderFile, values: [String: String]) -> [Session] {
    CredentialSet.sessions(of: file, values: values).map { session(file, $0) }
  }

  private func session(_ file: ProviderFile, _ given: GivenSession) -> Session {
    let name = file.name + "-" + given.mark
    return known.withLock { known in
      if let session = known[name] { return session }
      let place = folder.map { SessionFile(folder: $0, name: name) }
      let hasOwnCookies = !given.kept.cookies.isEmpty || !file.credentials.contains { $0.kind == .cookie }
      let session = Session(given.kept, hasOwnCookies: hasOwnCookies, headers: given.headers, query: given.query, file: place)
      known[name] = session
      return session
    }
  }
}

/// What the owner gave for one account.
struct GivenSession {
  var kept = Session.Kept()
  var headers: [(name: String, value: Secret)] = []
  var query: [(name: String, value: Secret)] = []

  /// Tells sessions apart, also when the owner pastes a new token: then what was kept of the old one no longer counts.
  var mark: String {
    let secrets = kept.credentials.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value.exposed }
    let text = (secrets + [kept.cookies.header ?? ""] + (headers + query).map { $0.name + "=" + $0.value.exposed }).joined(separator: "\n")
    return String(Digest.hex(Digest.sha256(Array(text.utf8))).prefix(16))
  }
}

extension CredentialSet {
  /// The sessions of a web provider: those of the config, or the one of the environment.
  static func sessions(of file: ProviderFile, values: [String: String]) -> [GivenSession] {
    guard let recipe = file.recipe else { return [] }
    let base = environment(file, values)
    var given: [GivenSession] = []
    for session in file.sessions {
      var one = GivenSession(headers: session.headers, query: session.query)
      var set = base
      if let token = session.token { set = set.with(file.credentials.first?.name ?? "TOKEN", token, file) }
      one.take(set, cookie: session.cookie, file, recipe)
      given.append(one)
    }
    guard given.isEmpty else { return given }
    let sets = all(of: file, values: values)
    return (sets.isEmpty ? [base] : sets).map { set in
      var one = GivenSession()
      one.take(set, cookie: nil, file, recipe)
      return one
    }
  }
}

extension GivenSession {
  /// Takes credentials over: a pasted request is taken apart, a cookie header fills the jar, and what is missing is looked for in both.
  fileprivate mutating func take(_ set: CredentialSet, cookie: Secret?, _ file: ProviderFile, _ recipe: Recipe) {
    var cookie = cookie
    for credential in file.credentials.flatMap({ [$0.name] + $0.groups }) {
      guard let secret = set[credential] else { continue }
      // nil is right: what is no command is the credential itself
      guard CurlCommand.isOne(secret.exposed), let command = try? CurlCommand(parsing: secret.exposed) else {
        kept.credentials[credential] = secret
        continue
      }
      cookie = cookie ?? command.cookie.map { Secret($0) }
      headers += command.headers.map { ($0.name, Secret($0.value)) }
      query += command.query.map { ($0.name, Secret($0.value)) }
    }
    if let cookie { kept.cookies = CookieJar(header: cookie.exposed) }
    for credential in file.credentials { find(credential, cookie, file) }
    seed(file, recipe)
    identify(recipe)
    headers.removeAll { Self.plumbing.contains($0.name.lowercased()) }
  }

  /// A credential that was not given by itself, out of the owner's cookies and fields.
  private mutating func find(_ credential: Credential, _ cookie: Secret?, _ file: ProviderFile) {
    guard kept.credentials[credential.name] == nil else { return }
    let bearer = headers.first { $0.name.lowercased() == "authorization" }.map { field in
      let text = field.value.exposed
      return Secret(text.lowercased().hasPrefix("bearer ") ? String(text.dropFirst(7)) : text)
    }
    let found: Secret? =
      switch credential.kind {
      case .cookie: cookie
      case .bearer, .jwt, nil: bearer ?? cookie
      }
    guard let found else { return }
    let set = CredentialSet().with(credential.name, found, file)
    kept.credentials[credential.name] = set[credential.name]
    for group in credential.groups { kept.credentials[group] = set[group] }
  }

  /// A credential that is a whole cookie header fills the jar.
  private mutating func seed(_ file: ProviderFile, _ recipe: Recipe) {
    guard kept.cookies.isEmpty else { return }
    for credential in file.credentials where credential.kind == .cookie {
      guard let text = kept.credentials[credential.name]?.exposed else { continue }
      if text.contains("=") {
        kept.cookies = CookieJar(header: text)
      } else if recipe.requiredCookies.count == 1 {
        kept.cookies[recipe.requiredCookies[0]] = Secret(text)
      }
    }
  }

  /// What the owner's own browser says of itself.
  private mutating func identify(_ recipe: Recipe) {
    for value in recipe.identity {
      let header = value.header.flatMap { name in headers.first { $0.name.lowercased() == name.lowercased() }?.value }
      let query = value.query.flatMap { name in self.query.first { $0.name == name }?.value }
      kept.identity[value.name] = header ?? query ?? value.cookie.flatMap { kept.cookies[$0] }
    }
  }

  /// Fields that belong to the one request that was copied.
  private static let plumbing: Set<String> = [
    "authorization", "cookie", "content-type", "content-length", "host", "accept", "accept-encoding", "connection", "origin", "referer",
    "user-agent", "transfer-encoding", "expect", "upgrade", "te", "trailer",
  ]
}
