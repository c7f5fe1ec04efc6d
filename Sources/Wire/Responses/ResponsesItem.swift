import Base

/// One item of a Responses output while it is written. Source: wire-formats §3.2.
struct ResponsesItem: Sendable {
  /// What the item is.
  enum Kind: Sendable { case message, reasoning, function, custom }

  /// One part of a message's content.
  struct Content: Sendable {
    var isRefusal = false
    var text = ""
    var citations: [Citation] = []
    /// The tokens' probabilities, each an object in Chat's form.
    var logprobs: [JSON] = []
  }

  let kind: Kind
  let index: Int
  let id: String
  /// The call's own id and name.
  var callID = ""
  var name = ""
  /// A call's arguments, or the summary of reasoning.
  var text = ""
  var hasText = false
  var signature: Signature?
  var contents: [Content] = []
  var progress = JSONProgress()
  /// Whether the upstream has ended the call.
  var isEnded = false
  var isClosed = false
  var status = "in_progress"

  init(_ kind: Kind, index: Int) {
    self.kind = kind
    self.index = index
    id =
      switch kind {
      case .message: Identifier.make("msg_")
      case .reasoning: Identifier.make("rs_")
      case .function: Identifier.make("fc_")
      case .custom: Identifier.make("ctc_")
      }
  }

  /// The arguments as they are told at the end: none at all are an empty object.
  var arguments: String { kind == .function && !text.utf8.contains { $0 > 32 } ? "{}" : text }

  /// Whether the call is known to be whole: its JSON is complete, or it ended and has none.
  var isWhole: Bool { kind == .function && progress.isComplete || isEnded && (kind == .custom || !text.utf8.contains { $0 > 32 }) }

  /// Writes the item as it stands.
  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", id)
    switch kind {
    case .message:
      writer.member("type", "message")
      writer.member("role", "assistant")
      writer.member("status", status)
      writer.key("content")
      writer.beginArray()
      for content in contents { Self.write(content, &writer) }
      writer.endArray()
    case .reasoning:
      writer.member("type", "reasoning")
      writer.key("summary")
      writer.beginArray()
      if hasText { Self.writeSummary(text, &writer) }
      writer.endArray()
      writer.member("status", status)
      if let signature { writer.member("encrypted_content", signature.envelope) }
    case .function, .custom:
      let isFunction = kind == .function
      writer.member("type", isFunction ? "function_call" : "custom_tool_call")
      writer.member("call_id", callID)
      writer.member("name", name)
      writer.member(isFunction ? "arguments" : "input", status == "in_progress" ? text : arguments)
      writer.member("status", status)
    }
    writer.endObject()
  }

  /// Writes a part of a message's content.
  static func write(_ content: Content, _ writer: inout JSONWriter) {
    writer.beginObject()
    guard !content.isRefusal else {
      writer.member("type", "refusal")
      writer.member("refusal", content.text)
      return writer.endObject()
    }
    writer.member("type", "output_text")
    writer.member("text", content.text)
    writer.key("annotations")
    writer.beginArray()
    for citation in content.citations { write(citation, &writer) }
    writer.endArray()
    if !content.logprobs.isEmpty { writer.member("logprobs", .array(content.logprobs)) }
    writer.endObject()
  }

  private static func write(_ citation: Citation, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("type", "url_citation")
    writer.member("url", citation.url)
    writer.member("title", citation.title ?? "")
    writer.member("start_index", citation.range?.lowerBound ?? 0)
    writer.member("end_index", citation.range?.upperBound ?? 0)
    writer.endObject()
  }

  /// Writes the summary of reasoning.
  static func writeSummary(_ text: String, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("type", "summary_text")
    writer.member("text", text)
    writer.endObject()
  }
}
