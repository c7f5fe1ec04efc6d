import Base

/// What the stream decoder and the decoder of whole replies share: the head, blocks, usage and the end of a Messages reply.
/// Source: wire-formats §3.3, §7.1.
struct AnthropicReading: Sendable {
  private enum Kind: Sendable { case text, reasoning, call, skipped }

  /// A block while it is open.
  private struct Block: Sendable {
    var number: Int
    var kind: Kind
    /// Nil until it has something: an empty text or thought is no part.
    var place: Place?
    /// A call's arguments that came at once.
    var input: JSON?
    /// Where its text begins in the joined text, in code points.
    var start = 0
    var citations: [Citation] = []
    var hasLostCitation = false
  }

  /// The wire has one open block at a time; an upstream that closes none must not cost more with each.
  private static let mostOpen = 32

  private let finishWords: [String: FinishReason]
  private var open: [Block] = []
  private var parts = 0
  private var calls = 0
  private var codePoints = 0
  private var hasStarted = false
  private var counted = AnthropicUsage()
  private(set) var isFinished = false
  /// Whether it has text or a call. Reasoning alone is nothing to show.
  private(set) var hasContent = false

  init(_ finishWords: [String: FinishReason]) {
    self.finishWords = finishWords
  }

  // MARK: Head, usage and end

  /// Reads the message as it begins.
  mutating func start(_ message: JSON, isWhole: Bool, _ events: inout [Event]) {
    guard !hasStarted else { return }
    hasStarted = true
    func text(_ name: String) -> String? { message[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    events.append(.start(ReplyHead(id: text("id"), model: text("model"))))
    events.append(.candidate(0))
    if !isWhole { usage(message["usage"], &events) }
  }

  /// Reads totals of tokens.
  mutating func usage(_ json: JSON?, _ events: inout [Event]) {
    guard json != nil else { return }
    counted.merge(json)
    if let total = counted.total { events.append(.usage(total)) }
  }

  /// Ends the reply for the reason that stands in a delta or a whole message. `.broken` for a reason that isn't known while nothing came.
  mutating func finish(_ message: JSON, _ events: inout [Event]) throws(Fault) {
    guard let word = message["stop_reason"]?.string, !word.isEmpty, !isFinished else { return }
    guard let reason = finishWords[word] ?? FinishReason(messages: word) else {
      guard hasContent else {
        let name = Redaction.clean(String(word.prefix(64))) ?? ""
        throw Fault(.broken, "The upstream gave up with the stop reason \"\(name)\".", detail: "stop_reason \(name)")
      }
      events.append(.loss(Loss("stop_reason", .downgraded)))
      return finish(.stop, &events)
    }
    if reason == .filter { refuse(message["stop_details"], &events) }
    finish(reason, sequence: message["stop_sequence"]?.string, &events)
  }

  /// Ends the reply; the presence of calls decides between an ordinary end and one that calls. Source: wire-formats §9.
  mutating func finish(_ reason: FinishReason, sequence: String? = nil, _ events: inout [Event]) {
    guard !isFinished else { return }
    begin(&events)
    for block in open { close(block, &events) }
    open = []
    isFinished = true
    var reason = reason
    if reason == .stop, calls > 0 { reason = .tool } else if reason == .tool, calls == 0 { reason = .stop }
    events.append(.finish(candidate: 0, reason, sequence: sequence))
  }

  /// The explanation is a part of its own. Source: wire-formats §7.2.
  private mutating func refuse(_ details: JSON?, _ events: inout [Event]) {
    if let category = details?["category"], !category.isNull { events.append(.loss(Loss("stop_details.category", .dropped))) }
    guard let text = details?["explanation"]?.string, !text.isEmpty else { return }
    for block in open { close(block, &events) }
    open = []
    let place = newPlace()
    events += [.open(place, .refusal("")), .delta(place, text), .close(place)]
  }

  /// A reply whose head never came begins with what did.
  private mutating func begin(_ events: inout [Event]) {
    if !hasStarted { start(.null, isWhole: true, &events) }
  }

  private mutating func newPlace() -> Place {
    defer { parts += 1 }
    return Place(0, parts)
  }
}

extension AnthropicReading {
  // MARK: Blocks

  /// Reads a block as it begins, or a whole one.
  mutating func blockStart(_ number: Int, _ block: JSON, _ events: inout [Event]) {
    guard !isFinished else { return }
    begin(&events)
    if let stale = open.firstIndex(where: { $0.number == number }) { close(open.remove(at: stale), &events) }
    if open.count == Self.mostOpen { close(open.removeFirst(), &events) }
    var new = Block(number: number, kind: .skipped, start: codePoints)
    switch block["type"]?.string {
    case "text":
      new.kind = .text
      grow(&new, block["text"]?.string ?? "", &events)
      for citation in block["citations"]?.elements ?? JSON.null.elements { cite(&new, citation, &events) }
    case "thinking":
      new.kind = .reasoning
      grow(&new, block["thinking"]?.string ?? "", &events)
      sign(&new, block["signature"]?.string, .anthropic, &events)
    case "redacted_thinking":
      new.kind = .reasoning
      sign(&new, block["data"]?.string, .anthropicRedacted, &events)
    case "tool_use": call(&new, block, &events)
    default: events.append(.loss(Loss("content[\(number)]", .dropped)))
    }
    open.append(new)
  }

  /// Reads what a block grows by. Kinds of deltas that aren't known are nothing.
  mutating func blockDelta(_ number: Int, _ delta: JSON, _ events: inout [Event]) {
    guard !isFinished else { return }
    let type = delta["type"]?.string
    if !open.contains(where: { $0.number == number }) { blockStart(unannounced: number, type, &events) }
    guard let index = open.firstIndex(where: { $0.number == number }) else { return }
    var block = open[index]
    switch (type, block.kind) {
    case ("text_delta", .text): grow(&block, delta["text"]?.string ?? "", &events)
    case ("thinking_delta", .reasoning): grow(&block, delta["thinking"]?.string ?? "", &events)
    case ("signature_delta", .reasoning): sign(&block, delta["signature"]?.string, .anthropic, &events)
    case ("citations_delta", .text): cite(&block, delta["citation"] ?? .null, &events)
    case ("input_json_delta", .call):
      guard let place = block.place, let piece = delta["partial_json"]?.string, !piece.isEmpty else { return }
      block.input = nil
      events.append(.delta(place, piece))
    default: break
    }
    open[index] = block
  }

  /// Ends a block.
  mutating func blockStop(_ number: Int, _ events: inout [Event]) {
    guard let index = open.firstIndex(where: { $0.number == number }) else { return }
    close(open.remove(at: index), &events)
  }

  /// Some upstreams forget to announce a text.
  private mutating func blockStart(unannounced number: Int, _ type: String?, _ events: inout [Event]) {
    guard type == "text_delta" || type == "thinking_delta" else { return }
    blockStart(number, ["type": type == "text_delta" ? "text" : "thinking"], &events)
  }

  private mutating func call(_ block: inout Block, _ json: JSON, _ events: inout [Event]) {
    block.kind = .call
    var id = json["id"]?.string ?? ""
    if id.isEmpty {
      id = Identifier.make("toolu_")
      events.append(.loss(Loss("content[\(block.number)].id", .synthesized)))
    }
    let place = newPlace()
    block.place = place
    if let input = json["input"], !input.isNull, input.count > 0 || input.kind != .object { block.input = input }
    calls += 1
    hasContent = true
    events.append(.open(place, .call(ToolCall(id: id, name: json["name"]?.string ?? ""))))
  }

  private mutating func grow(_ block: inout Block, _ text: String, _ events: inout [Event]) {
    guard !text.isEmpty else { return }
    let place = place(&block, &events)
    if block.kind == .text {
      hasContent = true
      codePoints += text.unicodeScalars.count
    }
    events.append(.delta(place, text))
  }

  private mutating func sign(_ block: inout Block, _ text: String?, _ origin: Signature.Origin, _ events: inout [Event]) {
    guard let text, !text.isEmpty else { return }
    let place = place(&block, &events)
    events.append(.signature(place, Signature(envelope: text) ?? Signature(origin, text)))
  }

  /// The part of a text or thought; it opens with its first content.
  private mutating func place(_ block: inout Block, _ events: inout [Event]) -> Place {
    if let place = block.place { return place }
    let place = newPlace()
    block.place = place
    events.append(.open(place, block.kind == .text ? .text("") : .reasoning(Reasoning())))
    return place
  }

  /// Keeps a reference to a page until the text that it belongs to is whole. References to documents have no address to tell.
  private func cite(_ block: inout Block, _ citation: JSON, _ events: inout [Event]) {
    guard let url = citation["url"]?.string, !url.isEmpty else {
      if !block.hasLostCitation { events.append(.loss(Loss("content[\(block.number)].citations", .dropped))) }
      block.hasLostCitation = true
      return
    }
    block.citations.append(Citation(url: url, title: citation["title"]?.string, quote: citation["cited_text"]?.string))
  }

  private mutating func close(_ block: Block, _ events: inout [Event]) {
    guard let place = block.place else { return }
    if let input = block.input { events.append(.delta(place, ArgumentText.compact(input))) }
    for var citation in block.citations {
      citation.range = block.start..<codePoints
      events.append(.citation(place, citation))
    }
    events.append(.close(place))
  }
}
