package import Base

/// The three shapes in which a list of models, a page of it, and one model are told. Source: wire-formats §11.
package enum CatalogShape: Sendable {
  /// `{object: "list", data}`, always whole.
  case openAI
  /// `{data, has_more, first_id, last_id}`, chat models only.
  case anthropic
  /// `{models, nextPageToken}`, without models for which the wire has no method.
  case gemini

  /// The shape that a request wants, by what its client sends. `hasHeader` tells whether a header of that name is there.
  ///
  /// Google's client asks under `/v1` as well, and is known by its headers. Source: wire-formats §3.4, §11.
  package init(path: String, hasHeader: (String) -> Bool) {
    if path.hasPrefix("/v1beta/") || hasHeader("x-goog-api-key") || hasHeader("x-goog-api-client") {
      self = .gemini
    } else {
      self = hasHeader("anthropic-version") ? .anthropic : .openAI
    }
  }

  /// The form of errors beside this shape.
  package var errors: ErrorShape {
    switch self {
    case .openAI: .openAI
    case .anthropic: .anthropic
    case .gemini: .gemini
    }
  }

  /// The list, or the page of it that the query asks for. `query` gives the first value of a name, percent-decoded.
  /// Throws `invalid` for a page that can't be.
  package func list(_ models: [CatalogModel], query: (String) -> String? = { _ in nil }) throws(Fault) -> [UInt8] {
    let shown = models.filter(shows)
    switch self {
    case .openAI: return openAIList(shown)
    case .anthropic: return anthropicList(try CatalogPage.anthropic(shown, query))
    case .gemini: return geminiList(try CatalogPage.gemini(shown, query))
    }
  }

  /// One model. Nil when this wire can't ask it anything, so that it isn't there for its clients.
  package func one(_ model: CatalogModel) -> [UInt8]? {
    guard shows(model) else { return nil }
    var writer = JSONWriter(capacity: 256)
    write(model, &writer)
    return writer.bytes
  }

  private func shows(_ model: CatalogModel) -> Bool {
    switch self {
    case .openAI: true
    case .anthropic: model.kind == .chat
    case .gemini: model.kind != .rerank
    }
  }
}

extension CatalogShape {
  private func openAIList(_ models: [CatalogModel]) -> [UInt8] {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.member("object", "list")
    write("data", models[...], &writer)
    writer.endObject()
    return writer.bytes
  }

  private func anthropicList(_ page: CatalogPage) -> [UInt8] {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    write("data", page.models, &writer)
    writer.member("has_more", page.hasMore)
    writer.member("first_id", page.models.first.map { JSON($0.id) } ?? .null)
    writer.member("last_id", page.models.last.map { JSON($0.id) } ?? .null)
    writer.endObject()
    return writer.bytes
  }

  private func geminiList(_ page: CatalogPage) -> [UInt8] {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    write("models", page.models, &writer)
    if page.hasMore, let last = page.models.last { writer.member("nextPageToken", CatalogPage.token(after: last.id)) }
    writer.endObject()
    return writer.bytes
  }

  private func write(_ name: String, _ models: ArraySlice<CatalogModel>, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.beginArray()
    for model in models { write(model, &writer) }
    writer.endArray()
  }

  private func write(_ model: CatalogModel, _ writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .openAI: writeOpenAI(model, &writer)
    case .anthropic: writeAnthropic(model, &writer)
    case .gemini: writeGemini(model, &writer)
    }
    writer.endObject()
  }

  private func writeOpenAI(_ model: CatalogModel, _ writer: inout JSONWriter) {
    writer.member("id", model.id)
    writer.member("object", "model")
    writer.member("created", model.created)
    writer.member("owned_by", model.owner)
  }

  private func writeAnthropic(_ model: CatalogModel, _ writer: inout JSONWriter) {
    writer.member("type", "model")
    writer.member("id", model.id)
    writer.member("display_name", model.title)
    // Whole seconds, as Anthropic writes them.
    writer.member("created_at", String(Timestamp(seconds: model.created).rfc3339.dropLast(5)) + "Z")
    writer.member("max_input_tokens", model.maxInput.map { JSON($0) } ?? .null)
    writer.member("max_tokens", model.maxOutput.map { JSON($0) } ?? .null)
    writer.member("lifecycle", "active")
  }

  private func writeGemini(_ model: CatalogModel, _ writer: inout JSONWriter) {
    writer.member("name", "models/" + model.id)
    writer.member("displayName", model.title)
    if let limit = model.maxInput { writer.member("inputTokenLimit", limit) }
    if let limit = model.maxOutput { writer.member("outputTokenLimit", limit) }
    writer.key("supportedGenerationMethods")
    writer.beginArray()
    for method in Self.methods(model.kind) { writer.value(method) }
    writer.endArray()
  }

  private static func methods(_ kind: ProviderModel.Kind) -> [String] {
    switch kind {
    case .chat: ["generateContent", "streamGenerateContent", "countTokens"]
    case .embedding: ["embedContent", "batchEmbedContents"]
    case .rerank: []
    }
  }
}
