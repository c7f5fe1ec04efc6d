import Base

/// ms-swift's standard form. Source: formats/datasets.md §7.
///
/// A call is a message of its own, several in a row are parallel; results follow in their order, and what the user says behind them joins
/// the last, as it does in ShareGPT.
struct SwiftMessages {
  private(set) var messages: [JSON] = []
  private(set) var images: [Picture] = []
  private(set) var warnings: Set<Warning> = []
  private var tools = ""
  private var escape = TagEscape()
  private let options: FormatOptions

  init(_ sample: Sample, _ options: FormatOptions) throws(Refusal) {
    self.options = options
    if !sample.tools.isEmpty { tools = "[\(sample.tools.map(\.json.description).joined(separator: ","))]" }
    if !sample.system.isEmpty { messages.append(["role": "system", "content": JSON(escape.media(sample.system))]) }
    var turns = sample.turns[...]
    if turns.first?.isModel == true {
      turns.removeFirst()
      warnings.insert(.leadingAssistantDropped)
    }
    if case .client(let first)? = turns.first, !first.results.isEmpty {
      throw Refusal(.roleOrder, "the conversation begins with a tool's result")
    }
    for (position, turn) in turns.enumerated() {
      switch turn {
      case .client(let turn): try add(turn)
      case .model(let turn): add(turn, isLast: position == turns.count - 1)
      }
    }
    if escape.hasMedia { warnings.insert(.mediaTagEscaped) }
  }

  private mutating func add(_ turn: ClientTurn) throws(Refusal) {
    var texts: [String] = []
    for result in turn.results { texts.append(try text(result.content)) }
    var said: [String] = []
    for segment in turn.segments { said.append(try text(segment.content)) }
    let words = said.joined(separator: "\n\n")
    guard let last = texts.last else { return messages.append(["role": "user", "content": JSON(words)]) }
    if !said.isEmpty {
      warnings.insert(.userTextMerged)
      texts[texts.count - 1] = last + "\n\n" + words
    }
    for text in texts { messages.append(["role": "tool_response", "content": JSON(text)]) }
  }

  private mutating func text(_ content: Content) throws(Refusal) -> String {
    for picture in content.images {
      guard picture.file != nil else { throw Refusal(.imageNotMaterialised, "an image that is an address") }
      images.append(picture)
    }
    return content.text(image: "<image>") { escape.media($0) }
  }

  private mutating func add(_ turn: ModelTurn, isLast: Bool) {
    let thought = turn.reasoning.isEmpty || options.reasoning == .drop ? "" : "<think>\n\(turn.reasoning)\n</think>\n\n"
    let text = escape.media(thought + turn.text)
    if !text.isEmpty || turn.calls.isEmpty { append("assistant", text, isLast) }
    for call in turn.calls { append("tool_call", CallText.json([call]), isLast) }
  }

  private mutating func append(_ role: String, _ content: String, _ isLast: Bool) {
    var members: [(String, JSON)] = [("role", JSON(role)), ("content", JSON(content))]
    if options.loss == .last { members.append(("loss", JSON(isLast))) }
    messages.append(.object(members))
  }
}

extension SwiftMessages {
  var record: WrittenRecord { record([]) }

  func record(isWanted: Bool) -> WrittenRecord { record([("label", JSON(isWanted))]) }

  /// The rejected messages are those behind the same beginning.
  func record(rejecting other: SwiftMessages) -> WrittenRecord {
    var record = record([("rejected_messages", .array(other.messages))])
    record.warnings.formUnion(other.warnings)
    return record
  }

  private func record(_ more: [(String, JSON)]) -> WrittenRecord {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("messages", .array(messages))
    for (name, value) in more { writer.member(name, value) }
    if !tools.isEmpty { writer.member("tools", tools) }
    if !images.isEmpty { writer.member("images", .array(images.map { JSON($0.file ?? "") })) }
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings, images: images)
  }
}
