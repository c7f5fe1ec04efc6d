package import Base

/// Embeddings between the OpenAI wire and Gemini's, both ways. Source: wire-formats §11.
package enum GeminiEmbeddings {
  /// An OpenAI client's request as the body of `:batchEmbedContents`, one request for each input, also for a single one.
  ///
  /// `.invalid` for inputs of tokens, which Gemini doesn't know.
  package static func encode(_ body: JSON, for model: TargetModel) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    try ChatRequestCheck.check(.embeddings, body: body)
    let input = body["input"] ?? .null
    let texts = input.string.map { [$0] } ?? input.elements.compactMap(\.string)
    guard input.kind == .string || texts.count == input.count else {
      throw GeminiRequest.unsupported("This model takes texts, not tokens.", "input", code: "unsupported_parameter")
    }
    let name = JSON("models/" + model.name)
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("requests")
    writer.beginArray()
    for text in texts {
      writer.beginObject()
      writer.member("model", name)
      writer.member("content", ["parts": [["text": JSON(text)]]])
      if let size = body["dimensions"], !size.isNull { writer.member("outputDimensionality", size) }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return (writer.bytes, dropped(body, known: ["model", "input", "dimensions", "encoding_format"]))
  }

  /// Gemini's answer as the OpenAI client's, in the format that the client's `request` asks for; `model` is the client's name.
  ///
  /// `.broken` for an answer without an embedding for each input.
  package static func reply(_ body: JSON, to request: JSON, model: String) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    let vectors = try vectors(body)
    let wanted = request["input"].map { $0.kind == .array ? $0.count : 1 }
    guard wanted == nil || wanted == vectors.count else { throw broken("\(vectors.count) embeddings for \(wanted ?? 0) inputs") }
    let isBase64 = request["encoding_format"]?.string == "base64"
    let usage = Usage(gemini: body["usageMetadata"])
    var writer = JSONWriter(capacity: body.bytes.count)
    writer.beginObject()
    writer.member("object", "list")
    writer.key("data")
    writer.beginArray()
    for (index, vector) in vectors.enumerated() {
      writer.beginObject()
      writer.member("object", "embedding")
      writer.member("index", index)
      writer.member("embedding", isBase64 ? JSON(FloatText.base64(vector)) : vector)
      writer.endObject()
    }
    writer.endArray()
    writer.member("model", model)
    writer.member("usage", ["prompt_tokens": JSON(usage?.input ?? 0), "total_tokens": JSON(usage?.total ?? 0)])
    writer.endObject()
    return (writer.bytes, usage == nil ? [Loss("usage", .synthesized)] : [])
  }

  /// The lists of numbers of an answer, of one embedding too.
  private static func vectors(_ body: JSON) throws(Fault) -> [JSON] {
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: body)) { throw fault }
    let list = body["embeddings"].map { Array($0.elements) } ?? [body["embedding"]].compactMap(\.self)
    let vectors = list.compactMap { $0["values"] }.filter { $0.kind == .array }
    guard !vectors.isEmpty, vectors.count == list.count else { throw broken("a body without embeddings") }
    return vectors
  }

  static func broken(_ detail: String) -> Fault {
    Fault(.broken, "The upstream's answer is broken. Try again.", detail: detail)
  }

  static func dropped(_ body: JSON, known: Set<String>, at path: String = "") -> [Loss] {
    body.members.filter { !known.contains(GeminiName.camel($0.name)) && !known.contains($0.name) && !$0.value.isNull }
      .map { Loss(RequestShape.join(path, $0.name), .dropped) }
  }
}

/// Numbers as base64 of little-endian floats of 32 bits, the form that the official client asks for. Source: wire-formats §11.
enum FloatText {
  static func base64(_ vector: JSON) -> String {
    var bytes: [UInt8] = []
    for number in vector.elements {
      let bits = Float(number.double ?? 0).bitPattern
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }
    return Base64.encode(bytes)
  }

  /// The numbers; nil when the text is no base64 of whole floats.
  static func numbers(_ text: String) -> [Float]? {
    guard let bytes = Base64.decode(text), bytes.count % 4 == 0 else { return nil }
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      var bits: UInt32 = 0
      for offset in 0..<4 { bits |= UInt32(bytes[start + offset]) << UInt32(8 * offset) }
      return Float(bitPattern: bits)
    }
  }
}
