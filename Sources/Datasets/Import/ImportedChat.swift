import Base

/// A record of any format as the messages of a Chat exchange: what went before, and the answer.
struct ImportedChat {
  /// Chat messages; the last one is the model's.
  var messages: [JSON] = []
  /// Definitions of tools.
  var tools: [JSON] = []
  var parallelCalls: Bool?
  /// The other answer of a pair.
  var rejected: JSON?
  /// Whether the answer is wanted; nil where that was not said.
  var isWanted: Bool?

  /// Why a line is no record.
  struct Mistake: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// Reads a record by its members. `images` gives the data URL of an image beside the file.
  init(_ record: JSON, images: (String) -> String?) throws(Mistake) {
    guard record.kind == .object else { throw Mistake("no JSON object") }
    var places: [String] = []
    for image in (record["images"] ?? .null).elements {
      guard let name = image.string ?? image["path"]?.string, let url = images(name) else { throw Mistake("an image can't be read") }
      places.append(url)
    }
    var pictures = places[...]
    parallelCalls = (record["parallel_tool_calls"] ?? record.at("input.parallel_tool_calls"))?.bool
    tools = try Self.tools(record["tools"] ?? record.at("input.tools"))
    if let turns = record["conversations"] {
      try readTurns(turns, record, &pictures)
    } else if record["instruction"] != nil {
      readAlpaca(record)
    } else if let prompt = record["prompt"] ?? record.at("input.messages") {
      try readPrompt(prompt, record, &pictures)
    } else if let list = record["messages"] {
      try readMessages(list, record, &pictures)
    } else {
      throw Mistake("none of conversations, messages, prompt, input, instruction")
    }
    guard pictures.isEmpty else { throw Mistake("more images than places for them") }
    guard messages.last?["role"]?.string == "assistant" else { throw Mistake("the last turn is not the model's") }
  }

  /// A JSON text or a list of definitions, with or without their envelope.
  private static func tools(_ value: JSON?) throws(Mistake) -> [JSON] {
    guard let value, !value.isNull else { return [] }
    guard let text = value.string else { return Array(value.elements) }
    guard text.utf8.contains(where: { $0 > 32 }) else { return [] }
    guard let list = try? JSON(parsing: text), list.kind == .array else { throw Mistake("tools are no JSON array") }
    return list.elements.map { $0["function"] == nil ? ["type": "function", "function": $0] : $0 }
  }

  // MARK: ShareGPT

  private mutating func readTurns(_ turns: JSON, _ record: JSON, _ pictures: inout ArraySlice<String>) throws(Mistake) {
    if let system = record["system"]?.string, !system.isEmpty { messages.append(["role": "system", "content": JSON(system)]) }
    var reader = ShareGPTReader(pictures)
    for turn in turns.elements { try reader.read(turn) }
    if let chosen = record["chosen"]?.present { try reader.read(chosen) }
    pictures = reader.pictures
    messages += reader.messages
    if let rejected = record["rejected"]?.present {
      var other = ShareGPTReader([])
      try other.read(rejected)
      self.rejected = other.messages.last
    }
    isWanted = record["kto_tag"]?.bool
  }

  // MARK: Alpaca

  private mutating func readAlpaca(_ record: JSON) {
    if let system = record["system"]?.string, !system.isEmpty { messages.append(["role": "system", "content": JSON(system)]) }
    for pair in (record["history"] ?? .null).elements {
      let texts = pair.elements.map { $0.string ?? "" }
      guard texts.count == 2 else { continue }
      messages += [Self.user(texts[0]), ShareGPTReader.answer(texts[1])]
    }
    let question = [record["instruction"]?.string ?? "", record["input"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: "\n")
    messages += [Self.user(question), ShareGPTReader.answer(record["output"]?.string ?? "")]
  }

  private static func user(_ text: String) -> JSON { ["role": "user", "content": JSON(text)] }

  // MARK: Messages

  private mutating func readPrompt(_ prompt: JSON, _ record: JSON, _ pictures: inout ArraySlice<String>) throws(Mistake) {
    var list = Array(prompt.elements)
    list += Array((record["completion"] ?? record["chosen"] ?? record["preferred_output"] ?? .null).elements)
    try readMessages(.array(list), record, &pictures)
    if let rejected = record["rejected"] ?? record["non_preferred_output"] {
      var none: ArraySlice<String> = []
      var reader = MessageReader(hasImages: record["images"]?.count ?? 0 > 0)
      for message in rejected.elements { try reader.read(message, &none) }
      self.rejected = reader.ended.last
    }
  }

  private mutating func readMessages(_ list: JSON, _ record: JSON, _ pictures: inout ArraySlice<String>) throws(Mistake) {
    var reader = MessageReader(hasImages: !pictures.isEmpty)
    for message in list.elements { try reader.read(message, &pictures) }
    messages = reader.ended
    isWanted = record["label"]?.bool
    if let rejected = record["rejected_messages"]?.present {
      var other = MessageReader(hasImages: false)
      var none = (record["images"] ?? .null).elements.compactMap { _ in "data:" }[...]
      for message in rejected.elements { try other.read(message, &none) }
      self.rejected = other.ended.last
    }
  }
}
