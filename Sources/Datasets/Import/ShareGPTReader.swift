import Base

/// Reads turns of ShareGPT, also those that other recorders wrote loosely, into Chat messages.
struct ShareGPTReader {
  private(set) var messages: [JSON] = []
  /// Images that no place was found for yet.
  private(set) var pictures: ArraySlice<String>
  /// Ids of the calls that the next observation answers.
  private var waiting: [String] = []
  private var calls = 0

  init(_ pictures: ArraySlice<String>) {
    self.pictures = pictures
  }

  mutating func read(_ turn: JSON) throws(ImportedChat.Mistake) {
    let value = turn["value"]?.string ?? ""
    switch turn["from"]?.string {
    case "system": messages.append(["role": "system", "content": JSON(value)])
    case "human", "user": messages.append(["role": "user", "content": try content(value)])
    case "gpt", "assistant": messages.append(Self.answer(value))
    case "function_call": try readCalls(value)
    case "observation", "tool": try readResults(value)
    case let role: throw ImportedChat.Mistake("a turn from \(Shown.word(role))")
    }
  }

  /// The text with an image for each place; without images the text alone.
  private mutating func content(_ value: String) throws(ImportedChat.Mistake) -> JSON {
    guard !pictures.isEmpty, value.contains("<image>") else { return JSON(value) }
    var parts: [JSON] = []
    var rest = value[...]
    while let place = rest.firstRange(of: "<image>") {
      guard let url = pictures.popFirst() else { throw ImportedChat.Mistake("fewer images than places for them") }
      // The line end between a text and an image is written again.
      let before = rest[..<place.lowerBound]
      if let text = Self.joint(before, atEnd: true, isFirst: parts.isEmpty) { parts.append(["type": "text", "text": JSON(text)]) }
      parts.append(["type": "image_url", "image_url": ["url": JSON(url)]])
      rest = rest[place.upperBound...]
    }
    if let text = Self.joint(rest, atEnd: false, isFirst: false) { parts.append(["type": "text", "text": JSON(text)]) }
    return .array(parts)
  }

  private static func joint(_ text: Substring, atEnd: Bool, isFirst: Bool) -> String? {
    var text = text
    if !isFirst, text.hasPrefix("\n") { text.removeFirst() }
    if atEnd, text.hasSuffix("\n") { text.removeLast() }
    return text.isEmpty ? nil : String(text)
  }

  // MARK: The model

  /// An answer, its thought apart.
  static func answer(_ value: String) -> JSON {
    let (thought, text) = split(value)
    var members: [(String, JSON)] = [("role", "assistant")]
    if let thought { members.append(("reasoning_content", JSON(thought))) }
    members.append(("content", JSON(text)))
    return .object(members)
  }

  private static func split(_ value: String) -> (thought: String?, text: String) {
    guard value.hasPrefix("<think>\n") else { return (nil, value) }
    let rest = value.dropFirst(8)
    guard let end = rest.firstRange(of: "\n</think>\n\n") else { return (nil, value) }
    return (String(rest[..<end.lowerBound]), String(rest[end.upperBound...]))
  }

  private mutating func readCalls(_ value: String) throws(ImportedChat.Mistake) {
    var (thought, text) = Self.split(value)
    var json = text
    if let mark = Self.lastRange(of: "\n<tool_call>", in: text), text.hasSuffix("</tool_call>") {
      json = String(text[mark.upperBound...].dropLast("</tool_call>".count))
      text = String(text[..<mark.lowerBound])
    } else {
      text = ""
    }
    guard let parsed = try? JSON(parsing: json), parsed.kind == .object || parsed.kind == .array else {
      throw ImportedChat.Mistake("a function_call that is no JSON")
    }
    waiting = []
    var list: [JSON] = []
    for call in parsed.kind == .array ? Array(parsed.elements) : [parsed] { list.append(try self.call(call)) }
    var members: [(String, JSON)] = [("role", "assistant")]
    if let thought { members.append(("reasoning_content", JSON(thought))) }
    members += [("content", text.isEmpty ? .null : JSON(text)), ("tool_calls", .array(list))]
    messages.append(.object(members))
  }

  private static func lastRange(of mark: String, in text: String) -> Range<String.Index>? { text.ranges(of: mark).last }

  /// A call; one in OpenAI's own shape is repaired.
  private mutating func call(_ call: JSON) throws(ImportedChat.Mistake) -> JSON {
    let function = call["function"] ?? call
    guard let name = function["name"]?.string, !name.isEmpty else { throw ImportedChat.Mistake("a call without a name") }
    var arguments = String(decoding: (function["arguments"] ?? [:]).bytes, as: UTF8.self).replacing(#"\u003c"#, with: "<")
    if let text = function["arguments"]?.string { arguments = text }
    calls += 1
    let id = "call_\(calls)"
    waiting.append(id)
    return ["id": JSON(id), "type": "function", "function": ["name": JSON(name), "arguments": JSON(arguments)]]
  }

  private mutating func readResults(_ value: String) throws(ImportedChat.Mistake) {
    guard !waiting.isEmpty else { throw ImportedChat.Mistake("an observation without a call") }
    var parts = value.split(separator: ShareGPT.resultSeparator, omittingEmptySubsequences: false).map(String.init)
    if parts.count > waiting.count {
      let rest = parts[(waiting.count - 1)...].joined(separator: ShareGPT.resultSeparator)
      parts = Array(parts.prefix(waiting.count - 1)) + [rest]
    }
    for (id, part) in zip(waiting, parts) {
      messages.append(["role": "tool", "tool_call_id": JSON(id), "content": try content(part)])
    }
    guard parts.count == waiting.count else { throw ImportedChat.Mistake("fewer results than calls") }
    waiting = []
  }
}
