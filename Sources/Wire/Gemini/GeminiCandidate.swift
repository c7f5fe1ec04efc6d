import Base

/// One candidate of a Gemini reply while it is read: turns parts, whole or in pieces, into events.
///
/// At most one text or thought is open; it grows as long as parts of its kind come. A thought is not closed before the next part is
/// there, whose signature may be its own. The candidate ends with the stream: some upstreams say `STOP` in every chunk.
/// Source: wire-formats §2.7, §7.1.
struct GeminiCandidate: Sendable {
  let index: Int
  /// Why it ended, nil while that was not told.
  var finish: FinishReason?
  /// Whether it has text, a call or media. Reasoning alone is nothing to show.
  private(set) var hasContent = false

  private enum Kind: Sendable { case text, thought }
  private var open: (kind: Kind, place: Place)?
  private var next = 0
  private var calls = 0
  private var hasEnded = false

  /// More parts than any model makes in one turn.
  private static let mostParts = 65_536

  init(_ index: Int) {
    self.index = index
  }

  /// Reads one element of `candidates`, whole or a piece.
  mutating func read(_ candidate: JSON, _ events: inout [Event]) {
    if let result = candidate["logprobsResult"], let logprobs = GeminiLogprobs.chat(result) {
      events.append(.logprobs(candidate: index, logprobs))
    }
    var position = 0
    for part in (candidate.at("content.parts") ?? .null).elements {
      read(part, position, &events)
      position += 1
    }
    // Source: wire-formats §12.
    for name in ["groundingMetadata", "citationMetadata"] {
      if let value = candidate[name], value.count > 0 { events.append(.loss(Loss("candidates[\(index)].\(name)", .dropped))) }
    }
  }

  /// Ends it, for the reason that was told or for this one.
  mutating func end(_ reason: FinishReason, _ events: inout [Event]) {
    guard !hasEnded else { return }
    hasEnded = true
    close(&events)
    let told = finish ?? reason
    finish = told == .stop && calls > 0 ? .tool : told == .tool && calls == 0 ? .stop : told
    events.append(.finish(candidate: index, finish ?? .stop))
  }

  // MARK: Parts

  private mutating func read(_ part: JSON, _ position: Int, _ events: inout [Event]) {
    guard next < Self.mostParts else { return }
    let signature = part["thoughtSignature"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let isThought = part["thought"]?.bool == true
    if let text = part["text"]?.string {
      if isThought { return thought(text, signature, &events) }
      return self.text(text, signature, position, &events)
    }
    if let call = part["functionCall"], call.kind == .object { return self.call(call, signature, position, &events) }
    if !isThought, let media = Self.media(part) {
      hasContent = true
      if signature != nil { lose("\(Self.path(index, position)).thoughtSignature", &events) }
      return whole(.media(media), &events)
    }
    guard part.count > 0 else { return }
    if isThought, let signature, Self.isBare(part) { return thought("", signature, &events) }
    // Only a signature: it stood on a text that is over.
    lose(Self.isBare(part) ? "\(Self.path(index, position)).thoughtSignature" : Self.path(index, position), &events)
  }

  private static func isBare(_ part: JSON) -> Bool {
    part.members.allSatisfy { $0.name == "thought" || $0.name == "thoughtSignature" }
  }

  private static func path(_ index: Int, _ position: Int) -> String { "candidates[\(index)].content.parts[\(position)]" }

  private func lose(_ path: String, _ events: inout [Event]) { events.append(.loss(Loss(path, .dropped))) }

  private mutating func text(_ text: String, _ signature: String?, _ position: Int, _ events: inout [Event]) {
    guard !text.isEmpty else {
      if signature != nil { lose("\(Self.path(index, position)).thoughtSignature", &events) }
      return
    }
    hasContent = true
    if let signature, !signThought(signature, &events) { lose("\(Self.path(index, position)).thoughtSignature", &events) }
    grow(.text, text, &events)
  }

  private mutating func thought(_ text: String, _ signature: String?, _ events: inout [Event]) {
    if !text.isEmpty { grow(.thought, text, &events) }
    guard let signature else { return }
    if open?.kind != .thought { begin(.thought, &events) }
    guard let place = open?.place else { return }
    events.append(.signature(place, Signature(.gemini, signature)))
    close(&events)
  }

  /// Gives the open thought the signature of the part that follows it; false when there is none.
  private mutating func signThought(_ signature: String, _ events: inout [Event]) -> Bool {
    guard let open, open.kind == .thought else { return false }
    events.append(.signature(open.place, Signature(.geminiNext, signature)))
    close(&events)
    return true
  }

  private mutating func call(_ value: JSON, _ signature: String?, _ position: Int, _ events: inout [Event]) {
    hasContent = true
    calls += 1
    var call = ToolCall(id: value["id"]?.string ?? "", name: value["name"]?.string ?? "")
    if call.id.isEmpty {
      call.id = Identifier.make("call_")
      events.append(.loss(Loss("\(Self.path(index, position)).functionCall.id", .synthesized)))
    }
    if let signature {
      // `next` where the thought before it has the signature too.
      call.signature = Signature(signThought(signature, &events) ? .geminiNext : .gemini, signature)
    }
    close(&events)
    let place = newPlace()
    events.append(.open(place, .call(call)))
    if let args = value["args"], args.count > 0 { events.append(.delta(place, ArgumentText.compact(args))) }
    events.append(.close(place))
  }

  private static func media(_ part: JSON) -> Media? {
    if let data = part["inlineData"] {
      let type = GeminiMedia.bare(data["mimeType"]?.string ?? "")
      guard let text = data["data"]?.string, !text.isEmpty else { return nil }
      return Media(GeminiMedia.kind(type), .data(Base64.standardized(text), mediaType: type))
    }
    guard let file = part["fileData"], let url = file["fileUri"]?.string, !url.isEmpty else { return nil }
    let type = file["mimeType"]?.string.map(GeminiMedia.bare)
    return Media(GeminiMedia.kind(type ?? ""), .url(url, mediaType: type))
  }

  // MARK: Events

  private mutating func grow(_ kind: Kind, _ text: String, _ events: inout [Event]) {
    if open?.kind != kind { begin(kind, &events) }
    if let open { events.append(.delta(open.place, text)) }
  }

  private mutating func begin(_ kind: Kind, _ events: inout [Event]) {
    close(&events)
    let place = newPlace()
    open = (kind, place)
    events.append(.open(place, kind == .text ? .text("") : .reasoning(Reasoning())))
  }

  private mutating func whole(_ part: Part, _ events: inout [Event]) {
    close(&events)
    let place = newPlace()
    events += [.open(place, part), .close(place)]
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
