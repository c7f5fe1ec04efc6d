import Base

/// Reads the blocks of a Messages request into parts. Source: wire-formats §3.3, §5.3.
struct AnthropicBlockReader {
  /// A block's place: in a list of a message, or in the list of a tool result there.
  struct Position {
    var path: SourcePath
    /// The number in the result's own list, nil for the message's.
    var inner: Int?

    /// The place as text, with a member behind it where one is named.
    func text(_ member: String = "") -> String {
      guard let inner else { return path.text(member) }
      return path.text(member.isEmpty ? "content[\(inner)]" : "content[\(inner)].\(member)")
    }
  }

  private(set) var losses: [Loss] = []

  /// Reads a content, which is a text or a list of blocks; `list` is the member that it stands in, nil for the path itself.
  mutating func message(_ role: Message.Role, _ content: JSON, at path: SourcePath, list: StaticString?) throws(Fault) -> Message {
    var message = Message(role, [], at: path)
    if let text = content.string {
      message.contents = [Message.Content(.text(text), at: list.map { path.at($0) } ?? path)]
      return message
    }
    for (number, block) in content.elements.enumerated() {
      let place = list.map { path.at($0, number) } ?? SourcePath("system", number)
      for part in try parts(block, Position(path: place)) { message.contents.append(Message.Content(part, at: place)) }
    }
    return message
  }

  /// What a block is: one part mostly, none for what can't travel and is no loss to the answer.
  private mutating func parts(_ block: JSON, _ place: Position) throws(Fault) -> [Part] {
    if let control = block["cache_control"], !control.isNull { drop(place.text("cache_control")) }
    let type = block["type"]?.string ?? ""
    switch type {
    case "text":
      if let cited = block["citations"], cited.count > 0 { drop(place.text("citations")) }
      return [.text(block["text"]?.string ?? "")]
    case "image": return [.media(Media(.image, try source(block, place)))]
    case "document": return try document(block, place)
    case "search_result": return try searchResult(block, place)
    case "thinking": return [Self.thinking(block)]
    case "redacted_thinking":
      let data = block["data"]?.string ?? ""
      return [.reasoning(Reasoning(signature: Signature(envelope: data) ?? Signature(.anthropicRedacted, data)))]
    case "tool_use":
      let arguments = ArgumentText.compact(block["input"] ?? [:])
      return [.call(ToolCall(id: block["id"]?.string ?? "", name: block["name"]?.string ?? "", arguments: arguments))]
    case "tool_result" where place.inner == nil: return [try result(block, place)]
    case _ where Self.isTrace(type):
      drop(place.text())
      return []
    default: throw Self.unsupported("Content of type '\(type.prefix(64))' can't be sent to this model.", place.text())
    }
  }

  private mutating func drop(_ path: String) { losses.append(Loss(path, .dropped)) }

  static func unsupported(_ message: String, _ path: String) -> Fault {
    Fault(.invalid, message, code: "unsupported_content", param: path)
  }

  /// Whether a block tells of tools that ran at the vendor's.
  private static func isTrace(_ type: String) -> Bool {
    ["server_tool_use", "mcp_tool_use", "tool_reference"].contains(type) || (type.hasSuffix("_tool_result") && type != "tool_result")
  }

  private static func thinking(_ block: JSON) -> Part {
    let text = block["signature"]?.string ?? ""
    let signature = text.isEmpty ? nil : Signature(envelope: text) ?? Signature(.anthropic, text)
    return .reasoning(Reasoning(block["thinking"]?.string ?? "", signature: signature))
  }

  private mutating func result(_ block: JSON, _ place: Position) throws(Fault) -> Part {
    var result = ToolResult(id: block["tool_use_id"]?.string ?? "", parts: [], isError: block["is_error"]?.bool ?? false)
    let content = block["content"] ?? .null
    if let text = content.string { result.parts = [.text(text)] }
    for (number, inner) in content.elements.enumerated() {
      result.parts += try parts(inner, Position(path: place.path, inner: number))
    }
    return .result(result)
  }

  // MARK: Media

  private mutating func source(_ block: JSON, _ place: Position) throws(Fault) -> Media.Source {
    let source = block["source"] ?? .null
    switch source["type"]?.string {
    case "base64": return .data(source["data"]?.string ?? "", mediaType: source["media_type"]?.string ?? "")
    case "url": return .url(source["url"]?.string ?? "")
    default:
      throw Self.unsupported("A file that Anthropic keeps can't be sent to this model; send its content or address.", place.text())
    }
  }

  private mutating func document(_ block: JSON, _ place: Position) throws(Fault) -> [Part] {
    let title = block["title"]?.string
    if let context = block["context"]?.string, !context.isEmpty { drop(place.text("context")) }
    if block.at("citations.enabled")?.bool == true { drop(place.text("citations")) }
    let source = block["source"] ?? .null
    switch source["type"]?.string {
    case "text": return [emulated(source["data"]?.string ?? "", title, place)]
    case "content":
      if let text = source["content"]?.string { return [emulated(text, title, place)] }
      var texts: [String] = []
      var others: [Part] = []
      for inner in source["content"]?.elements ?? JSON.null.elements {
        for part in try parts(inner, place) {
          if case .text(let text, _) = part { texts.append(text) } else { others.append(part) }
        }
      }
      return [emulated(texts.joined(separator: "\n"), title, place)] + others
    case "url":
      // The wire takes no other documents by their address.
      return [.media(Media(.document, .url(source["url"]?.string ?? "", mediaType: "application/pdf"), title: title))]
    default: return [.media(Media(.document, try self.source(block, place), title: title))]
    }
  }

  /// No other wire has documents of plain text. Source: wire-formats §2.9.
  private mutating func emulated(_ text: String, _ title: String?, _ place: Position) -> Part {
    losses.append(Loss(place.text(), .downgraded))
    return .text(Emulation.document(text, title: title))
  }

  private mutating func searchResult(_ block: JSON, _ place: Position) throws(Fault) -> [Part] {
    losses.append(Loss(place.text(), .downgraded))
    let texts = (block["content"] ?? .null).elements.compactMap { $0["text"]?.string }
    return [.text(texts.joined(separator: "\n"))]
  }
}
