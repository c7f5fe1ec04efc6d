import Base

/// Reads a Messages request. Source: formats/datasets.md §9.1.
struct MessagesQuestion {
  private(set) var question = Question()

  init(_ body: JSON, _ notes: inout Notes) {
    if let system = body["system"], !system.isNull { question.messages += Self.system(system, "system", &notes) }
    for (position, message) in (body["messages"] ?? .null).elements.enumerated() { read(message, position, &notes) }
    for (position, tool) in (body["tools"] ?? .null).elements.enumerated() { readTool(tool, position, &notes) }
    question.isPrefilled = question.messages.last?.side == .model
  }

  /// Each block is a text of its own, which a blank line parts from the next.
  private static func system(_ content: JSON, _ place: String, _ notes: inout Notes) -> [Spoken] {
    guard content.kind == .array else { return [Spoken(.system, [.text(notes.text(content))])] }
    return MessagesBlocks.parts(content, place, isReply: false, &notes).map { Spoken(.system, [$0]) }
  }

  private mutating func read(_ message: JSON, _ position: Int, _ notes: inout Notes) {
    let content = message["content"] ?? .null
    let place = "messages[\(position)].content"
    switch message["role"]?.string {
    case "user": question.messages.append(Spoken(.client, MessagesBlocks.parts(content, place, isReply: false, &notes)))
    case "assistant":
      question.messages.append(Spoken(.model, MessagesBlocks.parts(content, place, isReply: false, isModel: true, &notes)))
    case "system": question.messages += Self.system(content, place, &notes)
    case let role: notes.refuse(.unknownRole, "messages[\(position)].role: \(Shown.word(role))")
    }
  }

  private mutating func readTool(_ tool: JSON, _ position: Int, _ notes: inout Notes) {
    if let type = tool["type"]?.string, type != "custom" {
      guard ToolKinds.isClientSide(type) else { return notes.warn(.serverToolDropped) }
      return notes.refuse(.unsupportedToolType, "tools[\(position)]: \(Shown.word(type))")
    }
    question.tools.append(
      ToolDefinition(name: notes.text(tool["name"]), description: notes.text(tool["description"]), parameters: tool["input_schema"]))
  }
}

/// Reads blocks of Messages contents, those of requests and those of replies.
enum MessagesBlocks {
  static func parts(
    _ content: JSON, _ place: String, isReply: Bool, isModel: Bool = false, _ notes: inout Notes
  ) -> [SpokenPart] {
    if content.kind == .string { return [.text(notes.text(content))] }
    var parts: [SpokenPart] = []
    for (position, block) in content.elements.enumerated() {
      if let part = part(block, "\(place)[\(position)]", isModel: isModel || isReply, &notes) { parts.append(part) }
    }
    return parts
  }

  private static func part(_ block: JSON, _ place: String, isModel: Bool, _ notes: inout Notes) -> SpokenPart? {
    switch block["type"]?.string {
    case "text": return .text(notes.text(block["text"]))
    case "thinking": return .thought(notes.text(block["thinking"]))
    case "redacted_thinking":
      notes.warn(.redactedThinkingDropped)
      return .boundary
    case "tool_use":
      let input = block["input"]?.present
      // A stream may have brought a text that is no JSON; it is kept for the check.
      let arguments = input.map { $0.kind == .string ? notes.text($0) : notes.cleaned($0) } ?? "{}"
      return .call(CallTurn(id: notes.text(block["id"]), name: notes.text(block["name"]), arguments: arguments))
    case "tool_result": return .result(result(block, place, &notes))
    case "image":
      guard !isModel else { break }
      return image(block["source"] ?? .null, place, &notes).map { .image($0) }
    case "document", "search_result", "audio", "video", "file", "container_upload": break
    case let type? where isServerSide(type):
      notes.refuse(.serverTool, "\(place): \(Shown.word(type))")
      return nil
    default: break
    }
    notes.refuse(.unsupportedMedia, "\(place): \(Shown.word(block["type"]?.string))")
    return nil
  }

  /// Whether a block tells of tools that ran at the vendor's.
  private static func isServerSide(_ type: String) -> Bool {
    type.hasSuffix("_tool_use") || type.hasSuffix("_tool_result") || type == "tool_reference"
  }

  private static func result(_ block: JSON, _ place: String, _ notes: inout Notes) -> SpokenResult {
    if block["is_error"]?.bool == true { notes.warn(.toolError) }
    let id = block["tool_use_id"]?.string
    let parts = parts(block["content"] ?? .null, "\(place).content", isReply: false, &notes)
    return SpokenResult(id: id?.isEmpty == true ? nil : id, name: nil, content: Content(parts))
  }

  private static func image(_ source: JSON, _ place: String, _ notes: inout Notes) -> Picture? {
    switch source["type"]?.string {
    case "base64": return Pictures.data(notes.text(source["data"]), notes.text(source["media_type"]), place, &notes)
    case "url": return Pictures.address(notes.text(source["url"]), place, &notes)
    default: return Picture(.kept(notes.text(source["file_id"])))
    }
  }
}
