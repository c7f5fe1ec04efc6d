import Base

extension Sample {
  /// The sample with every text changed: system, contents, answers, thoughts, and the strings within arguments.
  func mapTexts(_ change: (String) -> String) -> Sample {
    var sample = self
    sample.system = change(system)
    sample.turns = turns.map { turn in
      switch turn {
      case .client(var turn):
        for position in turn.results.indices { turn.results[position].content = turn.results[position].content.mapTexts(change) }
        for position in turn.segments.indices { turn.segments[position].content = turn.segments[position].content.mapTexts(change) }
        return .client(turn)
      case .model(var turn):
        turn.text = change(turn.text)
        turn.reasoning = change(turn.reasoning)
        for position in turn.calls.indices { turn.calls[position].mapStrings(change) }
        return .model(turn)
      }
    }
    return sample
  }

  /// The sample with at most so many characters of each result.
  func truncatingResults(to limit: Int) -> Sample {
    var sample = self
    for position in sample.turns.indices {
      guard case .client(var turn) = sample.turns[position] else { continue }
      for result in turn.results.indices {
        turn.results[result].content = turn.results[result].content.mapTexts { $0.unicodeScalars.count > limit ? $0.cut(to: limit) : $0 }
      }
      sample.turns[position] = .client(turn)
    }
    return sample
  }

  /// Whether a tool is called.
  var hasCalls: Bool {
    turns.contains { if case .model(let turn) = $0 { !turn.calls.isEmpty } else { false } }
  }

  /// All calls.
  var calls: [CallTurn] {
    turns.flatMap { turn -> [CallTurn] in if case .model(let turn) = turn { turn.calls } else { [] } }
  }

  /// The model's last turn.
  var answer: ModelTurn? {
    if case .model(let turn)? = turns.last { turn } else { nil }
  }
}

extension String {
  /// The first so many code points, and a sign that there were more.
  fileprivate func cut(to limit: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(limit))) + "..." }
}

extension CallTurn {
  /// Changes the strings within the arguments; what has none stays byte by byte.
  mutating func mapStrings(_ change: (String) -> String) {
    guard let json = try? JSON(parsing: arguments) else { return }  // nil can't be: the sample's arguments are JSON objects
    var isChanged = false
    var writer = JSONWriter(capacity: arguments.utf8.count)
    Self.write(json, &writer) { text in
      let changed = change(text)
      isChanged = isChanged || changed != text
      return changed
    }
    if isChanged { arguments = String(decoding: writer.bytes, as: UTF8.self) }
  }

  private static func write(_ json: JSON, _ writer: inout JSONWriter, _ change: (String) -> String) {
    switch json.kind {
    case .object:
      writer.beginObject()
      for (name, value) in CleanJSON.members(json) {
        writer.key(name)
        write(value, &writer, change)
      }
      writer.endObject()
    case .array:
      writer.beginArray()
      for element in json.elements { write(element, &writer, change) }
      writer.endArray()
    case .string: writer.value(change(json.string ?? ""))
    default: writer.value(json)
    }
  }
}
