package import Base

/// OpenAI's form for fine-tuning. Source: formats/datasets.md §5 and §9.2.
package struct OpenAIMessages {
  /// The messages, each an object.
  package private(set) var messages: [JSON] = []
  /// What was changed.
  package private(set) var warnings: Set<Warning> = []

  private let sample: Sample
  private let options: FormatOptions

  /// The record of a sample. Throws why it has none in this format.
  package init(_ sample: Sample, _ options: FormatOptions = FormatOptions()) throws(Refusal) {
    self.sample = sample
    self.options = options
    if !sample.system.isEmpty { messages.append(["role": "system", "content": JSON(sample.system)]) }
    for (position, turn) in sample.turns.enumerated() {
      switch turn {
      case .client(let turn): try add(turn)
      case .model(let turn): add(turn, isLast: position == sample.turns.count - 1)
      }
    }
  }

  private mutating func add(_ turn: ClientTurn) throws(Refusal) {
    for result in turn.results {
      guard result.content.images.isEmpty else { throw Refusal(.toolResultImage, "a result of \(Shown.word(result.name))") }
      messages.append(["role": "tool", "tool_call_id": JSON(result.id), "content": JSON(result.content.text(image: ""))])
    }
    for segment in turn.segments {
      messages.append(["role": segment.isSystem ? "system" : "user", "content": try content(segment.content)])
    }
  }

  private func content(_ content: Content) throws(Refusal) -> JSON {
    guard !content.images.isEmpty else { return JSON(content.text(image: "")) }
    var parts: [JSON] = []
    for part in content.parts {
      switch part {
      case .text(let text): parts.append(["type": "text", "text": JSON(text)])
      case .image(let picture): parts.append(["type": "image_url", "image_url": ["url": JSON(try Self.address(picture))]])
      }
    }
    return .array(parts)
  }

  static func address(_ picture: Picture) throws(Refusal) -> String {
    switch picture.source {
    case .data(let base64, let type): return "data:\(type);base64,\(base64)"
    case .url(let url) where url.hasPrefix("https://") || url.hasPrefix("http://"): return url
    case .url, .kept: throw Refusal(.imageNotMaterialised, "an image that its vendor keeps")
    }
  }

  private mutating func add(_ turn: ModelTurn, isLast: Bool) {
    var members: [(String, JSON)] = [("role", "assistant")]
    if !turn.reasoning.isEmpty {
      if options.reasoning == .split {
        members.append(("reasoning_content", JSON(turn.reasoning)))
      } else {
        warnings.insert(.reasoningDropped)
      }
    }
    members.append(("content", turn.text.isEmpty && !turn.calls.isEmpty ? .null : JSON(turn.text)))
    if !turn.calls.isEmpty { members.append(("tool_calls", .array(turn.calls.map(Self.call)))) }
    if options.loss == .last { members.append(("weight", JSON(isLast ? 1 : 0))) }
    messages.append(.object(members))
  }

  private static func call(_ call: CallTurn) -> JSON {
    [
      "id": JSON(call.id), "type": "function", "function": ["name": JSON(call.name), "arguments": JSON(call.arguments)],
    ]
  }
}

extension OpenAIMessages {
  /// The record.
  package var record: WrittenRecord {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("messages", .array(messages))
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings)
  }

  func writeRest(_ writer: inout JSONWriter) {
    if !sample.tools.isEmpty { writer.member("tools", .array(sample.tools.map(\.json))) }
    if let parallel = sample.parallelCalls { writer.member("parallel_tool_calls", parallel) }
  }
}
