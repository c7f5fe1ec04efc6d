import Base

/// ShareGPT as LLaMA-Factory reads it. Source: formats/datasets.md §2 and §9.2.
package struct ShareGPT {
  /// One turn.
  package struct Turn: Sendable {
    /// `human`, `gpt`, `function_call` or `observation`.
    package var from: String
    /// What is said, as it is written.
    package var value: String
  }

  /// The turns.
  package private(set) var turns: [Turn] = []
  /// The system text; empty without one.
  package private(set) var system = ""
  /// The tools' JSON text; empty without any.
  package private(set) var tools = ""
  /// The images in the order of their places.
  package private(set) var images: [Picture] = []
  /// What was changed.
  package private(set) var warnings: Set<Warning> = []

  private var escape = TagEscape()
  private let options: FormatOptions

  /// Between two results of one round. Source: LLaMA-Factory's reader of OpenAI messages.
  static let resultSeparator = "\n</tool_response>\n<tool_response>\n"

  /// The record of a sample. Throws why it has none in this format.
  package init(_ sample: Sample, _ options: FormatOptions = FormatOptions()) throws(Refusal) {
    self.options = options
    var turns = sample.turns[...]
    if turns.first?.isModel == true {
      turns.removeFirst()
      warnings.insert(.leadingAssistantDropped)
    }
    if case .client(let first)? = turns.first, !first.results.isEmpty {
      throw Refusal(.roleOrder, "the conversation begins with a tool's result")
    }
    for turn in turns {
      switch turn {
      case .client(let turn): try add(turn)
      case .model(let turn): add(turn)
      }
    }
    guard turns.count % 2 == 0, !turns.isEmpty else { throw Refusal(.roleOrder, "\(turns.count) turns") }
    system = escape.media(sample.system)
    if !sample.tools.isEmpty { tools = "[\(sample.tools.map(\.json.description).joined(separator: ","))]" }
    if escape.hasMedia { warnings.insert(.mediaTagEscaped) }
  }

  private mutating func add(_ turn: ClientTurn) throws(Refusal) {
    var said: [String] = []
    for segment in turn.segments { said.append(try text(segment.content)) }
    guard !turn.results.isEmpty else { return turns.append(Turn(from: "human", value: said.joined(separator: "\n\n"))) }
    var results: [String] = []
    for result in turn.results { results.append(try text(result.content)) }
    if !said.isEmpty { warnings.insert(.userTextMerged) }
    let value = ([results.joined(separator: Self.resultSeparator)] + said).joined(separator: "\n\n")
    turns.append(Turn(from: "observation", value: value))
  }

  private mutating func text(_ content: Content) throws(Refusal) -> String {
    for picture in content.images {
      guard picture.file != nil else { throw Refusal(.imageNotMaterialised, "an image that is an address") }
      images.append(picture)
    }
    return content.text(image: "<image>") { escape.media($0) }
  }

  private mutating func add(_ turn: ModelTurn) {
    let thought = turn.reasoning.isEmpty || options.reasoning == .drop ? "" : "<think>\n\(turn.reasoning)\n</think>\n\n"
    guard !turn.calls.isEmpty else { return turns.append(Turn(from: "gpt", value: escape.media(thought + turn.text))) }
    let calls = CallText.json(turn.calls)
    let text = options.keepsTextBesideCalls ? turn.text.withoutTrailingNewlines : ""
    let before = escape.besideCall(thought + text)
    let value = text.isEmpty ? before + calls : "\(before)\n<tool_call>\(calls)</tool_call>"
    turns.append(Turn(from: "function_call", value: value))
  }
}

extension ShareGPT {
  /// The record.
  package var record: WrittenRecord {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("conversations")
    Self.write(turns[...], &writer)
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings, images: images)
  }

  static func write(_ turns: ArraySlice<Turn>, _ writer: inout JSONWriter) {
    writer.beginArray()
    for turn in turns { write(turn, &writer) }
    writer.endArray()
  }

  static func write(_ turn: Turn, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("from", turn.from)
    writer.member("value", turn.value)
    writer.endObject()
  }

  func writeRest(_ writer: inout JSONWriter) {
    writer.member("system", system)
    writer.member("tools", tools)
    if !images.isEmpty { writer.member("images", .array(images.map { JSON($0.file ?? "") })) }
  }
}
