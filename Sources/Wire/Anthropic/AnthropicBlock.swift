import Base

/// One block of a Messages body that goes up.
enum AnthropicBlock {
  /// Where an image's or document's bytes are.
  enum Source {
    case base64(String, mediaType: String)
    case url(String)
    case text(String)
  }

  case text(String)
  case thinking(String, signature: String)
  case redacted(String)
  case call(id: String, name: String, input: JSON)
  case result(id: String, [AnthropicBlock], isError: Bool)
  case image(Source)
  case document(Source, title: String?)

  /// Whether it is reasoning that its vendor has signed.
  var isReasoning: Bool {
    switch self {
    case .thinking, .redacted: true
    default: false
    }
  }

  /// Writes the block as an object.
  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .text(let text):
      writer.member("type", "text")
      writer.member("text", text)
    case .thinking(let text, let signature):
      writer.member("type", "thinking")
      writer.member("thinking", text)
      writer.member("signature", signature)
    case .redacted(let data):
      writer.member("type", "redacted_thinking")
      writer.member("data", data)
    case .call(let id, let name, let input):
      writer.member("type", "tool_use")
      writer.member("id", id)
      writer.member("name", name)
      writer.member("input", input)
    case .result(let id, let content, let isError):
      writer.member("type", "tool_result")
      writer.member("tool_use_id", id)
      if !content.isEmpty { Self.write(content: content, &writer) }
      if isError { writer.member("is_error", true) }
    case .image(let source):
      writer.member("type", "image")
      source.write(&writer)
    case .document(let source, let title):
      writer.member("type", "document")
      if let title { writer.member("title", title) }
      source.write(&writer)
    }
    writer.endObject()
  }

  /// Writes `content`: one text as a string, else a list.
  static func write(content: [AnthropicBlock], name: String = "content", _ writer: inout JSONWriter) {
    writer.key(name)
    if content.count == 1, case .text(let text) = content[0] { return writer.value(text) }
    writer.beginArray()
    for block in content { block.write(&writer) }
    writer.endArray()
  }
}

extension AnthropicBlock.Source {
  fileprivate func write(_ writer: inout JSONWriter) {
    writer.key("source")
    writer.beginObject()
    switch self {
    case .base64(let data, let mediaType):
      writer.member("type", "base64")
      writer.member("media_type", mediaType)
      writer.member("data", data)
    case .url(let url):
      writer.member("type", "url")
      writer.member("url", url)
    case .text(let text):
      writer.member("type", "text")
      writer.member("media_type", "text/plain")
      writer.member("data", text)
    }
    writer.endObject()
  }
}
