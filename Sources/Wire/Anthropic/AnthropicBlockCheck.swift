import Base

/// Checks the blocks of a Messages request. Source: wire-formats §3.3. Blocks of types that are not known may be anything.
enum AnthropicBlockCheck {
  /// Checks a list of blocks, and what stands inside them.
  static func check(blocks: JSON, at path: RequestShape.Path) throws(Fault) {
    var position = 0
    for block in blocks.elements {
      try check(block: block) { "\(path())[\(position)]" }
      position += 1
    }
  }

  private static func check(block: JSON, at path: RequestShape.Path) throws(Fault) {
    try typed.check(block, at: path)
    guard let type = block["type"]?.string, let shape = shapes[type] else { return }
    try shape.check(block, at: path)
    if type == "image" || type == "document", let source = block["source"] { try check(source: source) { path() + ".source" } }
    guard type == "tool_result" || type == "search_result", let content = block["content"], content.kind == .array else { return }
    try check(blocks: content) { path() + ".content" }
  }

  private static func check(source: JSON, at path: RequestShape.Path) throws(Fault) {
    try typed.check(source, at: path)
    guard let type = source["type"]?.string, let shape = sources[type] else { return }
    try shape.check(source, at: path)
    guard type == "content", let content = source["content"], content.kind == .array else { return }
    try check(blocks: content) { path() + ".content" }
  }

  private static let typed = RequestShape(["type": .string], required: ["type"])

  private static let shapes: [String: RequestShape] = [
    "text": RequestShape(["text": .string], required: ["text"]),
    "image": RequestShape(["source": .object], required: ["source"]),
    "document": RequestShape(["source": .object, "title": .string, "context": .string, "citations": .object], required: ["source"]),
    "search_result": RequestShape(["source": .string, "title": .string, "content": .array], required: ["source", "title", "content"]),
    "tool_use": RequestShape(["id": .string, "name": .string, "input": .object], required: ["id", "name", "input"]),
    "tool_result": RequestShape(
      ["tool_use_id": .string, "content": [.string, .array], "is_error": .boolean], required: ["tool_use_id"]),
    "thinking": RequestShape(["thinking": .string, "signature": .string], required: ["thinking"]),
    "redacted_thinking": RequestShape(["data": .string], required: ["data"]),
  ]

  private static let sources: [String: RequestShape] = [
    "base64": RequestShape(["media_type": .string, "data": .string], required: ["media_type", "data"]),
    "text": RequestShape(["media_type": .string, "data": .string], required: ["data"]),
    "url": RequestShape(["url": .string], required: ["url"]),
    "file": RequestShape(["file_id": .string], required: ["file_id"]),
    "content": RequestShape(["content": [.string, .array]], required: ["content"]),
  ]
}
