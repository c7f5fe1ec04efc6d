import Base

/// The items of a reply and the events that tell of them. Source: wire-formats §3.2, §6.2, §7.2.
///
/// An item that has all of its text stays open until the next part comes or the reply ends: only then it is known whether the text that
/// follows belongs to the same message, whether a signature comes behind a thought, and whether the answer was cut off.
struct ResponsesOutput: Sendable {
  private var frames = ResponsesFrames()
  private var items: [ResponsesItem] = []
  /// Which of them are not done, in order.
  private var pending: [Int] = []
  /// Code points of the texts that are whole.
  private var codePoints = 0
  /// Logprobs that wait for the text they belong to.
  private var tokens: [JSON] = []

  /// Whether nothing was said so far.
  var isEmpty: Bool { items.isEmpty }
  /// The items that are done.
  var done: [[UInt8]] { items.compactMap(\.done) }

  /// Writes an event that shows the response itself.
  mutating func show(_ type: String, _ bytes: inout [UInt8], response: (inout [UInt8]) -> Void) {
    frames.write(type, &bytes) { bytes in
      ResponsesFrames.key("response", &bytes)
      response(&bytes)
    }
  }

  // MARK: Beginning

  /// Adds an item.
  mutating func add(_ item: ResponsesItem, _ bytes: inout [UInt8]) -> Int {
    items.append(item)
    pending.append(item.index)
    write("output_item.added", item.index, item.opening, &bytes)
    return item.index
  }

  /// The next item of a kind, not yet added.
  func item(_ kind: ResponsesItem.Kind) -> ResponsesItem { ResponsesItem(kind, index: items.count) }

  /// Begins a part of a message: in the last one while that is of the same kind and not done, else in a new one.
  mutating func beginText(_ kind: ResponsesItem.Kind, _ bytes: inout [UInt8]) -> Int {
    if let last = items.last, last.kind == kind, !last.isDone, !last.isOpen {
      endContent(last.index, &bytes)
      items[last.index].isOpen = true
      beginContent(last.index, &bytes)
      return last.index
    }
    let index = add(item(kind), &bytes)
    beginContent(index, &bytes)
    return index
  }

  private mutating func beginContent(_ index: Int, _ bytes: inout [UInt8]) {
    items[index].begin(start: codePoints)
    guard let event = items[index].partEvent else { return }
    writePart(event + ".added", index, &bytes)
  }

  // MARK: Growing

  /// A piece of an item's text.
  mutating func grow(_ index: Int, _ text: String, _ bytes: inout [UInt8]) {
    guard !items[index].isDone else { return }
    if items[index].contents.isEmpty { beginContent(index, &bytes) }
    let last = items[index].contents.count - 1
    items[index].contents[last].text += text
    let isText = items[index].kind == .message(isRefusal: false)
    if items[index].kind == .call(isFreeform: false) { items[index].progress.append(text) }
    let fresh = isText ? takeTokens(index) : []
    let (event, address) = (items[index].deltaEvent, items[index].address)
    frames.write(event, &bytes) { bytes in
      bytes += address
      ResponsesFrames.member("delta", text, &bytes)
      if isText { Self.logprobs(fresh, &bytes) }
    }
  }

  /// Logprobs of the text that comes next.
  mutating func expect(_ tokens: [JSON]) { self.tokens += tokens }

  /// What an item's text cites; false when it is over.
  mutating func cite(_ index: Int, _ citation: Citation) -> Bool {
    guard !items[index].isDone, let last = items[index].contents.indices.last else { return false }
    items[index].contents[last].citations.append(citation)
    return true
  }

  /// The signature of a thought; false when it is over.
  mutating func sign(_ index: Int, _ signature: Signature) -> Bool {
    guard !items[index].isDone else { return false }
    items[index].signature = signature
    return true
  }

  /// The signature of a call closes the thought right before it; false when there is none that could take it.
  mutating func signThought(_ signature: Signature) -> Bool {
    guard let last = items.last, last.kind == .reasoning else { return false }
    if last.signature?.value == signature.value { return true }
    return last.signature == nil && sign(last.index, signature)
  }

  /// A signature that comes behind the last thought, while that waits; false when there is none.
  mutating func signLast(_ signature: Signature) -> Bool {
    guard let last = items.last, last.kind == .reasoning, last.signature == nil else { return false }
    return sign(last.index, signature)
  }

  /// A citation that comes behind the last text, while that waits; false when there is none.
  mutating func citeLast(_ citation: Citation) -> Bool {
    guard let last = items.last, last.kind == .message(isRefusal: false) else { return false }
    return cite(last.index, citation)
  }

  /// Gives an image its bytes.
  mutating func fill(_ index: Int, _ data: String) {
    items[index].begin(start: 0)
    items[index].contents[0].text = data
  }

  private mutating func takeTokens(_ index: Int) -> [JSON] {
    guard !tokens.isEmpty, let last = items[index].contents.indices.last else { return [] }
    defer { tokens = [] }
    items[index].contents[last].logprobs += tokens
    return tokens
  }

  // MARK: Ending

  /// The upstream's part of an item is whole. Calls and images are done with it; a call may have to wait for the end.
  mutating func close(_ index: Int, _ bytes: inout [UInt8]) {
    items[index].isOpen = false
    guard !items[index].waits, !items[index].isDone, !items[index].isLate, items[index].isWhole, !mayBeCut(index) else { return }
    finish(index, status: "completed", &bytes)
  }

  /// Whether only the finish tells if a call was cut off: no arguments may be the beginning of some.
  private func mayBeCut(_ index: Int) -> Bool {
    items[index].kind == .call(isFreeform: false) && items[index].contents.first?.text.isEmpty != false
  }

  /// Another part opens: what is whole is done, but a message that the part goes on with.
  mutating func settle(before kind: ResponsesItem.Kind, _ bytes: inout [UInt8]) {
    for index in pending {
      if case .call = items[index].kind, items[index].isLate || !items[index].isWhole {
        items[index].isLate = true
        continue
      }
      let goesOn = items[index].isMessage && items[index].kind == kind && index == items.count - 1
      if items[index].isWhole, !goesOn { finish(index, status: "completed", &bytes) }
    }
  }

  /// The reply ends: all is done. What the limit or a filter cut off is incomplete.
  mutating func finishAll(isCut: Bool, _ bytes: inout [UInt8]) {
    // Logprobs that came behind all text belong to the last one; earlier they belong to the next.
    if let text = pending.last(where: { items[$0].kind == .message(isRefusal: false) }) { _ = takeTokens(text) }
    for index in pending {
      let isIncomplete = isCut && isUnfinished(index)
      finish(index, status: isIncomplete ? "incomplete" : "completed", &bytes)
    }
  }

  private func isUnfinished(_ index: Int) -> Bool {
    let isLast = index == items.count - 1
    guard items[index].kind == .call(isFreeform: false), let text = items[index].contents.first?.text, !text.isEmpty else { return isLast }
    return !items[index].progress.isComplete
  }

  private mutating func finish(_ index: Int, status: String, _ bytes: inout [UInt8]) {
    pending.removeAll { $0 == index }
    switch items[index].kind {
    case .call(isFreeform: false) where items[index].contents.isEmpty: grow(index, "{}", &bytes)
    case .call where items[index].contents.isEmpty: items[index].begin(start: 0)
    default: break
    }
    if !items[index].contents.isEmpty, items[index].kind != .image { endContent(index, &bytes) }
    let done = items[index].bytes(status: status)
    items[index].done = done
    items[index].contents = []
    write("output_item.done", index, done, &bytes)
  }

  private mutating func endContent(_ index: Int, _ bytes: inout [UInt8]) {
    let isText = items[index].kind == .message(isRefusal: false)
    guard let content = items[index].contents.last else { return }
    if isText { codePoints += content.text.unicodeScalars.count }
    let item = items[index]
    frames.write(item.doneEvent, &bytes) { bytes in
      bytes += item.address
      ResponsesFrames.member(item.member, content.text, &bytes)
      if isText { Self.logprobs(content.logprobs, &bytes) }
    }
    if let event = item.partEvent { writePart(event + ".done", index, &bytes) }
  }

  // MARK: Events

  private mutating func write(_ type: String, _ index: Int, _ item: [UInt8], _ bytes: inout [UInt8]) {
    frames.write(type, &bytes) { bytes in
      ResponsesFrames.key("output_index", &bytes)
      ResponsesFrames.append(index, &bytes)
      ResponsesFrames.key("item", &bytes)
      bytes += item
    }
  }

  private mutating func writePart(_ type: String, _ index: Int, _ bytes: inout [UInt8]) {
    guard let content = items[index].contents.last else { return }
    var writer = JSONWriter()
    items[index].part(content, &writer)
    let address = items[index].address
    frames.write(type, &bytes) { bytes in
      bytes += address
      ResponsesFrames.key("part", &bytes)
      bytes += writer.bytes
    }
  }

  private static func logprobs(_ tokens: [JSON], _ bytes: inout [UInt8]) {
    guard !tokens.isEmpty else {
      bytes += ",\"logprobs\":[]".utf8
      return
    }
    var writer = JSONWriter()
    ResponsesLogprobs.write(tokens, hasBytes: false, &writer)
    ResponsesFrames.key("logprobs", &bytes)
    bytes += writer.bytes
  }
}
