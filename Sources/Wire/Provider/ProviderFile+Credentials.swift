import Base

extension ProviderFile {
  /// Reads `auth`, `credentials`, `headers`, `key` and `sessions`, and checks that every credential that is used is known.
  mutating func readCredentials(_ fields: inout Fields, isEntry: Bool) {
    let declared = fields["credentials"]
    credentials = declared?.entries().compactMap { Credential(name: $0.name, $0.field) } ?? []
    readAuth(&fields, isDeclared: declared != nil)
    if !fields.has("steps") { readHeaders(&fields) }
    if isEntry {
      readKey(&fields)
      sessions = fields["sessions"]?.oneOrList().compactMap { ProviderSession($0) } ?? []
      _ = fields["file"]?.string()
    } else {
      for name in Self.configurationMembers.sorted() { fields[name]?.mistake("belongs into the configuration, not into a provider file") }
    }
  }

  private mutating func readAuth(_ fields: inout Fields, isDeclared: Bool) {
    guard let field = fields["auth"] else {
      // The wire's usual way, for those who only give a key.
      if let usual = auth.credential, credential(named: usual) == nil { credentials.append(Credential(name: usual, isRequired: false)) }
      return
    }
    guard let auth = ProviderAuth(field) else { return }
    self.auth = auth
    guard let name = auth.credential else { return }
    if isDeclared {
      check(name, field)
    } else if credential(named: name) == nil {
      credentials.append(Credential(name: name))
    }
  }

  private mutating func readHeaders(_ fields: inout Fields) {
    for (name, value) in fields["headers"]?.entries() ?? [] {
      guard let text = value.string() else { continue }
      guard !text.contains(where: \.isNewline), !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x3a }) else {
        value.mistake("a header's name has no spaces or colons, and its value is one line")
        continue
      }
      do throws(Fault) {
        let template = try HeaderTemplate(text)
        for credential in template.credentials { check(credential, value) }
        headers.append((name, template))
      } catch {
        value.mistake(error.message)
      }
    }
    for (name, text) in wire.headers where !headers.contains(where: { $0.name.lowercased() == name }) {
      headers.append((name, HeaderTemplate(fixed: text)))
    }
  }

  private func check(_ name: String, _ field: Field) {
    let known = credentials.map(\.name) + credentials.flatMap(\.groups)
    guard !known.contains(name) else { return }
    field.mistake("no credential is called \"\(name)\"\(Suggestion.hint(for: name, among: known))")
  }

  private mutating func readKey(_ fields: inout Fields) {
    guard let field = fields["key"] else { return }
    switch field.setting.text {
    case "none": key = .none
    case "client": key = .client
    default:
      let secrets = field.oneOrList().compactMap { $0.secret() }
      key = secrets.isEmpty ? .environment : .values(secrets)
    }
  }
}
