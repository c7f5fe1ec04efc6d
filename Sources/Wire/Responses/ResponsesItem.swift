import Base

/// One item of a reply's output while it is written.
struct ResponsesItem: Sendable {
  enum Kind: Sendable, Equatable {
    /// A run of texts, or of words of refusal.
    case message(isRefusal: Bool)
    case reasoning
    case call(isFreeform: Bool)
    case image
  }

  /// One text of a message, the summary of a thought, or the arguments of a call.
  struct Content: Sendable {
    /// Where the text begins in the joined text of the reply, in code points.
    var start = 0
    var text = ""
    var citations: [Citation] = []
    var logprobs: [JSON] = []
  }

  let kind: Kind
  let id: String
  /// Its place in the output.
  let index: Int
  /// Whether the upstream's part that it grows by is still open.
  var isOpen = true
  /// Of a message one for each part; of the others one at most, the one that grows.
  var contents: [Content] = []
  /// What stands between a delta's number and its text.
  private(set) var address: [UInt8] = []

  // Of calls.
  var callID = ""
  var name = ""
  var progress = JSONProgress()
  /// Whether another part opened while it was incomplete: it then waits for the end. Source: wire-formats §7.2.
  var isLate = false
  // Of reasoning.
  var signature: Signature?

  /// The item's bytes once it is done.
  var done: [UInt8]?

  init(_ kind: Kind, index: Int) {
    self.kind = kind
    self.index = index
    let prefix =
      switch kind {
      case .message: "msg_"
      case .reasoning: "rs_"
      case .call(let isFreeform): isFreeform ? "ctc_" : "fc_"
      case .image: "ig_"
      }
    id = Identifier.make(prefix)
    locate()
  }

  var isDone: Bool { done != nil }

  var isMessage: Bool { if case .message = kind { true } else { false } }

  /// Whether more may come behind its text: another text, a signature, or the news that it was cut off.
  var waits: Bool {
    switch kind {
    case .message, .reasoning: true
    case .call, .image: false
    }
  }

  /// Whether a call has all of its arguments.
  var isWhole: Bool {
    switch kind {
    case .call(isFreeform: false): progress.isComplete || !isOpen && (contents.first?.text.isEmpty ?? true)
    default: !isOpen
    }
  }

  /// The event of a piece of its text.
  var deltaEvent: String {
    switch kind {
    case .message(isRefusal: false), .image: "output_text.delta"
    case .message(isRefusal: true): "refusal.delta"
    case .reasoning: "reasoning_summary_text.delta"
    case .call(isFreeform: false): "function_call_arguments.delta"
    case .call(isFreeform: true): "custom_tool_call_input.delta"
    }
  }

  /// The event that tells its whole text.
  var doneEvent: String {
    switch kind {
    case .message(isRefusal: false), .image: "output_text.done"
    case .message(isRefusal: true): "refusal.done"
    case .reasoning: "reasoning_summary_text.done"
    case .call(isFreeform: false): "function_call_arguments.done"
    case .call(isFreeform: true): "custom_tool_call_input.done"
    }
  }

  /// What its parts are called in the events that open and close them; nil when it has none.
  var partEvent: String? {
    switch kind {
    case .message: "content_part"
    case .reasoning: "reasoning_summary_part"
    case .call, .image: nil
    }
  }

  /// What the whole text is called in its last event.
  var member: String {
    switch kind {
    case .message(isRefusal: false), .reasoning, .image: "text"
    case .message(isRefusal: true): "refusal"
    case .call(isFreeform: false): "arguments"
    case .call(isFreeform: true): "input"
    }
  }

  /// Begins another content.
  mutating func begin(start: Int) {
    contents.append(Content(start: start))
    locate()
  }

  private mutating func locate() {
    var bytes: [UInt8] = []
    ResponsesFrames.member("item_id", id, &bytes)
    ResponsesFrames.key("output_index", &bytes)
    ResponsesFrames.append(index, &bytes)
    switch kind {
    case .message:
      ResponsesFrames.key("content_index", &bytes)
      ResponsesFrames.append(max(0, contents.count - 1), &bytes)
    case .reasoning: bytes += ",\"summary_index\":0".utf8
    case .call, .image: break
    }
    address = bytes
  }
}

extension ResponsesItem {
  /// The item as it begins.
  var opening: [UInt8] { bytes(status: "in_progress", isOpening: true) }

  /// The item as it is now.
  func bytes(status: String) -> [UInt8] { bytes(status: status, isOpening: false) }

  private func bytes(status: String, isOpening: Bool) -> [UInt8] {
    var writer = JSONWriter(capacity: 256 + (contents.last?.text.utf8.count ?? 0))
    writer.beginObject()
    writer.member("id", id)
    switch kind {
    case .message:
      writer.member("type", "message")
      writer.member("role", "assistant")
      writer.member("status", status)
      list("content", isOpening, &writer)
    case .reasoning:
      writer.member("type", "reasoning")
      list("summary", isOpening, &writer)
      writer.member("status", status)
      if !isOpening, let signature { writer.member("encrypted_content", signature.envelope) }
    case .call(let isFreeform):
      writer.member("type", isFreeform ? "custom_tool_call" : "function_call")
      writer.member("call_id", callID)
      writer.member("name", name)
      writer.member(member, isOpening ? "" : contents.first?.text ?? "")
      // The official type of a custom call has no status.
      if !isFreeform { writer.member("status", status) }
    case .image:
      writer.member("type", "image_generation_call")
      writer.member("status", status)
      writer.member("result", isOpening ? .null : JSON(contents.first?.text ?? ""))
    }
    writer.endObject()
    return writer.bytes
  }

  private func list(_ name: String, _ isOpening: Bool, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.beginArray()
    if !isOpening {
      for content in contents { part(content, &writer) }
    }
    writer.endArray()
  }

  /// A content as a part of the item.
  func part(_ content: Content, _ writer: inout JSONWriter) {
    writer.beginObject()
    switch kind {
    case .message(isRefusal: false):
      writer.member("type", "output_text")
      writer.member("text", content.text)
      writer.key("annotations")
      writer.beginArray()
      for citation in content.citations { Self.annotation(citation, from: content.start, &writer) }
      writer.endArray()
      if !content.logprobs.isEmpty {
        writer.key("logprobs")
        ResponsesLogprobs.write(content.logprobs, hasBytes: true, &writer)
      }
    case .message(isRefusal: true):
      writer.member("type", "refusal")
      writer.member("refusal", content.text)
    case .reasoning, .call, .image:
      writer.member("type", "summary_text")
      writer.member("text", content.text)
    }
    writer.endObject()
  }

  /// A citation's range is one of the joined text; an annotation's one of its own text.
  private static func annotation(_ citation: Citation, from start: Int, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("type", "url_citation")
    writer.member("url", citation.url)
    writer.member("title", citation.title ?? "")
    writer.member("start_index", max(0, (citation.range?.lowerBound ?? 0) - start))
    writer.member("end_index", max(0, (citation.range?.upperBound ?? 0) - start))
    writer.endObject()
  }
}
