import Base

/// Makes turns of messages: neighbours are merged, results find their calls. Source: formats/datasets.md §9.1.
struct TurnBuilder {
  private(set) var system: [String] = []
  private var turns: [SampleTurn] = []
  private let declared: [String: ToolDefinition]
  /// Calls of the last turn of the model that have no result yet, by their position.
  private var open: [Int] = []

  init(_ tools: [ToolDefinition]) {
    declared = Dictionary(tools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  // MARK: Messages

  mutating func add(_ message: Spoken, _ notes: inout Notes) {
    switch message.side {
    case .system: addSystem(Content(message.parts), &notes)
    case .client: addClient(message.parts, &notes)
    case .model: addModel(ModelText(history: message), &notes)
    }
  }

  private mutating func addSystem(_ content: Content, _ notes: inout Notes) {
    if !content.images.isEmpty { notes.refuse(.unsupportedMedia, "an image in a system text") }
    let text = content.text(image: "")
    guard !text.isEmpty else { return }
    guard !turns.isEmpty else { return system.append(text) }
    notes.warn(.midSystem)
    editClient { $0.segments.append(ClientTurn.Segment(isSystem: true, content: Content(text))) }
  }

  private mutating func addClient(_ parts: [SpokenPart], _ notes: inout Notes) {
    for case .result(let result) in parts { addResult(result, &notes) }
    let content = Content(parts)
    guard !content.isEmpty else { return }
    editClient { turn in
      guard let last = turn.segments.indices.last, !turn.segments[last].isSystem else {
        return turn.segments.append(ClientTurn.Segment(content: content))
      }
      notes.warn(.consecutiveMerged)
      turn.segments[last].content.append(content, separator: "\n\n")
    }
  }

  private mutating func editClient(_ edit: (inout ClientTurn) -> Void) {
    if case .client(var turn)? = turns.last {
      edit(&turn)
      turns[turns.count - 1] = .client(turn)
    } else {
      var turn = ClientTurn()
      edit(&turn)
      turns.append(.client(turn))
    }
  }

  private mutating func addModel(_ turn: ModelText, isReply: Bool = false, _ notes: inout Notes) {
    guard !turn.isEmpty || isReply else { return }
    endOfResults(&notes)
    if case .model(let before)? = turns.last {
      notes.warn(.consecutiveMerged)
      turns[turns.count - 1] = .model(before.merged(turn.turn))
    } else {
      turns.append(.model(turn.turn))
    }
    if case .model(let last)? = turns.last { open = Array(last.calls.indices) }
  }

  /// Adds the reply.
  mutating func add(_ answer: Answer, isPrefilled: Bool, _ notes: inout Notes) {
    let reply = ModelText(reply: answer)
    if reply.turn.text.unicodeScalars.allSatisfy({ $0.value <= 32 || $0.properties.isWhitespace }), reply.turn.calls.isEmpty {
      notes.refuse(.noAssistantOutput, "neither text nor a call")
    }
    check(reply.turn.calls, &notes)
    if isPrefilled, case .model(let begun)? = turns.last {
      notes.warn(.prefillMerged)
      turns[turns.count - 1] = .model(begun.continued(reply))
    } else {
      // One that says nothing is a turn as well: what was cut before its first word is no beginning of another conversation.
      addModel(reply, isReply: true, &notes)
    }
    open = []
  }

  // MARK: Results

  private mutating func addResult(_ result: SpokenResult, _ notes: inout Notes) {
    guard let position = call(of: result), case .model(let turn)? = turns.last(where: \.isModel) else {
      return notes.refuse(.toolResultOrphan, "a result for \(Shown.word(result.id ?? result.name))")
    }
    open.removeAll { $0 == position }
    let call = turn.calls[position]
    editClient { client in
      if let last = client.results.last, last.call > position { notes.warn(.toolResultsReordered) }
      client.results.append(ResultTurn(id: call.id, name: call.name, content: result.content, call: position))
      client.results.sort { $0.call < $1.call }
    }
  }

  /// The open call that a result answers: by id, else by name where the wire has names, else the next one.
  private func call(of result: SpokenResult) -> Int? {
    guard case .model(let turn)? = turns.last(where: \.isModel) else { return nil }
    if let id = result.id {
      if let known = open.first(where: { turn.calls[$0].id == id && (!result.isByName || turn.calls[$0].name == result.name) }) {
        return known
      }
      if let known = open.first(where: { turn.calls[$0].id == id }) { return known }
    }
    let nameless = open.filter { turn.calls[$0].id.isEmpty || result.id == nil }
    return result.isByName ? nameless.first { turn.calls[$0].name == result.name } : nameless.first
  }

  private mutating func endOfResults(_ notes: inout Notes) {
    if case .client? = turns.last, !open.isEmpty { notes.refuse(.toolCallUnanswered, "\(open.count) calls without a result") }
  }

  // MARK: The end

  /// The reply's calls fit what was declared.
  private func check(_ calls: [CallTurn], _ notes: inout Notes) {
    for call in calls {
      guard let tool = declared[call.name] else {
        notes.refuse(.toolCallUndeclared, Shown.word(call.name))
        continue
      }
      guard let arguments = try? JSON(parsing: call.argumentText), arguments.kind == .object else { continue }  // told elsewhere
      if let mistake = ArgumentCheck.mistake(in: arguments, tool.parameters) {
        notes.refuse(.toolArgsSchema, "\(Shown.word(call.name)): \(mistake)")
      }
    }
  }

  /// The turns, with ids and arguments as they are written.
  func finished(_ notes: inout Notes) -> [SampleTurn] {
    let hasUser = turns.contains { turn in
      if case .client(let client) = turn { client.segments.contains { !$0.isSystem } } else { false }
    }
    if !hasUser { notes.refuse(.noUserTurn, "no message of a user") }
    noteHistory(&notes)
    var ids = CallNames(turns)
    if ids.areReplaced { notes.warn(.toolIDsReassigned) }
    return turns.map { ids.named($0, &notes) }
  }

  private func noteHistory(_ notes: inout Notes) {
    for case .model(let turn) in turns.dropLast() where turn.calls.contains(where: { declared[$0.name] == nil }) {
      notes.warn(.undeclaredToolInHistory)
    }
  }
}

extension SampleTurn {
  /// Whether it is the model's.
  package var isModel: Bool { if case .model = self { true } else { false } }
}

/// Gives calls the ids that they are written with: their own, or new ones for all where one has none or one comes twice.
struct CallNames {
  let areReplaced: Bool
  private var next = 1
  private var last: [String] = []

  init(_ turns: [SampleTurn]) {
    var seen: Set<String> = []
    var areReplaced = false
    for case .model(let turn) in turns {
      for call in turn.calls where call.id.isEmpty || !seen.insert(call.id).inserted { areReplaced = true }
    }
    self.areReplaced = areReplaced
  }

  mutating func named(_ turn: SampleTurn, _ notes: inout Notes) -> SampleTurn {
    switch turn {
    case .model(var model):
      for position in model.calls.indices {
        if areReplaced {
          model.calls[position].id = "call_\(next)"
          next += 1
        }
        model.calls[position].finishArguments(&notes)
      }
      last = model.calls.map(\.id)
      return .model(model)
    case .client(var client):
      for position in client.results.indices where last.indices.contains(client.results[position].call) {
        client.results[position].id = last[client.results[position].call]
      }
      return .client(client)
    }
  }
}

extension CallTurn {
  /// The arguments, `{}` where there are none.
  var argumentText: String { arguments.utf8.contains { $0 > 32 } ? arguments : "{}" }

  /// Makes the arguments such as can be written; what is no JSON object is refused.
  mutating func finishArguments(_ notes: inout Notes) {
    var bytes = Array(argumentText.utf8)
    if let repaired = Surrogates.repaired(bytes) {
      notes.warn(.invalidUnicodeReplaced)
      bytes = repaired
    }
    arguments = String(decoding: bytes, as: UTF8.self)
    guard let json = try? JSON(parsing: bytes), json.kind == .object else {  // nil is right: a model may write anything
      return notes.refuse(.toolCallBadJSON, "the arguments of \(Shown.word(name)) are no JSON object")
    }
  }
}
