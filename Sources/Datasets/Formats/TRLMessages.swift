package import Base

/// The form of TRL and of Hugging Face's chat templates. Source: formats/datasets.md §6 and §9.2.
package struct TRLMessages {
  /// The messages, each an object.
  package private(set) var messages: [JSON] = []
  /// The images in the order of their places.
  package private(set) var images: [Picture] = []
  /// The tools' JSON text; empty without any.
  package private(set) var tools = ""

  private let hasImages: Bool
  private let hasTextArguments: Bool
  private let options: FormatOptions

  /// The record of a sample. Throws why it has none in this format.
  ///
  /// `hasTextArguments`: calls have their arguments as a JSON text, and messages say whether they are trained, as axolotl reads them.
  package init(_ sample: Sample, _ options: FormatOptions = FormatOptions(), hasTextArguments: Bool = false) throws(Refusal) {
    self.options = options
    self.hasTextArguments = hasTextArguments
    hasImages = sample.hasImages
    if !sample.tools.isEmpty { tools = "[\(sample.tools.map(\.json.description).joined(separator: ","))]" }
    if !sample.system.isEmpty { messages.append(["role": "system", "content": text(sample.system)]) }
    for (position, turn) in sample.turns.enumerated() {
      switch turn {
      case .client(let turn): try add(turn)
      case .model(let turn): add(turn, isLast: position == sample.turns.count - 1)
      }
    }
  }

  /// In a record with images every content is a list of parts.
  private func text(_ text: String) -> JSON { hasImages ? [["type": "text", "text": JSON(text)]] : JSON(text) }

  private mutating func add(_ turn: ClientTurn) throws(Refusal) {
    for result in turn.results {
      guard result.content.images.isEmpty else { throw Refusal(.toolResultImage, "a result of \(Shown.word(result.name))") }
      messages.append([
        "role": "tool", "name": JSON(result.name), "tool_call_id": JSON(result.id), "content": text(result.content.text(image: "")),
      ])
    }
    // System texts between have no place of their own.
    var said = Content()
    for segment in turn.segments { said.append(segment.content, separator: "\n\n") }
    if !said.isEmpty { messages.append(["role": "user", "content": try content(said)]) }
  }

  private mutating func content(_ content: Content) throws(Refusal) -> JSON {
    guard hasImages else { return JSON(content.text(image: "")) }
    var parts: [JSON] = []
    for part in content.parts {
      switch part {
      case .text(let text): parts.append(["type": "text", "text": JSON(text)])
      case .image(let picture):
        guard picture.file != nil else { throw Refusal(.imageNotMaterialised, "an image that is an address") }
        images.append(picture)
        parts.append(["type": "image"])
      }
    }
    return .array(parts)
  }

  private mutating func add(_ turn: ModelTurn, isLast: Bool) {
    var members: [(String, JSON)] = [("role", "assistant")]
    if !turn.reasoning.isEmpty, options.reasoning != .drop { members.append(("reasoning_content", JSON(turn.reasoning))) }
    members.append(("content", text(turn.text)))
    if !turn.calls.isEmpty { members.append(("tool_calls", .array(turn.calls.map { call($0) }))) }
    if hasTextArguments, options.loss == .last { members.append(("train", JSON(isLast))) }
    messages.append(.object(members))
  }

  private func call(_ call: CallTurn) -> JSON {
    // nil can't be: the sample's arguments are JSON objects.
    let arguments = (try? JSON(parsing: call.arguments)) ?? [:]
    var writer = JSONWriter(capacity: 128 + call.arguments.utf8.count)
    writer.beginObject()
    writer.member("type", "function")
    writer.member("id", call.id)
    writer.key("function")
    writer.beginObject()
    writer.member("name", call.name)
    writer.key("arguments")
    if hasTextArguments { writer.value(CleanJSON.text(arguments)) } else { CleanJSON.write(arguments, &writer) }
    writer.endObject()
    writer.endObject()
    return writer.json()
  }
}

extension TRLMessages {
  /// The record.
  package var record: WrittenRecord {
    if options.loss == .last, !hasTextArguments { return recordOfLastTurn() }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("messages", .array(messages))
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, images: images)
  }

  func writeRest(_ writer: inout JSONWriter) {
    if !tools.isEmpty { writer.member("tools", tools) }
    if !images.isEmpty { writer.member("images", .array(images.map { JSON($0.file ?? "") })) }
  }
}

extension Sample {
  /// Whether any turn has an image.
  package var hasImages: Bool {
    turns.contains { turn in
      guard case .client(let client) = turn else { return false }
      return client.segments.contains { !$0.content.images.isEmpty } || client.results.contains { !$0.content.images.isEmpty }
    }
  }
}
