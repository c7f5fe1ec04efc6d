import Base

/// Members that a delta and a whole message of Chat have alike. Source: wire-formats §2.7, §3.1.
enum ChatMembers {
  /// `annotations` of citations that have an address.
  static func annotations(_ citations: [Citation], _ writer: inout JSONWriter) {
    writer.key("annotations")
    writer.beginArray()
    for citation in citations {
      writer.beginObject()
      writer.member("type", "url_citation")
      writer.key("url_citation")
      writer.beginObject()
      writer.member("url", citation.url)
      writer.member("title", citation.title ?? "")
      writer.member("start_index", citation.range?.lowerBound ?? 0)
      writer.member("end_index", citation.range?.upperBound ?? 0)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  /// `images`, each with its address or its bytes as a `data:` URL, counted from a number.
  static func images(_ images: [Media], from first: Int, _ writer: inout JSONWriter) {
    writer.key("images")
    writer.beginArray()
    for (number, image) in images.enumerated() {
      writer.beginObject()
      writer.member("type", "image_url")
      writer.member("index", first + number)
      writer.key("image_url")
      writer.beginObject()
      writer.member("url", url(image.source))
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  private static func url(_ source: Media.Source) -> String {
    switch source {
    case .data(let text, let type): "data:\(type);base64,\(text)"
    case .url(let url, _): url
    case .file(let id, _): id
    }
  }

  /// `reasoning_details` of what is signed, counted from a number.
  static func details(_ thoughts: [Reasoning], from first: Int, _ writer: inout JSONWriter) {
    writer.key("reasoning_details")
    writer.beginArray()
    for (number, thought) in thoughts.enumerated() {
      guard let signature = thought.signature else { continue }
      writer.beginObject()
      writer.member("type", signature.isEncrypted ? "reasoning.encrypted" : "reasoning.text")
      if !signature.isEncrypted { writer.member("text", thought.text) }
      writer.member(signature.isEncrypted ? "data" : "signature", signature.envelope)
      writer.member("index", first + number)
      writer.endObject()
    }
    writer.endArray()
  }

  /// `tool_calls` of whole calls (`from` nil), or of calls that begin, counted from a number.
  static func calls(_ calls: [ToolCall], from first: Int?, _ writer: inout JSONWriter) {
    writer.key("tool_calls")
    writer.beginArray()
    for (number, call) in calls.enumerated() {
      let isFunction = call.kind == .function
      writer.beginObject()
      if let first { writer.member("index", first + number) }
      writer.member("id", call.id)
      writer.member("type", isFunction ? "function" : "custom")
      writer.key(isFunction ? "function" : "custom")
      writer.beginObject()
      writer.member("name", call.name)
      let isAbsent = first == nil && isFunction && call.arguments.isEmpty
      writer.member(isFunction ? "arguments" : "input", isAbsent ? "{}" : call.arguments)
      writer.endObject()
      if let signature = call.signature { extra(signature, &writer) }
      writer.endObject()
    }
    writer.endArray()
  }

  /// `tool_calls` with the signature of a call that has begun already.
  static func signature(_ signature: Signature, of number: Int, _ writer: inout JSONWriter) {
    call(number, &writer) { extra(signature, &$0) }
  }

  private static func call(_ number: Int, _ writer: inout JSONWriter, _ members: (inout JSONWriter) -> Void) {
    writer.key("tool_calls")
    writer.beginArray()
    writer.beginObject()
    writer.member("index", number)
    members(&writer)
    writer.endObject()
    writer.endArray()
  }

  /// A Gemini call's signature travels as it is, without an envelope.
  static func extra(_ signature: Signature, _ writer: inout JSONWriter) {
    guard signature.origin == .gemini || signature.origin == .geminiNext else { return }
    writer.member("extra_content", ["google": ["thought_signature": JSON(signature.value)]])
  }
}
