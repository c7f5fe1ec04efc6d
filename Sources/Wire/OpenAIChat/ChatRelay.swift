package import Base

/// Hands a Chat stream on to a Chat client, frame by frame: most bytes go through as they came.
///
/// Changed are: the model's name, which is the one the client asked for; usage, which goes out only if the client asked; finish words that
/// the provider file translates; and what is no plain event of the standard. The end marker is held until `end()` has seen that the stream
/// is complete. On the side it reads usage and finish reasons. Completions streams work the same. Source: wire-formats §2.1, §4, §7.
package struct ChatRelay: Sendable {
  private let model: [UInt8]
  private let showsUsage: Bool
  private let finishWords: [String: FinishReason]
  private let endMeansStop: Bool
  private let rules: RelayRules

  private var started: UInt128 = 0
  private var finished: UInt128 = 0
  private var usageText: ArraySlice<UInt8>?
  private var last: ArraySlice<UInt8> = []
  private var hasSentUsage = false
  private var likeness: ChunkLikeness?
  /// Takes over where a chunk has its text or reasoning in a place that Chat clients don't look at: from there on all goes through events.
  private var translation: TranslatingRelay?
  /// The calls that have begun, by choice and index.
  private var calls: Set<[Int]> = []
  private var isVisible = false
  /// Whether the end marker came.
  package private(set) var isDone = false
  /// Whether anything came that a client can use: content of any kind, or a finish reason. Until then another upstream may be tried.
  package private(set) var isUseful = false
  /// Why each choice ended.
  package private(set) var finishes: [Int: FinishReason] = [:]
  /// The client's name of the model.
  private let name: String

  /// A relay to a client that asked for `model`.
  ///
  /// `showsUsage`: the client asked for `stream_options.include_usage`. `finishWords`: the provider file's `response.finish`.
  /// `endMeansStop`: its `response.eof` is `stop`.
  package init(
    model: String, showsUsage: Bool, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = [], endMeansStop: Bool = false
  ) {
    var name: [UInt8] = []
    JSONWriter.escape(model, into: &name)
    self.model = name
    self.name = model
    self.showsUsage = showsUsage
    self.finishWords = finishWords
    self.rules = RelayRules(rules)
    self.endMeansStop = endMeansStop
  }

  /// The last total of tokens that the upstream told, nil when it told none.
  package var usage: Usage? {
    // Text that can't be read is no usage: a count must not break a reply.
    translation?.usage ?? usageText.flatMap { try? JSON(parsing: Array($0)) }.flatMap { Usage(chat: $0) }
  }

  /// Takes a frame in; gives the bytes for the client, which may be none. Throws what an error in the stream means, `.broken` for no JSON.
  package mutating func relay(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    if translation != nil { return try translate(frame) }
    switch frame.kind {
    case .data: return frame.event == "ping" ? [] : try chunk(frame)
    case .comment: return frame.raw
    case .heartbeat: return []
    case .done:
      isDone = true
      return []
    }
  }

  /// Ends the stream; gives the last bytes for the client. `.broken` when the upstream's answer is not complete.
  package mutating func end() throws(Fault) -> [UInt8] {
    if var relay = translation {
      translation = nil
      return try relay.end()
    }
    // An upstream that sends the end marker has said that it is done, with or without a finish reason. Source: official.md §14.5.
    let isComplete = isDone ? isVisible || finished != 0 : finished != 0 && started == finished
    guard isComplete || (endMeansStop && isVisible) else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a finish reason")
    }
    var bytes: [UInt8] = []
    if !isComplete { writeFinishes(&bytes) }
    if showsUsage, !hasSentUsage, let usageText {
      write(&bytes) { writer in
        writer.key("choices")
        writer.beginArray()
        writer.endArray()
        if let usage = try? JSON(parsing: Array(usageText)) { writer.member("usage", usage) }  // nil is right: it can't be told then
      }
    }
    return bytes + Array("data: [DONE]\n\n".utf8)
  }

  private mutating func chunk(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    if let likeness, frame.isStandard, frame.event == nil, likeness.fits(frame.data.span) {
      if endMeansStop || showsUsage { last = frame.data }
      return frame.raw
    }
    guard let scan = ChunkScan(frame.data.span), !scan.hasError, scan.hasChoices, !rules.look(into: scan) else {
      guard let scan = try RelayRules.inspect(frame, rules.all) else { return [] }
      return try hand(on: frame, scan)
    }
    return try hand(on: frame, scan)
  }

  /// Whether a call begins without an id, which clients need: it is made up on the way through events. Source: wire-formats §6.1.
  private mutating func hasNamelessCall(_ scan: ChunkScan, _ data: ArraySlice<UInt8>) -> Bool {
    guard scan.first?.calls != nil || scan.more.contains(where: { $0.calls != nil }) else { return false }
    for choice in [scan.first].compactMap(\.self) + scan.more {
      guard let range = choice.calls, let list = try? JSON(parsing: Array(data.part(range))) else { continue }  // nil is right: it passes
      for call in list.elements {
        guard let index = call["index"]?.int, !calls.contains([choice.index, index]) else {
          if call["index"]?.int == nil { return true }
          continue
        }
        guard call["id"]?.string?.isEmpty == false else { return true }
        calls.insert([choice.index, index])
      }
    }
    return false
  }

  private mutating func translate(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    guard var relay = translation else { return [] }
    translation = nil  // so that it changes in place
    let bytes = try relay.relay(frame)
    isUseful = isUseful || relay.isUseful
    if let finish = relay.finish { finishes[0] = finish }
    translation = relay
    return bytes
  }

  @inline(__always)
  private mutating func hand(on frame: Frame, _ scan: ChunkScan) throws(Fault) -> ArraySlice<UInt8> {
    if scan.isOdd || hasNamelessCall(scan, frame.data) {
      translation = TranslatingRelay(
        from: ChatStreamDecoder(finishWords: finishWords, rules: rules.all, endMeansStop: endMeansStop),
        to: ChatStreamEncoder(model: name, created: 0, showsUsage: showsUsage), tools: ToolNames(.chat))
      return try translate(frame)
    }
    var edits = RelayEdits()
    if let choice = scan.first { try note(choice, frame.data, &edits) }
    for choice in scan.more { try note(choice, frame.data, &edits) }
    if let usage = scan.usage {
      usageText = frame.data.part(usage)
      if showsUsage {
        hasSentUsage = hasSentUsage || scan.hasNoChoice
      } else {
        if scan.hasNoChoice { return [] }
        edits.remove(scan.usageName..<usage.upperBound)
      }
    }
    if let name = scan.model, !frame.data.part(name).elementsEqual(model) { edits.replace(name, with: model) }
    if endMeansStop || showsUsage { last = frame.data }
    guard !edits.isEmpty || !frame.isStandard || frame.event != nil else {
      if !rules.needEveryChunk { likeness = ChunkLikeness(frame.data, scan) }
      return frame.raw
    }
    return edits.event(frame.data)
  }

  private mutating func note(_ choice: ChunkScan.Choice, _ data: ArraySlice<UInt8>, _ edits: inout RelayEdits) throws(Fault) {
    let mark: UInt128 = 1 << UInt128(choice.index)
    started |= mark
    isUseful = isUseful || choice.hasContent
    isVisible = isVisible || choice.isVisible
    if let usage = choice.usage { usageText = data.part(usage) }
    guard let range = choice.finish else { return }
    let word = String(decoding: data.part(range), as: UTF8.self)
    let reason = try Self.reason(word, finishWords, hasContent: isVisible)
    if finishWords[word] != nil, reason.chat != word { edits.replace(range, with: Array(reason.chat.utf8)) }
    isUseful = true
    guard finished & mark == 0 else { return }
    finished |= mark
    finishes[choice.index] = reason
  }

  /// What a finish word means; a word that means that the upstream gave up is `.broken` while nothing came. Source: wire-formats §9.
  static func reason(_ word: String, _ words: [String: FinishReason], hasContent: Bool) throws(Fault) -> FinishReason {
    if let reason = words[word] ?? FinishReason(chat: word) { return reason }
    guard hasContent else {
      let name = Redaction.clean(String(word.prefix(64))) ?? ""
      throw Fault(.broken, "The upstream gave up with the finish reason \"\(name)\".", detail: "finish_reason \(name)")
    }
    return .stop
  }

  /// Writes a chunk for the choices that the upstream left open.
  private func writeFinishes(_ bytes: inout [UInt8]) {
    write(&bytes) { writer in
      writer.key("choices")
      writer.beginArray()
      for index in 0..<128 where (started & ~finished) >> UInt128(index) & 1 == 1 {
        writer.beginObject()
        writer.member("index", index)
        writer.member("delta", [:])
        writer.member("text", "")
        writer.member("finish_reason", "stop")
        writer.endObject()
      }
      writer.endArray()
    }
  }

  /// Writes a chunk of our own with the head of the last one.
  private func write(_ bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    guard let head = try? JSON(parsing: Array(last)) else { return }  // nil is right: nothing came that it could follow
    var writer = JSONWriter()
    writer.beginObject()
    for name in ["id", "object", "created"] {
      if let value = head[name] { writer.member(name, value) }
    }
    if let model = try? JSON(parsing: model) { writer.member("model", model) }  // always JSON
    members(&writer)
    writer.endObject()
    bytes += Array("data: ".utf8) + writer.bytes + Array("\n\n".utf8)
  }
}
