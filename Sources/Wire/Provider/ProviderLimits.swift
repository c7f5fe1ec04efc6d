package import Base

/// How much at once and how often a provider is asked, by the gateway's own choice.
package struct ProviderLimits: Sendable, Equatable {
  /// Requests at the same time on one key or session; nil for no limit.
  package var concurrency: Int?
  /// From start to start of the requests on one key or session.
  package var minInterval = Duration.zero
  /// Characters of a prompt; nil for no limit.
  package var maxPromptCharacters: Int?

  /// What a web app gets where its file says nothing: one answer at a time, as its own page would ask. Source: provider-files §1.
  static let ofWebApps = ProviderLimits(concurrency: 1, minInterval: .milliseconds(1500))
}

/// How long an upstream may take.
package struct ProviderTimeouts: Sendable, Equatable {
  /// Until the connection stands.
  package var connect = Duration.seconds(10)
  /// From the request's end to the reply's first byte.
  package var firstByte = Duration.seconds(120)
  /// Between two pieces of the reply.
  package var idle = Duration.seconds(120)
  /// In all.
  package var total = Duration.seconds(1800)
}

/// How a provider's certificate is checked.
package struct ProviderTLS: Sendable, Equatable {
  /// A file of certificates to trust instead of the system's.
  package var ca: String?
  /// Whether it is checked at all.
  package var verify = true
}

/// One account at a provider, as its owner wrote it into the configuration.
package struct ProviderSession: Sendable {
  /// The account's main secret: a token, or a text that `parse` takes apart.
  package var token: Secret?
  /// A whole cookie header.
  package var cookie: Secret?
  /// Header fields from the owner's own browser.
  package var headers: [(name: String, value: Secret)] = []
  /// Members of the query from the owner's own browser.
  package var query: [(name: String, value: Secret)] = []

  /// Reads a token, a request copied as a cURL command, or `{token, cookie, headers, query, curl}`; nil for an empty text too.
  ///
  /// A cURL command gives what the other members don't.
  init?(_ field: Field) {
    guard case .members = field.setting.content else {
      guard let text = field.secret() else { return nil }
      guard CurlCommand.isOne(text.exposed) else {
        token = text
        return
      }
      add(text, field)
      return
    }
    guard var fields = field.fields() else { return nil }
    token = fields["token"]?.secret()
    cookie = fields["cookie"]?.secret()
    headers = fields["headers"]?.secrets() ?? []
    query = fields["query"]?.secrets() ?? []
    if let place = fields["curl"], let text = place.secret() { add(text, place) }
    fields.end()
  }

  /// Takes over what a copied request has.
  private mutating func add(_ text: Secret, _ field: Field) {
    do throws(Fault) {
      let command = try CurlCommand(parsing: text.exposed)
      cookie = cookie ?? command.cookie.map { Secret($0) }
      for (name, value) in command.headers where !headers.contains(where: { $0.name.lowercased() == name }) {
        headers.append((name, Secret(value)))
      }
      for (name, value) in command.query where !query.contains(where: { $0.name == name }) { query.append((name, Secret(value))) }
    } catch {
      field.mistake(error.message)
    }
  }
}

extension Field {
  /// A secret; nil for an empty or blank one, which counts as none.
  func secret() -> Secret? {
    guard let text = string(), text.contains(where: { !$0.isWhitespace }) else { return nil }
    return Secret(text)
  }

  /// Named secrets; blank ones are left out.
  func secrets() -> [(name: String, value: Secret)] {
    entries().compactMap { entry in entry.field.secret().map { (entry.name, $0) } }
  }
}
