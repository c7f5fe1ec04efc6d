package import Base

/// How much at once and how often a provider is asked, by the gateway's own choice.
package struct ProviderLimits: Sendable, Equatable {
  /// Requests at the same time on one key or session; nil for no limit.
  package var concurrency: Int?
  /// From start to start of the requests on one key or session.
  package var minInterval = Duration.zero
  /// Characters of a prompt; nil for no limit.
  package var maxPromptCharacters: Int?
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
  /// A request copied as a cURL command.
  package var curl: Secret?

  /// Reads a token, or `{token, cookie, headers, query, curl}`; nil for an empty text too.
  init?(_ field: Field) {
    guard case .members = field.setting.content else {
      token = field.secret()
      if token == nil { return nil }
      return
    }
    guard var fields = field.fields() else { return nil }
    token = fields["token"]?.secret()
    cookie = fields["cookie"]?.secret()
    headers = fields["headers"]?.secrets() ?? []
    query = fields["query"]?.secrets() ?? []
    curl = fields["curl"]?.secret()
    fields.end()
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
