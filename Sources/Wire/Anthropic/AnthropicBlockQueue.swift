import Base

/// The parts of a reply as blocks of a Messages stream, of which one is open at a time. Source: wire-formats §7.2.
///
/// The first of the queue is the open one and goes out as it grows; the others hold what they get until it is their turn, which is in the
/// order in which they opened. A text or thought ends when anything else opens; a call when it is closed, or when its JSON is complete and
/// another part waits:
///
///     open a, open b, {"x"→a, {"y"→b, :1}→a, :2}→b    gives    a{"x" a:1} | b{"y":2}
///
/// A text or thought opens on the wire with its first content, so none is empty. A thought is not ended by its own close: its signature
/// may stand on the part behind it.
struct AnthropicBlockQueue: Sendable {
  private enum Kind: Sendable { case text, thinking, call }

  private struct Block: Sendable {
    var place: Place
    var kind: Kind
    var call = ToolCall(id: "", name: "")
    /// The call's number, for reports.
    var number = 0
    /// What waits: for the block's turn, or for the end of arguments that are no object.
    var held = ""
    var signature: String?
    var isClosed = false
    /// Its index on the wire, nil before it begins.
    var index: Int?
    /// Whether arguments go out as they come.
    var isLive = false
    var progress = JSONProgress()
  }

  private var blocks: [Block] = []
  private var next = 0
  private var opened = 0
  private var ended: [Place: Kind] = [:]
  private(set) var losses: [Loss] = []
  private var ids = CallIDs(.messages)

  /// Whether any call went out.
  private(set) var hasCalls = false

  /// Whether something waits unsent.
  var isHolding: Bool { blocks.count > 1 || blocks.first?.held.isEmpty == false }

  // MARK: Events

  mutating func open(text place: Place, _ bytes: inout [UInt8]) { append(Block(place: place, kind: .text), &bytes) }

  mutating func open(thinking place: Place, _ bytes: inout [UInt8]) { append(Block(place: place, kind: .thinking), &bytes) }

  mutating func open(_ call: ToolCall, at place: Place, _ bytes: inout [UInt8]) {
    if let signature = call.signature { sign(next: signature, place, &bytes) }
    var block = Block(place: place, kind: .call, call: call, number: opened)
    opened += 1
    block.call.arguments = ""
    block.call.id = ids.outgoing(call.id)
    if block.call.id != call.id {
      losses.append(Loss("tool_calls[\(block.number)].id", call.id.isEmpty ? .synthesized : .renamed))
    }
    append(block, &bytes)
  }

  mutating func grow(_ place: Place, _ text: String, _ bytes: inout [UInt8]) {
    guard !text.isEmpty else { return }
    if !blocks.isEmpty, blocks[0].place == place {
      growFirst(text, &bytes)
      if blocks.count > 1 { advance(&bytes) }
      return
    }
    if let position = blocks.firstIndex(where: { $0.place == place }) {
      blocks[position].held += text
      blocks[position].progress.append(text)
      return
    }
    switch ended[place] {
    case .text, .thinking:  // what came too late for its block gets a new one
      append(Block(place: place, kind: ended[place] ?? .text), &bytes)
      grow(place, text, &bytes)
    case .call:
      if !text.allSatisfy(\.isWhitespace) { losses.append(Loss("tool_calls", .truncated)) }
    case nil: break
    }
  }

  mutating func sign(_ place: Place, _ signature: Signature, _ bytes: inout [UInt8]) {
    guard let position = blocks.firstIndex(where: { $0.place == place }) else {
      guard ended[place] == .thinking, let text = signature.messages else { return lose(signature) }
      return append(Block(place: place, kind: .thinking, signature: text, isClosed: true), &bytes)
    }
    switch blocks[position].kind {
    case .thinking:
      guard let text = signature.messages else { return lose(signature) }
      blocks[position].signature = text
    case .call where position > 0 && blocks[position].index == nil: sign(next: signature, before: position)
    case .call, .text: lose(signature)
    }
  }

  mutating func close(_ place: Place, _ bytes: inout [UInt8]) {
    guard let position = blocks.firstIndex(where: { $0.place == place }) else { return }
    blocks[position].isClosed = true
    advance(&bytes)
  }

  /// Ends all blocks. A call that was cut off by the limit and has not begun is left out. Source: wire-formats §2.11.
  mutating func finish(isCut: Bool, _ bytes: inout [UInt8]) {
    if isCut, let last = blocks.last, last.kind == .call, last.index == nil, ArgumentText(last.held).object == nil {
      losses.append(Loss("tool_calls[\(last.number)]", .dropped))
      blocks.removeLast()
    }
    while !blocks.isEmpty {
      begin(&bytes)
      end(&bytes)
    }
  }

  // MARK: Signatures of calls

  /// A Gemini call's signature closes the thought before it, or stands in an empty one. Source: wire-formats §2.7.
  private mutating func sign(next signature: Signature, _ place: Place, _ bytes: inout [UInt8]) {
    guard let text = Self.text(next: signature) else { return lose(signature) }
    if let last = blocks.indices.last, blocks[last].kind == .thinking {
      guard blocks[last].signature != nil, blocks[last].signature != text else {
        blocks[last].signature = text
        return
      }
    }
    append(Block(place: Place(place.candidate, -1), kind: .thinking, signature: text, isClosed: true), &bytes)
  }

  /// The same for a call that waits.
  private mutating func sign(next signature: Signature, before position: Int) {
    guard let text = Self.text(next: signature) else { return lose(signature) }
    if blocks[position - 1].kind == .thinking, blocks[position - 1].signature == nil {
      blocks[position - 1].signature = text
    } else {
      let place = Place(blocks[position].place.candidate, -1)
      blocks.insert(Block(place: place, kind: .thinking, signature: text, isClosed: true), at: position)
    }
  }

  static func text(next signature: Signature) -> String? {
    let isGemini = signature.origin == .gemini || signature.origin == .geminiNext
    return isGemini ? Signature(.geminiNext, signature.value).envelope : signature.messages
  }

  private mutating func lose(_ signature: Signature) { losses.append(Loss("signature", .dropped)) }
}

extension AnthropicBlockQueue {
  // MARK: Turns

  private mutating func append(_ block: Block, _ bytes: inout [UInt8]) {
    blocks.append(block)
    advance(&bytes)
  }

  /// Ends what can end, and begins what is next.
  private mutating func advance(_ bytes: inout [UInt8]) {
    while let first = blocks.first {
      begin(&bytes)
      guard Self.canEnd(first, isAwaited: blocks.count > 1) else { return }
      end(&bytes)
    }
  }

  private static func canEnd(_ block: Block, isAwaited: Bool) -> Bool {
    switch block.kind {
    case .text: block.isClosed || isAwaited
    case .thinking: isAwaited
    case .call: block.isClosed || (isAwaited && block.call.kind == .function && block.progress.isComplete)
    }
  }

  /// Begins the first block if it has not, and writes what it holds. A call begins at once, others with their first content.
  private mutating func begin(_ bytes: inout [UInt8]) {
    guard blocks[0].index == nil else { return }
    let held = blocks[0].held
    switch blocks[0].kind {
    case .call:
      announce(&bytes)
      blocks[0].held = ""
      if !held.isEmpty { growArguments(held, &bytes) }
    case .text, .thinking:
      guard !held.isEmpty else { return }
      blocks[0].held = ""
      growFirst(held, &bytes)
    }
  }

  private mutating func growFirst(_ text: String, _ bytes: inout [UInt8]) {
    switch blocks[0].kind {
    case .call:
      blocks[0].progress.append(text)
      growArguments(text, &bytes)
    case .text, .thinking:
      let kind = blocks[0].kind
      AnthropicFrames.delta(announce(&bytes), kind == .text ? .text : .thinking, text, into: &bytes)
    }
  }

  /// Arguments go out as they come if they begin as an object; others wait for their end, when they are made into one.
  private mutating func growArguments(_ text: String, _ bytes: inout [UInt8]) {
    if blocks[0].isLive { return AnthropicFrames.delta(announce(&bytes), .arguments, text, into: &bytes) }
    blocks[0].held += text
    guard blocks[0].call.kind == .function, blocks[0].held.utf8.first(where: { $0 > 32 }) == UInt8(ascii: "{") else { return }
    blocks[0].isLive = true
    AnthropicFrames.delta(announce(&bytes), .arguments, blocks[0].held, into: &bytes)
    blocks[0].held = ""
  }

  /// The first block's index on the wire; writes its beginning where that is not out yet.
  @discardableResult
  private mutating func announce(_ bytes: inout [UInt8]) -> Int {
    if let index = blocks[0].index { return index }
    let index = next
    next += 1
    blocks[0].index = index
    if blocks[0].kind == .call {
      hasCalls = true
      AnthropicFrames.open(index, call: blocks[0].call.id, name: blocks[0].call.name, into: &bytes)
    } else {
      AnthropicFrames.open(index, isText: blocks[0].kind == .text, into: &bytes)
    }
    return index
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    let block = blocks[0]
    if block.kind == .call, !block.isLive, let text = arguments(of: block) {
      AnthropicFrames.delta(announce(&bytes), .arguments, text, into: &bytes)
    }
    if let signature = block.signature { AnthropicFrames.delta(announce(&bytes), .signature, signature, into: &bytes) }
    if let index = blocks[0].index { AnthropicFrames.stop(index, into: &bytes) }
    if block.place.part >= 0 { ended[block.place] = block.kind }
    blocks.removeFirst()
  }

  /// The object that stands for arguments that are none; nil when there are no arguments at all.
  private mutating func arguments(of block: Block) -> String? {
    let (input, loss) = AnthropicInput.object(block.held, block.call.kind, number: block.number)
    if let loss { losses.append(loss) }
    return input.count == 0 ? nil : String(decoding: input.bytes, as: UTF8.self)
  }
}
