import Base

/// The logprobs of a text, which come in the shape of Chat. Source: wire-formats §3.2, §12.
enum ResponsesLogprobs {
  /// The tokens of the text in a Chat `logprobs` object.
  static func tokens(_ chat: JSON) -> [JSON] {
    (chat["content"] ?? .null).elements.filter { $0["token"]?.kind == .string }
  }

  /// How many bytes of the text a token stands for.
  static func length(_ token: JSON) -> Int {
    if let bytes = token["bytes"], bytes.kind == .array { return bytes.count }
    return token["token"]?.string?.utf8.count ?? 0
  }

  /// Writes the list; the events of a stream have no bytes in it.
  static func write(_ tokens: some Sequence<JSON>, hasBytes: Bool, _ writer: inout JSONWriter) {
    writer.beginArray()
    for token in tokens {
      writer.beginObject()
      members(token, hasBytes, &writer)
      writer.key("top_logprobs")
      writer.beginArray()
      for other in (token["top_logprobs"] ?? .null).elements where other["token"]?.kind == .string {
        writer.beginObject()
        members(other, hasBytes, &writer)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
  }

  private static func members(_ token: JSON, _ hasBytes: Bool, _ writer: inout JSONWriter) {
    let text = token["token"]?.string ?? ""
    writer.member("token", text)
    if hasBytes {
      writer.key("bytes")
      writer.beginArray()
      if let bytes = token["bytes"], bytes.kind == .array {
        for byte in bytes.elements { writer.value(byte.int ?? 0) }
      } else {
        for byte in text.utf8 { writer.value(Int(byte)) }
      }
      writer.endArray()
    }
    if let number = token["logprob"], number.kind == .number { writer.member("logprob", number) } else { writer.member("logprob", 0) }
  }
}
