package import Base
package import Wire

/// The credentials of one account at a provider, by the names that the provider file gives them.
package struct CredentialSet: Sendable {
  private var values: [String: Secret] = [:]

  /// None.
  package init() {}

  /// One credential.
  package init(_ name: String, _ secret: Secret) {
    values = [name: secret]
  }

  /// The value that a provider file calls `name`.
  package subscript(name: String) -> Secret? { values[name] }

  /// Whether there is none.
  package var isEmpty: Bool { values.isEmpty }

  /// One set for each `key` of the config, or the one that the environment holds. Empty when a provider needs none or
  /// nobody gave any.
  package static func all(of file: ProviderFile, values: [String: String]) -> [CredentialSet] {
    switch file.key {
    case .none, .client: return []
    case .environment:
      let set = environment(file, values)
      return set.isEmpty ? [] : [set]
    case .values(let secrets):
      let base = environment(file, values)
      let name = file.auth.credential ?? file.credentials.first?.name ?? "KEY"
      return secrets.map { base.with(name, $0, file) }
    }
  }

  static func environment(_ file: ProviderFile, _ values: [String: String]) -> CredentialSet {
    var set = CredentialSet()
    for credential in file.credentials {
      let found = credential.variables.lazy.compactMap { values[$0] }.first { $0.contains { !$0.isWhitespace } }
      if let found { set = set.with(credential.name, Secret(found), file) }
    }
    return set
  }

  /// Adds a credential and what its `parse` finds in it.
  func with(_ name: String, _ secret: Secret, _ file: ProviderFile) -> CredentialSet {
    var set = self
    set.values[name] = secret
    let groups = file.credential(named: name)?.parse?.namedGroups(in: secret.exposed) ?? [:]
    for (group, value) in groups { set.values[group] = Secret(value) }
    return set
  }
}

extension ProviderFile {
  /// Whether the credential that the client brings goes up.
  package var usesClientKey: Bool { if case .client = key { true } else { false } }

  /// Whether every required credential has a value, in the config or in the environment.
  package func hasCredentials(in values: [String: String]) -> Bool {
    if case .none = key { return true }
    if usesClientKey { return true }
    if recipe != nil {
      let first = CredentialSet.sessions(of: self, values: values).first
      return credentials.allSatisfy { credential in !credential.isRequired || first?.kept.credentials[credential.name] != nil }
    }
    let sets = CredentialSet.all(of: self, values: values)
    return credentials.allSatisfy { credential in !credential.isRequired || sets.first?[credential.name] != nil }
  }
}
