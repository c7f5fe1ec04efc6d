import Base

/// What the stream decoder and the decoder of whole replies share: heads, choices, usage and the end.
struct ChatReading: Sendable {
  private let dialect: Dialect
  private let finishWords: [String: FinishReason]
  private let rules: [ErrorRule]
  private var choices: [ChatChoice] = []
  private var alike: (likeness: ChunkLikeness, choice: Int)?
  /// How often in a row a likeness was of no use.
  private var misses = 0
  private let relayRules: RelayRules
  private var hasStarted = false

  init(_ dialect: Dialect, _ finishWords: [String: FinishReason], _ rules: [ErrorRule]) {
    self.dialect = dialect
    self.finishWords = finishWords
    self.rules = rules
    relayRules = RelayRules(rules)
  }

  /// Whether any choice has content.
  var hasContent: Bool { choices.contains(where: \.hasContent) }
  /// Whether every choice that started has its finish, and one did.
  var isFinished: Bool { !choices.isEmpty && choices.allSatisfy(\.isFinished) }

  /// Reads a chunk or a whole body. An error in it throws what it means; the content filter's after text is a finish.
  mutating func read(_ json: JSON, event: String?, isWhole: Bool) throws(Fault) -> [Event] {
    var events: [Event] = []
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: json, event: event), rules: rules) {
      guard fault.kind == .contentFilter, hasContent else { throw fault }
      finishAll(.filter, &events)
      return events
    }
    guard json.kind == .object else { return [] }
    start(json, &events)
    for choice in json["choices"]?.elements ?? JSON.null.elements { try read(choice, isWhole, &events) }
    if let usage = Usage(chat: json["usage"]) { events.append(.usage(usage)) }
    return events
  }

  /// Reads a frame of a stream.
  mutating func read(_ frame: Frame) throws(Fault) -> [Event] {
    if let alike, frame.event == nil, let text = alike.likeness.text(of: frame.data), !text.isEmpty {
      misses = 0
      var events: [Event] = []
      choices[alike.choice].read(text: text, &events)
      return events
    }
    let events = try read(frame.json(), event: frame.event, isWhole: false)
    learn(frame, events)
    return events
  }

  /// Remembers what a chunk looks like that made a text grow and did nothing else: one that differs from it in the text alone does the
  /// same, and needs no tape. Took 17,000 instructions a chunk with one, takes 3,000 without. Vendors whose chunks all differ, by padding
  /// or a time, are given up.
  private mutating func learn(_ frame: Frame, _ events: [Event]) {
    guard events.count == 1, case .delta(let place, _) = events[0], misses < 16, frame.event == nil else { return }
    misses += 1
    guard let scan = ChunkScan(frame.data.span), !relayRules.look(into: scan), let likeness = ChunkLikeness(frame.data, scan),
      let text = likeness.text(of: frame.data), let choice = choices.firstIndex(where: { $0.index == place.candidate }),
      choices[choice].isGrowth(events, by: text)
    else { return }
    alike = (likeness, choice)
  }

  /// Ends the choices that are still open.
  mutating func finishAll(_ reason: FinishReason, _ events: inout [Event]) {
    for position in choices.indices { choices[position].finish(reason, &events) }
  }

  private mutating func start(_ json: JSON, _ events: inout [Event]) {
    guard !hasStarted else { return }
    hasStarted = true
    func text(_ name: String) -> String? { json[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    var head = ReplyHead(id: text("id"), model: text("model"), created: json["created"]?.int)
    for name in ["system_fingerprint", "service_tier"] {
      if let value = json[name], !value.isNull { head.extra.append(ReplyHead.Extra(name, value)) }
    }
    events.append(.start(head))
  }

  private mutating func read(_ choice: JSON, _ isWhole: Bool, _ events: inout [Event]) throws(Fault) {
    let index = choice["index"]?.int ?? 0
    guard (0..<128).contains(index) else { return }  // more than the API allows
    let position = position(index, &events)
    try choices[position].read(choice, isWhole: isWhole, &events)
    if let word = choice["finish_reason"]?.string, !word.isEmpty {
      try finish(position, word, &events)
    } else if isWhole {
      choices[position].finish(.stop, &events)
    }
    if let usage = Usage(chat: choice["usage"]) { events.append(.usage(usage)) }
  }

  private mutating func finish(_ position: Int, _ word: String, _ events: inout [Event]) throws(Fault) {
    guard !choices[position].isFinished else { return }
    let reason = try ChatRelay.reason(word, finishWords, hasContent: choices[position].hasContent)
    if finishWords[word] == nil, FinishReason(chat: word) == nil { events.append(.loss(Loss("finish_reason", .downgraded))) }
    choices[position].finish(reason, &events)
  }

  private mutating func position(_ index: Int, _ events: inout [Event]) -> Int {
    if let known = choices.firstIndex(where: { $0.index == index }) { return known }
    choices.append(ChatChoice(index, dialect))
    events.append(.candidate(index))
    return choices.count - 1
  }
}
