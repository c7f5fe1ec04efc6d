import Base

/// One choice of a Chat reply while it is read: turns deltas of any dialect into events of parts.
///
/// At most one text, reasoning or refusal is open; it closes when another kind begins. Calls stay open until the choice ends, since
/// upstreams interleave them. Source: wire-formats §4, §7.1.
struct ChatChoice: Sendable {
  enum Kind: Sendable { case text, reasoning, refusal }

  let index: Int
  private let dialect: Dialect
  private var splitter: ThinkSplitter?
  private var open: (kind: Kind, place: Place)?
  private var next = 0
  private var calls = ChatCalls()
  private var lastReasoning: (place: Place, text: String)?
  private var lastText: Place?
  private var soFar = TextMark()
  private var hasRefused = false
  /// Whether thoughts come in a member of their own, beside `reasoning_details`.
  private var hasReasoningText = false
  private var hasLostAudio = false
  /// Whether it has text, a refusal, an image or a call. Reasoning alone is nothing to show. Source: wire-formats §9.
  private(set) var hasContent = false
  private(set) var isFinished = false

  init(_ index: Int, _ dialect: Dialect) {
    self.index = index
    self.dialect = dialect
    splitter = dialect.tags.map { ThinkSplitter($0) }
  }

  /// Reads one element of `choices`, whole or a piece.
  mutating func read(_ choice: JSON, isWhole: Bool, _ events: inout [Event]) throws(Fault) {
    guard !isFinished else { return }
    if let logprobs = choice["logprobs"], logprobs.kind == .object,
      (logprobs["content"]?.count ?? 0) + (logprobs["refusal"]?.count ?? 0) > 0
    {
      events.append(.logprobs(candidate: index, logprobs))
    }
    let isDelta = choice["delta"]?.kind == .object
    guard let message = isDelta ? choice["delta"] : choice["message"], message.kind == .object else {
      return text(choice["text"]?.string ?? "", &events)
    }
    let content = Self.content(message)
    let mayRepeat = !isWhole && (!isDelta || (content?.string ?? "").isEmpty)
    if mayRepeat, let rest = repeated(choice) {
      if isDelta { reasoning(message, &events) }
      text(rest, &events)
    } else {
      reasoning(message, &events)
      if let content { try read(content, &events) }
    }
    if let refusal = message["refusal"]?.string, !refusal.isEmpty {
      hasRefused = true
      grow(.refusal, refusal, &events)
    }
    annotations(message, &events)
    images(message, &events)
    try tools(message, isWhole: isWhole, &events)
    if let audio = message["audio"], !audio.isNull, !hasLostAudio {
      hasLostAudio = true
      events.append(.loss(Loss("audio", .dropped)))
    }
  }

  /// Reads a piece that has a text and nothing else to tell.
  mutating func read(text: String, _ events: inout [Event]) {
    guard !isFinished else { return }
    self.text(text, &events)
  }

  /// Whether these events are a text's growth by this text, and no more.
  func isGrowth(_ events: [Event], by text: String) -> Bool {
    guard events.count == 1, case .delta(let place, let added) = events[0] else { return false }
    return open?.kind == .text && open?.place == place && added == text
  }

  /// Ends the choice.
  mutating func finish(_ reason: FinishReason, _ events: inout [Event]) {
    guard !isFinished else { return }
    flushTags(&events)
    isFinished = true
    close(&events)
    let count = calls.end(&events, index)
    var reason = reason
    switch reason {
    case .stop where count > 0: reason = .tool
    case .stop where hasRefused: reason = .filter
    case .tool where count == 0: reason = .stop
    default: break
    }
    events.append(.finish(candidate: index, reason))
  }

  private mutating func flushTags(_ events: inout [Event]) {
    guard let pieces = splitter?.end() else { return }
    for piece in pieces { grow(piece.isReasoning ? .reasoning : .text, piece.text, &events) }
    if splitter?.isInReasoning == true { events.append(.loss(Loss("content", .downgraded))) }
  }

  // MARK: Text

  /// What a last chunk adds that holds the whole message once more, beside an empty delta or in its place; nil when it holds none.
  /// Source: official.md §14.1.
  private func repeated(_ choice: JSON) -> String? {
    guard soFar.count > 0, let whole = choice.at("message.content")?.string, soFar.isBeginning(of: whole) else { return nil }
    return String(decoding: whole.utf8.dropFirst(soFar.count), as: UTF8.self)
  }

  /// Source: wire-formats §4 "Nested content".
  private static func content(_ message: JSON) -> JSON? {
    if let content = message["content"], !content.isNull { return content }
    for path in ["message.content", "text", "message.text"] {
      if let content = message.at(path), !content.isNull { return content }
    }
    return nil
  }

  private mutating func read(_ content: JSON, _ events: inout [Event]) throws(Fault) {
    if let text = content.string { return self.text(text, &events) }
    for part in content.elements {
      if part["type"]?.string == "thinking" {
        guard lastReasoning == nil || open?.kind == .reasoning || dialect.reasoningIn.contains(.contentParts) else { continue }
        let texts = part["thinking"]?.elements.compactMap { $0["text"]?.string } ?? []
        grow(.reasoning, part["thinking"]?.string ?? texts.joined(), &events)
      } else if let text = part["text"]?.string {
        self.text(text, &events)
      } else if part["type"]?.string == "image_url" {
        image(part, &events)
      }
    }
  }

  private mutating func text(_ text: String, _ events: inout [Event]) {
    guard !text.isEmpty else { return }
    soFar.append(text)
    guard splitter != nil else { return grow(.text, text, &events) }
    for piece in splitter?.feed(text) ?? [] { grow(piece.isReasoning ? .reasoning : .text, piece.text, &events) }
  }

  private mutating func grow(_ kind: Kind, _ text: String, _ events: inout [Event]) {
    guard !text.isEmpty else { return }
    hasContent = hasContent || kind != .reasoning
    if open?.kind != kind { begin(kind, &events) }
    guard let open else { return }
    if kind == .reasoning { lastReasoning?.text += text }
    events.append(.delta(open.place, text))
  }

  private mutating func begin(_ kind: Kind, _ events: inout [Event]) {
    close(&events)
    let place = newPlace()
    open = (kind, place)
    switch kind {
    case .text:
      lastText = place
      events.append(.open(place, .text("")))
    case .refusal: events.append(.open(place, .refusal("")))
    case .reasoning:
      lastReasoning = (place, "")
      events.append(.open(place, .reasoning(Reasoning())))
    }
  }

  private mutating func close(_ events: inout [Event]) {
    guard let place = open?.place else { return }
    open = nil
    events.append(.close(place))
  }

  private mutating func newPlace() -> Place {
    defer { next += 1 }
    return Place(index, next)
  }
}

extension ChatChoice {
  // MARK: Reasoning

  /// Reads reasoning from the first place that has some, and signatures.
  private mutating func reasoning(_ message: JSON, _ events: inout [Event]) {
    let details = message["reasoning_details"]
    for place in dialect.reasoningIn {
      let text: String? =
        switch place {
        case .reasoningContent: message["reasoning_content"]?.string
        case .reasoning: message["reasoning"]?.string
        case .reasoningDetails: details.map { spoken($0) }
        case .contentParts, .tags: nil
        }
      guard let text, !text.isEmpty else { continue }
      splitter?.giveUp()
      hasReasoningText = hasReasoningText || place != .reasoningDetails
      grow(.reasoning, text, &events)
      break
    }
    for detail in details?.elements ?? JSON.null.elements { sign(detail, &events) }
  }

  /// The text of all entries but such as repeat what is known already, to bring its signature.
  private func spoken(_ details: JSON) -> String {
    details.elements.map { detail in
      let text = detail["text"]?.string ?? detail["summary"]?.string ?? ""
      return detail["signature"]?.string != nil && isKnown(text) ? "" : text
    }.joined()
  }

  /// Whether a text is all of the last thought, or its end where the text comes in a member of its own: there a thought without a
  /// signature and the next one run together.
  private func isKnown(_ text: String) -> Bool {
    guard let known = lastReasoning?.text else { return false }
    return known == text || hasReasoningText && known.utf8.suffix(text.utf8.count).elementsEqual(text.utf8)
  }

  private mutating func sign(_ detail: JSON, _ events: inout [Event]) {
    if let data = detail["data"]?.string, !data.isEmpty {
      close(&events)
      let place = newPlace()
      events.append(.open(place, .reasoning(Reasoning())))
      events.append(.signature(place, Signature(envelope: data) ?? Signature(.chatEncrypted, data)))
      events.append(.close(place))
    } else if let text = detail["signature"]?.string, !text.isEmpty {
      if lastReasoning == nil { begin(.reasoning, &events) }
      guard let place = lastReasoning?.place else { return }
      events.append(.signature(place, Signature(envelope: text) ?? Signature(.chat, text)))
      if open?.kind == .reasoning { close(&events) }  // what comes behind a signature is another thought
    }
  }

  // MARK: What stands beside the text

  private mutating func annotations(_ message: JSON, _ events: inout [Event]) {
    for annotation in message["annotations"]?.elements ?? JSON.null.elements {
      guard let citation = annotation["url_citation"], let url = citation["url"]?.string, let lastText else { continue }
      var range: Range<Int>?
      if let start = citation["start_index"]?.int, let end = citation["end_index"]?.int, start >= 0, start <= end { range = start..<end }
      events.append(.citation(lastText, Citation(url: url, title: citation["title"]?.string, range: range)))
    }
  }

  private mutating func images(_ message: JSON, _ events: inout [Event]) {
    for part in message["images"]?.elements ?? JSON.null.elements { image(part, &events) }
  }

  private mutating func image(_ part: JSON, _ events: inout [Event]) {
    guard let url = part.at("image_url.url")?.string ?? part["image_url"]?.string, !url.isEmpty else { return }
    close(&events)
    let place = newPlace()
    hasContent = true
    events.append(.open(place, .media(Media(.image, Self.source(url)))))
    events.append(.close(place))
  }

  /// A `data:` URL's bytes, else the address.
  private static func source(_ url: String) -> Media.Source {
    guard url.hasPrefix("data:"), let comma = url.firstIndex(of: ","), url[..<comma].hasSuffix(";base64") else { return .url(url) }
    let type = url[..<comma].dropFirst("data:".count).prefix { $0 != ";" }
    return .data(String(url[url.index(after: comma)...]), mediaType: String(type))
  }

  // MARK: Calls

  private mutating func tools(_ message: JSON, isWhole: Bool, _ events: inout [Event]) throws(Fault) {
    var position = 0
    for delta in message["tool_calls"]?.elements ?? JSON.null.elements {
      try call(delta, isWhole ? position : nil, &events)
      position += 1
    }
    guard let legacy = message["function_call"], legacy.kind == .object else { return }
    try call(["index": 0, "function": legacy], isWhole ? position : nil, &events)
  }

  private mutating func call(_ delta: JSON, _ position: Int?, _ events: inout [Event]) throws(Fault) {
    flushTags(&events)
    splitter = nil
    close(&events)
    hasContent = true
    let number = try calls.slot(for: delta, position)
    if calls.read(delta, at: number, Place(index, next), &events) { next += 1 }
  }
}
