package import Base

/// A request to put documents in the order of their use for a query, as clients send it: the common shape, which is Jina's.
///
/// Source: wire-formats §11, official.md §13.
package struct RerankRequest: Sendable {
  /// The name of the model that the client asked for.
  package var model: String
  /// What the documents are measured by.
  package var query: String
  /// Texts, or objects with a `text` and what the client put beside it.
  package var documents: [JSON]
  /// How many results are wanted; nil for all.
  package var topN: JSON?
  /// Whether the results repeat their documents; nil when the client did not say.
  package var returnsDocuments: Bool?
  /// How much of each document counts.
  package var maxTokensPerDocument: JSON?
  /// The members of document objects that count, in their order.
  package var rankFields: [String] = []
  /// Members without a place here, by their names.
  package var extra: [String] = []

  private static let known: Set<String> = [
    "model", "query", "documents", "top_n", "return_documents", "max_tokens_per_doc", "rank_fields",
  ]

  /// Reads a client's body. Throws `invalid` with the field's path for wrong types and missing members.
  package static func decode(_ body: JSON) throws(Fault) -> RerankRequest {
    try ChatRequestCheck.check(.rerank, body: body)
    return RerankRequest(checked: body)
  }

  /// Of a body that was checked already.
  package init(checked body: JSON) {
    model = body["model"]?.string ?? ""
    query = body["query"]?.string ?? ""
    documents = body["documents"].map { Array($0.elements) } ?? []
    topN = Self.value(body["top_n"])
    returnsDocuments = body["return_documents"]?.bool
    maxTokensPerDocument = Self.value(body["max_tokens_per_doc"])
    rankFields = body["rank_fields"]?.elements.compactMap(\.string) ?? []
    extra = body.members.filter { !Self.known.contains($0.name) && !$0.value.isNull }.map(\.name)
  }

  /// A member that says something.
  private static func value(_ json: JSON?) -> JSON? {
    guard let json, !json.isNull else { return Optional.none }
    return json
  }
}

extension RerankRequest {
  /// The body for an upstream of a shape that is not Jina's; Jina's takes the client's own body with the model's name changed.
  ///
  /// Documents go up as texts, and results get the client's own documents back. Throws `invalid` for a document without text.
  package func encode(for model: String, shape: Endpoint.Shape) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    var losses = extra.map { Loss($0, .dropped) }
    if !rankFields.isEmpty, rankFields != ["text"], documents.contains(where: { $0.kind == .object }) {
      losses.append(Loss("rank_fields", .emulated))
    }
    var texts: [JSON] = []
    for (position, document) in documents.enumerated() { texts.append(JSON(try text(of: document, position))) }
    if shape == .dashscope, maxTokensPerDocument != nil { losses.append(Loss("max_tokens_per_doc", .dropped)) }
    return (shape == .dashscope ? dashscope(model, texts) : flat(model, texts), losses)
  }

  /// Cohere v2: texts only, and `return_documents` is not known. Source: wire-formats §11.
  private func flat(_ model: String, _ texts: [JSON]) -> [UInt8] {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("model", model)
    writer.member("query", query)
    writer.member("documents", JSON.array(texts))
    if let topN { writer.member("top_n", topN) }
    if let maxTokensPerDocument { writer.member("max_tokens_per_doc", maxTokensPerDocument) }
    writer.endObject()
    return writer.bytes
  }

  /// DashScope's own API. Source: official.md §6.
  private func dashscope(_ model: String, _ texts: [JSON]) -> [UInt8] {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("model", model)
    writer.member("input", ["query": JSON(query), "documents": JSON.array(texts)])
    writer.key("parameters")
    writer.beginObject()
    if let topN { writer.member("top_n", topN) }
    if let returnsDocuments { writer.member("return_documents", returnsDocuments) }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  /// What of a document is read: the text, its `text`, or its members of `rank_fields`, one on a line.
  private func text(of document: JSON, _ position: Int) throws(Fault) -> String {
    if let text = document.string { return text }
    if rankFields.isEmpty || rankFields == ["text"], let text = document["text"]?.string { return text }
    let lines = rankFields.compactMap { name in document[name].flatMap(Predicate.text).map { "\(name): \($0)" } }
    guard lines.isEmpty else { return lines.joined(separator: "\n") }
    throw Fault(
      .invalid, "This model ranks texts only: give each document as a string or with a \"text\".", code: "unsupported_content",
      param: "documents[\(position)]")
  }
}
