import Base

/// The events of a Messages stream as bytes. Source: wire-formats §3.3, sse.md C.
///
/// What comes with every chunk is written without a writer: the text between the values is always the same.
enum AnthropicFrames {
  /// What a delta adds.
  enum Delta {
    case text, thinking, signature, arguments
  }

  static func start(id: String, model: String, into bytes: inout [UInt8]) {
    event("message_start", into: &bytes) { writer in
      writer.key("message")
      writer.beginObject()
      AnthropicReplyMembers.head(id: id, model: model, &writer)
      writer.key("content")
      writer.beginArray()
      writer.endArray()
      AnthropicReplyMembers.end(nil, nil, &writer)
      writer.key("usage")
      Usage().writeMessages(&writer)
      writer.endObject()
    }
  }

  /// Begins a text block, or a thinking block.
  static func open(_ index: Int, isText: Bool, into bytes: inout [UInt8]) {
    open(index, into: &bytes)
    bytes += (isText ? #"{"type":"text","text":""}"# : #"{"type":"thinking","thinking":"","signature":""}"#).utf8
    bytes += "}\n\n".utf8
  }

  static func open(_ index: Int, call id: String, name: String, into bytes: inout [UInt8]) {
    open(index, into: &bytes)
    bytes += #"{"type":"tool_use","id":"#.utf8
    JSONWriter.escape(id, into: &bytes)
    bytes += #","name":"#.utf8
    JSONWriter.escape(name, into: &bytes)
    bytes += ",\"input\":{}}}\n\n".utf8
  }

  private static func open(_ index: Int, into bytes: inout [UInt8]) {
    bytes += "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":".utf8
    bytes += String(index).utf8
    bytes += #","content_block":"#.utf8
  }

  static func delta(_ index: Int, _ delta: Delta, _ text: String, into bytes: inout [UInt8]) {
    bytes += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":".utf8
    bytes += String(index).utf8
    switch delta {
    case .text: bytes += #","delta":{"type":"text_delta","text":"#.utf8
    case .thinking: bytes += #","delta":{"type":"thinking_delta","thinking":"#.utf8
    case .signature: bytes += #","delta":{"type":"signature_delta","signature":"#.utf8
    case .arguments: bytes += #","delta":{"type":"input_json_delta","partial_json":"#.utf8
    }
    JSONWriter.escape(text, into: &bytes)
    bytes += "}}\n\n".utf8
  }

  static func stop(_ index: Int, into bytes: inout [UInt8]) {
    bytes += "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":".utf8
    bytes += String(index).utf8
    bytes += "}\n\n".utf8
  }

  /// The reply's end: why it ended, its usage, and that nothing follows.
  static func end(_ finish: AnthropicFinish, _ usage: Usage, into bytes: inout [UInt8]) {
    event("message_delta", into: &bytes) { writer in
      writer.key("delta")
      writer.beginObject()
      AnthropicReplyMembers.end(finish, finish.explanation, &writer)
      writer.endObject()
      writer.key("usage")
      usage.writeMessages(&writer)
    }
    event("message_stop", into: &bytes) { _ in }
  }

  private static func event(_ type: String, into bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", type)
    members(&writer)
    writer.endObject()
    bytes += "event: ".utf8
    bytes += type.utf8
    bytes += "\ndata: ".utf8
    bytes += writer.bytes
    bytes += "\n\n".utf8
  }
}
