import Base

/// Reads the items of a Responses input. Source: wire-formats §3.2.
///
/// Items of the assistant that follow each other (messages, reasoning, calls) are one turn of his; outputs are the user's.
extension ResponsesRequestReader {
  mutating func readInput(_ input: JSON) throws(Fault) {
    if let text = input.string {
      let path = SourcePath("input")
      return append(.user, [Message.Content(.text(text), at: path)], path)
    }
    for (position, item) in input.elements.enumerated() { try readItem(item, SourcePath("input", position)) }
  }

  private mutating func readItem(_ item: JSON, _ path: SourcePath) throws(Fault) {
    switch item["type"]?.string ?? "message" {
    case "message": try readMessage(item, path)
    case "function_call": call(item, item["arguments"], .function, path)
    case "custom_tool_call": call(item, item["input"], .freeform, path)
    case "function_call_output", "custom_tool_call_output": try result(item, path)
    case "reasoning": reasoning(item, path)
    case "item_reference":
      throw Fault(
        .invalid, "The gateway keeps no items; send the item itself.", code: "unsupported_parameter", param: path.text())
    default: lose(path.text())
    }
  }

  private mutating func readMessage(_ item: JSON, _ path: SourcePath) throws(Fault) {
    let role: Message.Role =
      switch item["role"]?.string {
      case "system", "developer": .system
      case "assistant": .assistant
      default: .user
      }
    append(role, try contents(item["content"] ?? .null, path), path)
  }

  private func contents(_ content: JSON, _ path: SourcePath) throws(Fault) -> [Message.Content] {
    if let text = content.string { return [Message.Content(.text(text), at: path.at("content"))] }
    var contents: [Message.Content] = []
    for (position, part) in content.elements.enumerated() {
      let place = path.at("content", position)
      contents.append(Message.Content(try self.part(part, place), at: place))
    }
    return contents
  }

  private func part(_ part: JSON, _ path: SourcePath) throws(Fault) -> Part {
    switch part["type"]?.string {
    case "input_text", "output_text", "text", "summary_text": return .text(part["text"]?.string ?? "")
    case "refusal": return .text(part["refusal"]?.string ?? "")
    case "input_image":
      let detail = part["detail"]?.string
      if let id = part["file_id"]?.string { return .media(Media(.image, .file(id: id, vendor: .openAI), detail: detail)) }
      guard let source = Media.Source(chat: part["image_url"]?.string ?? "") else { throw Self.unread(path) }
      return .media(Media(.image, source, detail: detail))
    case "input_audio":
      let audio = part["input_audio"] ?? part
      return .media(
        Media(.audio, .data(audio["data"]?.string ?? "", mediaType: "audio/" + (audio["format"]?.string ?? "wav"))))
    case "input_file": return try file(part, path)
    default:
      throw Fault(
        .invalid, "The kind of content '\((part["type"]?.string ?? "").prefix(64))' is not known here.", code: "unsupported_content",
        param: path.text())
    }
  }

  private func file(_ part: JSON, _ path: SourcePath) throws(Fault) -> Part {
    let title = part["filename"]?.string
    if let id = part["file_id"]?.string { return .media(Media(.document, .file(id: id, vendor: .openAI), title: title)) }
    if let url = part["file_url"]?.string { return .media(Media(.document, .url(url), title: title)) }
    guard let data = part["file_data"]?.string else {
      throw Fault(.invalid, "The file has no data and no address.", code: "missing_required_field", param: path.text("file_data"))
    }
    // Some clients leave the front of the data: URL out.
    guard data.hasPrefix("data:") else { return .media(Media(.document, .data(data, mediaType: "application/pdf"), title: title)) }
    guard let source = Media.Source(chat: data), case .data(_, let type) = source else { throw Self.unread(path) }
    let kinds: [(front: String, kind: Media.Kind)] = [("image/", .image), ("audio/", .audio), ("video/", .video)]
    return .media(Media(kinds.first { type.hasPrefix($0.front) }?.kind ?? .document, source, title: title))
  }

  private static func unread(_ path: SourcePath) -> Fault {
    Fault(.invalid, "The data: URL can't be read.", code: "unsupported_content", param: path.text())
  }

  private mutating func call(_ item: JSON, _ arguments: JSON?, _ kind: ToolCall.Kind, _ path: SourcePath) {
    let call = ToolCall(
      id: item["call_id"]?.string ?? "", name: item["name"]?.string ?? "", arguments: arguments?.string ?? "", kind: kind)
    append(.assistant, [Message.Content(.call(call), at: path)], path)
  }

  private mutating func result(_ item: JSON, _ path: SourcePath) throws(Fault) {
    let output = item["output"] ?? .null
    var parts: [Part] = []
    if let text = output.string {
      parts = [.text(text)]
    } else {
      for (position, part) in output.elements.enumerated() { parts.append(try self.part(part, path.at("output", position))) }
    }
    let result = ToolResult(id: item["call_id"]?.string ?? "", parts: parts)
    append(.user, [Message.Content(.result(result), at: path)], path)
  }

  private mutating func reasoning(_ item: JSON, _ path: SourcePath) {
    let list = (item["summary"] ?? .null).elements.compactMap { $0["text"]?.string }
    let words = list.isEmpty ? (item["content"] ?? .null).elements.compactMap { $0["text"]?.string } : list
    let signature = item["encrypted_content"]?.string.map { Signature(envelope: $0) ?? Signature(.chatEncrypted, $0) }
    let reasoning = Reasoning(words.joined(separator: "\n\n"), signature: signature)
    append(.assistant, [Message.Content(.reasoning(reasoning), at: path)], path)
  }
}
