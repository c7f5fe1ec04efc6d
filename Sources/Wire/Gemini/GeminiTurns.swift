import Base

/// Makes a conversation's messages into the system instruction and the contents of a Gemini body. Source: wire-formats §2.7–§2.11.
struct GeminiTurns {
  /// One content: results in front, in the order of the calls.
  struct Content {
    let role: Message.Role
    var results: [(id: String, part: JSON)] = []
    var parts: [JSON] = []

    var isEmpty: Bool { results.isEmpty && parts.isEmpty }
  }

  private(set) var system: [String] = []
  private(set) var contents: [Content] = []
  private(set) var names: ToolNames
  private(set) var losses: [Loss] = []
  private let wire: ClientWire
  private let model: TargetModel

  init(_ chat: Chat, for model: TargetModel, names: ToolNames) throws(Fault) {
    self.names = names
    self.model = model
    wire = chat.wire
    let arranged = Turns(Self.joined(chat.messages))
    losses = arranged.losses
    let start = arranged.messages.firstIndex { $0.role != .system } ?? arranged.messages.count
    for message in arranged.messages[..<start] { try addSystem(message) }
    for message in arranged.messages[start...] { try add(message) }
  }

  /// The messages with those of one assistant's turn as one: a result may answer any call of it.
  private static func joined(_ messages: [Message]) -> [Message] {
    var joined: [Message] = []
    for message in messages {
      if message.role == .assistant, let last = joined.indices.last, joined[last].role == .assistant {
        joined[last].contents += message.contents
      } else {
        joined.append(message)
      }
    }
    return joined
  }

  private mutating func addSystem(_ message: Message) throws(Fault) {
    for content in message.contents {
      switch content.part {
      case .text(let text, _), .refusal(let text): system.append(text)
      default: throw GeminiRequest.unsupported("Only text can be a system instruction for this model.", content.path.text())
      }
    }
  }

  private mutating func add(_ message: Message) throws(Fault) {
    var content = Content(role: message.role == .assistant ? .assistant : .user)
    switch message.role {
    case .system:
      content.parts = [["text": JSON(Emulation.system(message.text(separator: "\n")))]]
      losses.append(Loss(message.path.text("role"), .downgraded))
    case .assistant:
      var turn = GeminiModelTurn(wire: wire, model: model, names: names)
      try turn.read(message)
      names = turn.names
      losses += turn.losses
      content.parts = turn.parts
    case .user: try read(message, into: &content)
    }
    append(content)
  }

  /// Adds a content; one of the same role as the last becomes part of it.
  private mutating func append(_ content: Content) {
    guard !content.isEmpty else { return }
    guard let last = contents.indices.last, contents[last].role == content.role else { return contents.append(content) }
    contents[last].results += content.results
    contents[last].parts += content.parts
  }

  private mutating func read(_ message: Message, into content: inout Content) throws(Fault) {
    var results: [(id: String, part: JSON)] = []
    var below: [JSON] = []
    for item in message.contents {
      guard case .result(let result) = item.part else {
        if let part = try part(item) { content.parts.append(part) }
        continue
      }
      results.append((result.id, part(of: result)))
      below += try media(of: result, item.path)
    }
    content.results = inOrderOfCalls(results)
    content.parts = below + content.parts
  }

  private mutating func part(_ content: Message.Content) throws(Fault) -> JSON? {
    switch content.part {
    case .text(let text, _), .refusal(let text):
      guard !text.isEmpty else { return nil }
      return ["text": JSON(text)]
    case .media(let media): return try GeminiMedia.part(media, at: content.path, wire, model, &losses)
    case .opaque(.gemini, let json): return json
    case .reasoning, .call, .result, .opaque:
      losses.append(Loss(content.path.text(), .dropped))
      return nil
    }
  }

  // MARK: Results

  private mutating func part(of result: ToolResult) -> JSON {
    var members: [(String, JSON)] = []
    if model.capabilities.functionIds, !result.id.isEmpty { members.append(("id", JSON(result.id))) }
    members.append(("name", JSON(names.upstream(result.name ?? result.id))))
    members.append(("response", Self.response(result)))
    return ["functionResponse": .object(members)]
  }

  /// A text that is a JSON object goes as it is; others under the name that tells what they are. Source: wire-formats §5.1, §5.3.
  private static func response(_ result: ToolResult) -> JSON {
    if let object = result.object { return object }
    let text = result.text
    if result.isError { return ["error": JSON(text)] }
    guard text.utf8.first(where: { $0 > 32 }) == UInt8(ascii: "{"), let json = try? JSON(parsing: text), json.kind == .object else {
      return ["output": JSON(text)]  // also what only looks like JSON
    }
    return json
  }

  /// Images and files of a result stand behind all results. Source: wire-formats §5.2, §5.3.
  private mutating func media(of result: ToolResult, _ path: SourcePath) throws(Fault) -> [JSON] {
    var parts: [JSON] = []
    for (number, part) in result.parts.enumerated() {
      guard case .media(let media) = part else { continue }
      parts.append(try GeminiMedia.part(media, at: path, wire, model, &losses))
      losses.append(Loss(path.text(wire == .responses ? "output[\(number)]" : "content[\(number)]"), .downgraded))
    }
    return parts
  }

  private func inOrderOfCalls(_ results: [(id: String, part: JSON)]) -> [(id: String, part: JSON)] {
    guard results.count > 1, let calls = contents.last, calls.role == .assistant else { return results }
    let order = calls.parts.compactMap { $0["functionCall"] }
    var rest = results
    var sorted: [(id: String, part: JSON)] = []
    for call in order {
      let isAnswer: ((id: String, part: JSON)) -> Bool =
        model.capabilities.functionIds
        ? { $0.id == call["id"]?.string ?? "" } : { $0.part.at("functionResponse.name") == call["name"] }
      if let position = rest.firstIndex(where: isAnswer) { sorted.append(rest.remove(at: position)) }
    }
    return sorted + rest
  }

  // MARK: Writing

  func write(_ writer: inout JSONWriter) {
    if !system.isEmpty {
      writer.key("systemInstruction")
      writer.beginObject()
      writer.member("parts", .array(system.map { ["text": JSON($0)] }))
      writer.endObject()
    }
    writer.key("contents")
    writer.beginArray()
    for content in contents {
      writer.beginObject()
      writer.member("role", content.role == .assistant ? "model" : "user")
      writer.key("parts")
      writer.beginArray()
      for result in content.results { writer.value(result.part) }
      for part in content.parts { writer.value(part) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
  }
}
