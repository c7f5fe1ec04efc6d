import Base

/// Reads messages of OpenAI, TRL, axolotl and ms-swift into Chat messages.
struct MessageReader {
  private let hasImages: Bool
  private var messages: [JSON] = []
  /// Calls of ms-swift that are gathered into one message: its text, then they.
  private var text: JSON?
  private var calls: [JSON] = []
  private var waiting: ArraySlice<String> = []
  private var count = 0

  init(hasImages: Bool) {
    self.hasImages = hasImages
  }

  /// All messages.
  var ended: [JSON] {
    var copy = self
    copy.flush()
    return copy.messages
  }

  mutating func read(_ message: JSON, _ pictures: inout ArraySlice<String>) throws(ImportedChat.Mistake) {
    let content = message["content"] ?? .null
    switch message["role"]?.string {
    case "tool_call": try readSwiftCall(content)
    case "tool_response": try readSwiftResult(content, &pictures)
    case "assistant":
      flush()
      if content.kind == .string, message["tool_calls"] == nil, message["reasoning_content"] == nil {
        text = ShareGPTReader.answer(content.string ?? "")
      } else {
        messages.append(try assistant(message, &pictures))
      }
    case "system", "user", "tool":
      flush()
      messages.append(try changed(message, "content", self.content(content, &pictures)))
    case let role: throw ImportedChat.Mistake("a message of \(Shown.word(role))")
    }
  }

  private mutating func flush() {
    if !calls.isEmpty {
      var members: [(String, JSON)] = [("role", "assistant")]
      if let thought = text?["reasoning_content"] { members.append(("reasoning_content", thought)) }
      let words = text?["content"]?.string ?? ""
      members += [("content", words.isEmpty ? .null : JSON(words)), ("tool_calls", .array(calls))]
      messages.append(.object(members))
    } else if let text {
      messages.append(text)
    }
    text = nil
    calls = []
  }

  private func changed(_ message: JSON, _ name: String, _ value: JSON) throws(ImportedChat.Mistake) -> JSON {
    .object(
      message.members.filter { $0.name != "weight" && $0.name != "train" && $0.name != "loss" }.map {
        ($0.name, $0.name == name ? value : $0.value)
      })
  }

  /// Contents with images in their places.
  private func content(_ content: JSON, _ pictures: inout ArraySlice<String>) throws(ImportedChat.Mistake) -> JSON {
    if let text = content.string, !pictures.isEmpty, text.contains("<image>") {
      var reader = ShareGPTReader(pictures)
      try reader.read(["from": "human", "value": content])
      pictures = reader.pictures
      return reader.messages.last?["content"] ?? content
    }
    guard content.kind == .array else { return content }
    var parts: [JSON] = []
    for part in content.elements {
      guard part["type"]?.string == "image" else {
        parts.append(part)
        continue
      }
      guard let url = pictures.popFirst() else { throw ImportedChat.Mistake("fewer images than places for them") }
      parts.append(["type": "image_url", "image_url": ["url": JSON(url)]])
    }
    return .array(parts)
  }

  /// Arguments that are objects become texts; what is trained is the export's business.
  private func assistant(_ message: JSON, _ pictures: inout ArraySlice<String>) throws(ImportedChat.Mistake) -> JSON {
    let members: [(String, JSON)] = try message.members.filter { !["weight", "train", "loss"].contains($0.name) }.map {
      (name: String, value: JSON) throws(ImportedChat.Mistake) in
      switch name {
      case "content": (name, try content(value, &pictures))
      case "tool_calls": (name, .array(value.elements.map(Self.call)))
      default: (name, value)
      }
    }
    return .object(members)
  }

  private static func call(_ call: JSON) -> JSON {
    let arguments = call.at("function.arguments") ?? [:]
    let text = arguments.string ?? CleanJSON.text(arguments)
    return [
      "id": call["id"] ?? "", "type": "function", "function": ["name": call.at("function.name") ?? "", "arguments": JSON(text)],
    ]
  }

  // MARK: ms-swift

  private mutating func readSwiftCall(_ content: JSON) throws(ImportedChat.Mistake) {
    guard let call = try? JSON(parsing: content.string ?? ""), let name = call["name"]?.string else {
      throw ImportedChat.Mistake("a tool_call that is no JSON")
    }
    count += 1
    let id = "call_\(count)"
    if calls.isEmpty { waiting = [] }
    waiting.append(id)
    let arguments = String(decoding: (call["arguments"] ?? [:]).bytes, as: UTF8.self).replacing(#"\u003c"#, with: "<")
    calls.append(["id": JSON(id), "type": "function", "function": ["name": JSON(name), "arguments": JSON(arguments)]])
  }

  private mutating func readSwiftResult(_ content: JSON, _ pictures: inout ArraySlice<String>) throws(ImportedChat.Mistake) {
    flush()
    guard let id = waiting.popFirst() else { throw ImportedChat.Mistake("a tool_response without a call") }
    messages.append(["role": "tool", "tool_call_id": JSON(id), "content": try self.content(content, &pictures)])
  }
}
