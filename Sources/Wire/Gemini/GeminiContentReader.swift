import Base

/// Reads the contents of a Gemini request into turns: ids are made up where there are none, and results find their calls.
/// Source: wire-formats §2.5, §3.4, §5.4.
struct GeminiContentReader {
  private(set) var messages: [Message] = []
  private(set) var losses: [Loss] = []
  /// Calls without a result yet.
  private var waiting: [(id: String, name: String, sent: String)] = []

  mutating func read(_ content: JSON, at path: SourcePath) throws(Fault) {
    let isModel = content["role"]?.string == "model"
    if isModel, messages.last?.role != .assistant { waiting = [] }
    var message = Message(isModel ? .assistant : .user, [], at: path)
    var hasMerged = false
    for (position, part) in (content["parts"] ?? .null).elements.enumerated() {
      let place = path.at("parts", position)
      for read in try parts(part, place) {
        if isModel, case .reasoning(let reasoning) = read, merge(reasoning, into: &message) {
          hasMerged = true
        } else {
          message.contents.append(Message.Content(read, at: place))
        }
      }
    }
    if message.contents.isEmpty, hasMerged { return }
    // Clients keep each piece of a stream as a content of its own; the calls of one turn must not be torn apart.
    if isModel, !waiting.isEmpty, let last = messages.indices.last, messages[last].role == .assistant {
      messages[last].contents += message.contents
    } else {
      messages.append(message)
    }
  }

  /// Adds a thought to the one directly before it, of which it is another piece: a signature ends a thought.
  private mutating func merge(_ more: Reasoning, into message: inout Message) -> Bool {
    if more.signature?.isEncrypted == true { return false }
    if !message.contents.isEmpty { return Self.merge(more, into: &message) }
    guard let last = messages.indices.last, messages[last].role == .assistant else { return false }
    return Self.merge(more, into: &messages[last])
  }

  private static func merge(_ more: Reasoning, into message: inout Message) -> Bool {
    guard let last = message.contents.indices.last, case .reasoning(let known) = message.contents[last].part, known.signature == nil else {
      return false
    }
    message.contents[last].part = .reasoning(Reasoning(known.text + more.text, signature: more.signature))
    return true
  }

  // MARK: Parts

  /// What a part is: mostly one, none for what can't travel and is no loss to the answer.
  private mutating func parts(_ part: JSON, _ path: SourcePath) throws(Fault) -> [Part] {
    var signature: GeminiSignature?
    var isThought = false
    var data: (name: String, value: JSON)?
    for (name, value) in part.members where !value.isNull {
      let plain = GeminiName.camel(name)
      switch plain {
      case "thought": isThought = value.bool ?? false
      case "thoughtSignature": signature = GeminiSignature(value.string ?? "")
      case "videoMetadata", "mediaResolution", "partMetadata": drop(path.text(name))
      default:
        guard data == nil else {
          throw GeminiRequest.unsupported("A part can hold one thing only.", path.text(name), code: "invalid_value")
        }
        data = (plain, value)
      }
    }
    if isThought { return thought(data, signature, path) }
    let read = try self.part(data?.name ?? "text", data?.value ?? "", signature, path)
    guard case .foreign(let foreign) = signature else { return read }
    return [.reasoning(Reasoning(signature: foreign))] + read
  }

  private mutating func drop(_ path: String) { losses.append(Loss(path, .dropped)) }

  private mutating func thought(_ data: (name: String, value: JSON)?, _ signature: GeminiSignature?, _ path: SourcePath) -> [Part] {
    guard data == nil || data?.name == "text" else {
      drop(path.text())
      return []
    }
    var reasoning = Reasoning(data?.value.string ?? "")
    switch signature {
    case .foreign(let foreign): reasoning.signature = foreign
    case .native(let text): reasoning.signature = Signature(.gemini, text)
    case .sentinel, .unknown: drop(path.text("thoughtSignature"))
    case nil: if reasoning.text.isEmpty { return [] }
    }
    return [.reasoning(reasoning)]
  }

  private mutating func part(_ name: String, _ value: JSON, _ signature: GeminiSignature?, _ path: SourcePath) throws(Fault) -> [Part] {
    switch name {
    case "functionCall": return [call(value, signature, path)]
    case "functionResponse":
      lose(signature, path)
      return [.result(try result(value, path))]
    case "text":
      lose(signature, path)
      return [.text(value.string ?? "")]
    case "inlineData":
      lose(signature, path)
      return [.media(try GeminiMedia.inline(value, path.text()))]
    case "fileData":
      lose(signature, path)
      return [.media(try GeminiMedia.file(value, path.text()))]
    case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":  // traces of tools that ran at the vendor's
      drop(path.text())
      return []
    default: throw GeminiRequest.unsupported("Content of the kind '\(name.prefix(64))' can't be sent to this model.", path.text())
    }
  }

  /// A signature of Gemini's own says nothing to other vendors.
  private mutating func lose(_ signature: GeminiSignature?, _ path: SourcePath) {
    if case .foreign = signature { return }
    if signature != nil { drop(path.text("thoughtSignature")) }
  }

  // MARK: Calls and results

  private mutating func call(_ value: JSON, _ signature: GeminiSignature?, _ path: SourcePath) -> Part {
    let sent = value["id"]?.string ?? ""
    var id = sent
    if sent.isEmpty || waiting.contains(where: { $0.id == sent }) {
      id = Identifier.make("call_")
      losses.append(Loss(path.text("functionCall.id"), .synthesized))
    }
    let arguments = value.gemini("args").map(ArgumentText.compact) ?? "{}"
    var call = ToolCall(id: id, name: value["name"]?.string ?? "", arguments: arguments)
    switch signature {
    case .native(let text): call.signature = Signature(.gemini, text)
    case .sentinel, .unknown: drop(path.text("thoughtSignature"))
    case .foreign, nil: break
    }
    waiting.append((id, call.name, sent))
    return .call(call)
  }

  private mutating func result(_ value: JSON, _ path: SourcePath) throws(Fault) -> ToolResult {
    let object = value["response"]?.present ?? [:]
    let name = value["name"]?.string ?? ""
    let sent = value["id"]?.string ?? ""
    let known =
      waiting.firstIndex { !sent.isEmpty && $0.sent == sent && $0.name == name } ?? waiting.firstIndex { !sent.isEmpty && $0.sent == sent }
      ?? waiting.firstIndex { $0.name == name }
    var result = ToolResult(id: sent.isEmpty ? name : sent, name: name, parts: [], object: object)
    if let known { result.id = waiting.remove(at: known).id }
    if object.count == 1, let text = object["output"]?.string {
      result.parts = [.text(text)]
    } else if object.count == 1, let text = object["error"]?.string {
      result.parts = [.text(text)]
      result.isError = true
    } else {
      result.parts = [.text(ArgumentText.compact(object))]
    }
    for (position, part) in (value["parts"] ?? .null).elements.enumerated() {
      let place = path.text("functionResponse.parts[\(position)]")
      if let data = part.gemini("inlineData") {
        result.parts.append(.media(try GeminiMedia.inline(data, place)))
      } else if let data = part.gemini("fileData") {
        result.parts.append(.media(try GeminiMedia.file(data, place)))
      } else {
        throw GeminiRequest.unsupported("This part of a result can't be sent to this model.", place)
      }
    }
    return result
  }
}
