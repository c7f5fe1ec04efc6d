import Base

/// One request of a recipe.
package struct StepRequest: Sendable {
  /// The method.
  package var method: String
  /// The whole address; credentials go to `origin` and the file's `hosts` only.
  package var url: RecipeTemplate
  /// Members of the query, in this order; one whose value is unset is left out.
  package var query: [(name: String, value: RecipeTemplate)] = []
  /// Header fields; one whose value is unset is left out.
  package var headers: [(name: String, value: RecipeTemplate)] = []
  /// The body, nil for none.
  package var body: StepBody?
  /// Whether the file's common `headers` and `query` go along; they are part of `headers` and `query` once the file is read.
  package var takesCommon = true

  private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

  /// Reads `{method, url, query, headers, body, common}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let method = fields["method"].flatMap { $0.choice($0.string() ?? "", among: Self.methods) }
    let place = fields.required("url")
    let url = place?.recipeTemplate()
    query = fields["query"]?.recipeTemplates() ?? []
    headers = Self.headers(fields["headers"])
    body = fields["body"].flatMap { StepBody($0) }
    takesCommon = fields["common"]?.bool() ?? true
    self.method = method ?? (body == nil ? "GET" : "POST")
    fields.end()
    guard let url else { return nil }
    self.url = url
    if let place { Self.check(url, place, schemes: ["https", "http"]) }
  }

  /// The request that opens a WebSocket.
  package init(socket rule: WebSocketRule) {
    method = "GET"
    url = rule.url
    query = rule.query
    headers = rule.headers
  }

  /// Reads header fields.
  static func headers(_ field: Field?) -> [(name: String, value: RecipeTemplate)] {
    (field?.entries() ?? []).compactMap { name, value in
      // A variant takes a field away by leaving its value empty.
      if value.setting.isNull { return nil }
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x3a }) else {
        return value.wrong("a header's name has no spaces or colons")
      }
      guard let template = value.recipeTemplate() else { return nil }
      guard !template.text.contains(where: \.isNewline) else { return value.wrong("a header's value is one line") }
      return (name, template)
    }
  }

  /// An address begins with `{{origin}}` or names its scheme and host, so that what is inserted can't choose the host. The address of an
  /// upload's second request is the site's own: then it is one place and nothing else.
  static func check(_ url: RecipeTemplate, _ field: Field, schemes: [String]) {
    if let fixed = fixedHost(url) {
      let scheme = fixed.prefix { $0 != ":" }
      let isLocal = ["127.0.0.1", "localhost", "[::1]"].contains { fixed.contains("://\($0)") }
      if !schemes.contains(String(scheme)) { field.mistake("expected \(schemes.joined(separator: " or "))") }
      if ["http", "ws"].contains(scheme), !isLocal { field.mistake("credentials go over \(schemes.first ?? "https") only") }
      return
    }
    if case .expression(let first)? = url.pieces.first,
      first.variables == ["origin"] || first.variables == ["ws_origin"] || url.pieces.count == 1
    {
      return
    }
    field.mistake("an address begins with {{origin}} or with its scheme and host")
  }

  /// The scheme and host that stand in the text itself.
  private static func fixedHost(_ url: RecipeTemplate) -> String? {
    guard case .text(let text)? = url.pieces.first, let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
      return nil
    }
    let host = text[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" }
    let isWhole = url.pieces.count == 1 || text[colon...].dropFirst(3).contains { $0 == "/" || $0 == "?" }
    return host.isEmpty || !isWhole ? nil : String(text[..<colon]) + "://" + host
  }

  /// Adds what all requests have; a member of its own counts.
  mutating func add(headers common: [(name: String, value: RecipeTemplate)], query more: [(name: String, value: RecipeTemplate)]) {
    guard takesCommon else { return }
    headers = common.filter { one in !headers.contains { $0.name.lowercased() == one.name.lowercased() } } + headers
    // Some sites sign the query as it stands: a member of its own has the common one's place.
    let own = query
    query = more.map { one in own.first { $0.name == one.name } ?? one } + own.filter { one in !more.contains { $0.name == one.name } }
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    url.expressions + query.flatMap(\.value.expressions) + headers.flatMap(\.value.expressions) + (body?.expressions ?? [])
  }
}
