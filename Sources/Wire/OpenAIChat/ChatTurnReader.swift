import Base

/// Reads the messages of a Chat request, which have been checked, into turns. Source: wire-formats §3.1.
///
/// A message of role `tool` becomes a user turn with one result. Calls of the old form have no ids: they get one, and so does the
/// result that follows them by name.
struct ChatTurnReader {
  private(set) var messages: [Message] = []
  private(set) var losses: [Loss] = []
  /// Calls whose ids are ours and that wait for their results.
  private var unnamed: ArraySlice<(id: String, name: String)> = []

  /// Reads one message.
  mutating func read(_ message: JSON, _ position: Int) throws(Fault) {
    let path = SourcePath("messages", position)
    let role = message["role"]?.string
    switch role {
    case "system", "developer": messages.append(Message(.system, try contents(message, path), at: path))
    case "assistant": try readAnswer(message, path)
    case "tool": try readResult(message, path)
    case "function": readLegacyResult(message, path)
    default: messages.append(Message(.user, try contents(message, path), at: path))
    }
    if role != "tool", role != "function", message["name"]?.string?.isEmpty == false {
      losses.append(Loss(path.text("name"), .dropped))
    }
  }

  // MARK: Content

  private mutating func contents(_ message: JSON, _ path: SourcePath) throws(Fault) -> [Message.Content] {
    guard let content = message["content"] else { return [] }
    if let text = content.string { return [Message.Content(.text(text), at: path.at("content"))] }
    var contents: [Message.Content] = []
    for (position, part) in content.elements.enumerated() {
      let place = path.at("content", position)
      contents.append(Message.Content(try self.part(part, place), at: place))
      if ChatRequest.present(part["prompt_cache_breakpoint"]) != nil {
        losses.append(Loss(place.text("prompt_cache_breakpoint"), .dropped))
      }
    }
    return contents
  }

  private func part(_ part: JSON, _ path: SourcePath) throws(Fault) -> Part {
    switch part["type"]?.string {
    case "text": return .text(part["text"]?.string ?? "")
    case "refusal": return .refusal(part["refusal"]?.string ?? "")
    case "image_url":
      let url = part.at("image_url.url")?.string ?? ""
      guard let source = Media.Source(chat: url) else { throw Self.badData(path.text("image_url.url")) }
      return .media(Media(.image, source, detail: part.at("image_url.detail")?.string))
    case "input_audio":
      let format = part.at("input_audio.format")?.string ?? ""
      return .media(Media(.audio, .data(part.at("input_audio.data")?.string ?? "", mediaType: "audio/" + format)))
    case "file": return .media(try file(part["file"] ?? .null, path))
    case "thinking":  // a dialect's answer that comes back as it was. Source: wire-formats §4, "Content as a list"
      let texts = (part["thinking"] ?? .null).elements.compactMap { $0["text"]?.string }
      return .reasoning(Reasoning(part["thinking"]?.string ?? texts.joined()))
    default:
      throw Fault(
        .invalid, "This model doesn't support content of type '\((part["type"]?.string ?? "").prefix(64))'.", code: "unsupported_content",
        param: path.text())
    }
  }

  private func file(_ file: JSON, _ path: SourcePath) throws(Fault) -> Media {
    let title = file["filename"]?.string
    if let data = file["file_data"]?.string {
      // Some clients leave the `data:` out.
      guard data.hasPrefix("data:") else { return Media(.document, .data(data, mediaType: "application/pdf"), title: title) }
      guard let source = Media.Source(chat: data) else { throw Self.badData(path.text("file.file_data")) }
      return Media(.document, source, title: title)
    }
    guard let id = file["file_id"]?.string else { throw RequestShape.missing(path.text("file.file_data")) }
    return Media(.document, .file(id: id, vendor: .openAI), title: title)
  }

  private static func badData(_ path: String) -> Fault {
    Fault(.invalid, "Invalid value for '\(path)': this is no data URL.", code: "invalid_value", param: path)
  }

  // MARK: Answers

  private mutating func readAnswer(_ message: JSON, _ path: SourcePath) throws(Fault) {
    var contents = ChatThoughts.read(message, path)
    contents += try self.contents(message, path)
    if let refusal = message["refusal"]?.string, !refusal.isEmpty {
      contents.append(Message.Content(.refusal(refusal), at: path.at("refusal")))
    }
    for (position, call) in (message["tool_calls"] ?? .null).elements.enumerated() {
      let place = path.at("tool_calls", position)
      contents.append(Message.Content(.call(try self.call(call, place)), at: place))
    }
    if let legacy = message["function_call"], legacy.kind == .object {
      let place = path.at("function_call")
      contents.append(Message.Content(.call(call(legacy, id: "", place)), at: place))
    }
    if ChatRequest.present(message["audio"]) != nil { losses.append(Loss(path.text("audio"), .dropped)) }
    messages.append(Message(.assistant, contents, at: path))
  }

  private mutating func call(_ call: JSON, _ path: SourcePath) throws(Fault) -> ToolCall {
    let isFreeform = call["type"]?.string == "custom"
    guard let body = call[isFreeform ? "custom" : "function"], body.kind == .object else {
      throw RequestShape.missing(path.text(isFreeform ? "custom" : "function"))
    }
    var read = self.call(body, id: call["id"]?.string ?? "", path)
    if isFreeform {
      read.kind = .freeform
      read.arguments = body["input"]?.string ?? ""
    }
    read.signature = call.at("extra_content.google.thought_signature")?.string.map { Signature(.gemini, $0) }
    return read
  }

  private mutating func call(_ body: JSON, id: String, _ path: SourcePath) -> ToolCall {
    var call = ToolCall(id: id, name: body["name"]?.string ?? "", arguments: body["arguments"]?.string ?? "")
    guard id.isEmpty else { return call }
    call.id = Identifier.make("call_")
    unnamed.append((call.id, call.name))
    losses.append(Loss(path.text("id"), .synthesized))
    return call
  }

  // MARK: Results

  private mutating func readResult(_ message: JSON, _ path: SourcePath) throws(Fault) {
    var id = message["tool_call_id"]?.string ?? ""
    if id.isEmpty { id = takeUnnamed { _ in true } }
    let parts = try contents(message, path).map(\.part)
    messages.append(Message(.user, [Message.Content(.result(ToolResult(id: id, parts: parts)), at: path)], at: path))
  }

  private mutating func readLegacyResult(_ message: JSON, _ path: SourcePath) {
    let name = message["name"]?.string ?? ""
    let id = takeUnnamed { $0 == name }
    let result = ToolResult(id: id, name: name, parts: [.text(message["content"]?.string ?? "")])
    messages.append(Message(.user, [Message.Content(.result(result), at: path)], at: path))
  }

  /// The id of the first call of ours that waits; a new one, which nothing asked for, when none does.
  private mutating func takeUnnamed(_ fits: (String) -> Bool) -> String {
    guard let position = unnamed.firstIndex(where: { fits($0.name) }) else { return Identifier.make("call_") }
    return position == unnamed.startIndex ? unnamed.removeFirst().id : unnamed.remove(at: position).id
  }
}

extension Media.Source {
  /// What Chat's `url` means: an address, or a `data:` URL's bytes as base64; nil for a `data:` URL that is none. Source: RFC 2397.
  init?(chat url: String) {
    guard url.prefix(5).lowercased() == "data:" else {
      self = .url(url)
      return
    }
    guard let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
    let head = url[url.utf8.index(url.startIndex, offsetBy: 5)..<comma]
    let data = url[url.utf8.index(after: comma)...]
    let type = head.prefix { $0 != ";" }.lowercased()
    let mediaType = type.isEmpty ? "text/plain" : type
    if head.lowercased().hasSuffix(";base64") {
      self = .data(String(data), mediaType: mediaType)
    } else {
      guard let bytes = Self.unescaped(data) else { return nil }
      self = .data(Base64.encode(bytes), mediaType: mediaType)
    }
  }

  /// The bytes of a text with `%` escapes; nil for an escape that is none.
  private static func unescaped(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
