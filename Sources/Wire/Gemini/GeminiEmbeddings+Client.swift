package import Base

extension GeminiEmbeddings {
  /// A Gemini client's `:embedContent` or `:batchEmbedContents` as a request on the OpenAI wire.
  ///
  /// `.invalid` for contents with anything but text, and for a batch that asks for different sizes.
  package static func decode(_ body: JSON, isBatch: Bool, for model: TargetModel) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    try GeminiRequestCheck.check(body, for: isBatch ? .embedBatch : .embed)
    var losses: [Loss] = []
    var texts: [JSON] = []
    var size: JSON?
    let requests = isBatch ? Array((body["requests"] ?? .null).elements) : [body]
    guard !requests.isEmpty else { throw RequestShape.empty("requests") }
    for (number, request) in requests.enumerated() {
      let path = isBatch ? "requests[\(number)]" : ""
      texts.append(JSON(try text(request["content"] ?? .null, RequestShape.join(path, "content"))))
      losses += dropped(request, known: ["model", "content", "outputDimensionality"], at: path)
      let own = request.gemini("outputDimensionality")
      guard number == 0 || own == size else {
        throw GeminiRequest.unsupported(
          "All embeddings of a batch must have one size for this model.", RequestShape.join(path, "outputDimensionality"),
          code: "unsupported_parameter")
      }
      size = own
    }
    if isBatch { losses += dropped(body, known: ["requests", "model"]) }
    var members: [(String, JSON)] = [("model", JSON(model.name)), ("input", isBatch ? .array(texts) : texts[0])]
    if let size { members.append(("dimensions", size)) }
    members.append(("encoding_format", "float"))
    return (Array(JSON.object(members).bytes), losses)
  }

  private static func text(_ content: JSON, _ path: String) throws(Fault) -> String {
    var texts: [String] = []
    for (position, part) in (content["parts"] ?? .null).elements.enumerated() {
      guard let text = part["text"]?.string else {
        throw GeminiRequest.unsupported("This model embeds text only.", "\(path).parts[\(position)]")
      }
      texts.append(text)
    }
    guard !texts.isEmpty else { throw RequestShape.empty(path + ".parts") }
    return texts.joined(separator: "\n")
  }

  /// An answer of the OpenAI wire as the Gemini client's, in the order of the inputs; numbers may have come as base64.
  ///
  /// `.broken` for an answer without an embedding for each of `count` inputs.
  package static func geminiReply(_ body: JSON, isBatch: Bool, count: Int) throws(Fault) -> [UInt8] {
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: body)) { throw fault }
    var vectors = [JSON?](repeating: nil, count: count)
    for (position, element) in (body["data"] ?? .null).elements.enumerated() {
      let index = element["index"]?.int ?? position
      guard vectors.indices.contains(index) else { continue }
      vectors[index] = vector(element["embedding"])
    }
    let known = vectors.compactMap(\.self)
    guard known.count == count, let first = known.first else { throw broken("\(known.count) embeddings for \(count) inputs") }
    let reply: JSON = isBatch ? ["embeddings": .array(known.map { ["values": $0] })] : ["embedding": ["values": first]]
    return Array(reply.bytes)
  }

  private static func vector(_ value: JSON?) -> JSON? {
    guard let value, value.kind != .array else { return value }
    return value.string.flatMap(FloatText.numbers).map { .array($0.map { number in JSON(Double(number.description) ?? Double(number)) }) }
  }
}
