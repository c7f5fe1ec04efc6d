package import Base

/// The reply to a rerank request in the common shape, whatever the upstream's.
///
/// `{id, model, results: [{index, relevance_score, document?}], meta?, usage: {total_tokens}}`, the best first. Source: wire-formats §11.
/// Jina's shape is the common one: there only what is missing or differs is spliced in, and all else passes.
package struct RerankReply: Sendable {
  /// The body for the client.
  package let body: [UInt8]
  /// What it took; nil when the upstream told no tokens.
  package let usage: Usage?
  /// What changed its meaning on the way.
  package let losses: [Loss]

  /// Reads the reply of an upstream of any shape; `model` is the name that the client asked for.
  ///
  /// Throws what an error in a body with status 200 means, `.broken` for a body without results.
  package init(_ bytes: [UInt8], to request: RerankRequest, model: String, shape: Endpoint.Shape, rules: [ErrorRule] = []) throws(Fault) {
    let answer = UpstreamAnswer(status: 200, headers: [], body: bytes)
    if let fault = UpstreamError.fault(inside: answer, rules: rules) { throw fault }
    guard let json = answer.json, let list = json["results"] ?? json["output"]?["results"], list.kind == .array else {
      throw RerankResult.broken("a body without results")
    }
    var results: [RerankResult] = []
    for entry in list.elements { results.append(try RerankResult(entry, request, passes: shape == .jina)) }
    let tokens = Self.tokens(json)
    usage = tokens.map { Usage(input: $0) }
    losses = tokens == nil ? [Loss("usage", .synthesized)] : []
    let head = Head(json, model: model, tokens: tokens ?? 0)
    body = shape == .jina ? Self.splice(json, list, results, head) : Self.write(json, results, head)
  }

  /// What stands around the results.
  private struct Head {
    let id: String
    let model: String
    let usage: JSON

    /// An upstream's usage stays as it came, as long as it has the total.
    init(_ json: JSON, model: String, tokens: Int) {
      id = json["id"]?.string ?? json["request_id"]?.string ?? Identifier.make("rerank-")
      self.model = model
      if let usage = json["usage"], usage["total_tokens"]?.int != nil { self.usage = usage } else { usage = ["total_tokens": JSON(tokens)] }
    }
  }

  private static func splice(_ json: JSON, _ list: JSON, _ results: [RerankResult], _ head: Head) -> [UInt8] {
    var edit = JSONEdit(json)
    let sorted = RerankResult.sorted(results)
    // The list as a whole, since an edit inside it can't stand beside one of its order.
    if results.contains(where: \.isChanged) || sorted.map(\.index) != results.map(\.index) {
      edit.replace(list, with: .array(sorted.map(\.passed)))
    }
    if json["id"]?.string == nil { edit.set("id", to: JSON(head.id), in: json) }
    if json["model"]?.string != head.model { edit.set("model", to: JSON(head.model), in: json) }
    if json["usage"]?["total_tokens"]?.int == nil { edit.set("usage", to: head.usage, in: json) }
    return edit.bytes()
  }

  private static func write(_ json: JSON, _ results: [RerankResult], _ head: Head) -> [UInt8] {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("id", head.id)
    writer.member("model", head.model)
    writer.key("results")
    writer.beginArray()
    for result in RerankResult.sorted(results) { result.write(&writer) }
    writer.endArray()
    if let meta = json["meta"], meta.kind == .object { writer.member("meta", meta) }
    writer.member("usage", head.usage)
    writer.endObject()
    return writer.bytes
  }

  /// The tokens, wherever a vendor tells them: `usage`, `meta.tokens`, `tokens` (SiliconFlow), `meta.billed_units` (Cohere).
  private static func tokens(_ json: JSON) -> Int? {
    let usage = json["usage"]
    if let total = usage?["total_tokens"]?.int ?? usage?["prompt_tokens"]?.int, total >= 0 { return total }
    for place in [json.at("meta.tokens"), json["tokens"], json.at("meta.billed_units")] {
      guard let input = place?["input_tokens"]?.int, input >= 0 else { continue }
      return Usage(input: input, output: max(0, place?["output_tokens"]?.int ?? 0)).total
    }
    return nil
  }
}
