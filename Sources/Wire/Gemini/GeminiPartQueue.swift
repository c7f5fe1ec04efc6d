import Base

/// The parts of one candidate on their way to a Gemini client, in the order in which they opened. Source: wire-formats §7.2.
///
/// The first of the queue goes out as it grows if it is a text or a thought; a call goes out whole, as soon as its arguments are, and
/// what opened behind it waits. A call whose arguments are not complete when it closes waits for what follows: if nothing does and the
/// limit of tokens was reached, it was cut off and is left out.
///
///     open text, A→text, open call, {"x"→call, open text, B→text, :1}→call, close call    gives    A | call{"x":1} | B
struct GeminiPartQueue: Sendable {
  /// What goes out.
  enum Piece: Sendable, Equatable {
    case text(String), thought(String)
    /// A thought's signature, with its text where that has not gone out.
    case signature(String, on: String)
    case call(ToolCall, number: Int)
    case media(Media)
  }

  private enum Kind: Sendable { case text, thought, call, media, none }

  private struct Item: Sendable {
    var place: Place
    var kind: Kind
    /// What waits for the item's turn.
    var held = ""
    var signature: String?
    var call = ToolCall(id: "", name: "")
    var number = 0
    var media: Media?
    var isClosed = false
    var progress = JSONProgress()

    /// Bytes that wait.
    var size: Int { held.utf8.count + call.arguments.utf8.count }
  }

  /// Bytes that one part may hold back: no upstream may fill the memory.
  private static let mostHeld = 16 << 20

  private var items: [Item] = []
  private var ended: [Place: Kind] = [:]
  private var calls = 0
  private(set) var pieces: [Piece] = []
  private(set) var losses: [Loss] = []

  /// Whether something waits unsent.
  var isHolding: Bool { items.count > 1 || items.first?.kind == .call }

  /// What goes out now.
  mutating func take() -> [Piece] {
    defer { pieces.removeAll(keepingCapacity: true) }
    return pieces
  }

  // MARK: Events

  mutating func open(_ place: Place, _ part: Part) {
    switch part {
    case .text(let text, let citations):
      if !citations.isEmpty { lose("annotations") }
      append(Item(place: place, kind: .text, held: text))
    case .refusal(let text): append(Item(place: place, kind: .text, held: text))
    case .reasoning(let reasoning):
      append(Item(place: place, kind: .thought, held: reasoning.text))
      if let signature = reasoning.signature { sign(place, signature) }
    case .call(let call):
      var item = Item(place: place, kind: .call, call: call, number: calls)
      item.progress.append(call.arguments)
      calls += 1
      append(item)
    case .media(let media): append(Item(place: place, kind: .media, media: media, isClosed: true))
    case .result, .opaque:
      ended[place] = Kind.none
      lose("content[\(place.part)]")
    }
  }

  mutating func grow(_ place: Place, _ text: String) {
    guard !text.isEmpty else { return }
    // Almost always the first one grows.
    if let first = items.first, first.place == place, first.kind == .text || first.kind == .thought, first.held.isEmpty {
      return pieces.append(first.kind == .text ? .text(text) : .thought(text))
    }
    guard let position = items.firstIndex(where: { $0.place == place }) else { return late(place, text) }
    guard items[position].size + text.utf8.count <= Self.mostHeld else { return lose("content", .truncated) }
    guard items[position].kind == .call else { return items[position].held += text }
    items[position].call.arguments += text
    items[position].progress.append(text)
    if items[position].progress.isComplete { advance() }
  }

  /// A text that comes after its part has ended goes into a new one.
  private mutating func late(_ place: Place, _ text: String) {
    switch ended[place] {
    case .text, .thought: append(Item(place: place, kind: ended[place] ?? .text, held: text))
    case .call where !text.allSatisfy(\.isWhitespace): losses.append(Loss("tool_calls", .truncated))
    default: break
    }
  }

  mutating func sign(_ place: Place, _ signature: Signature) {
    let text = GeminiSignature.text(signature)
    if let position = items.firstIndex(where: { $0.place == place }) {
      switch (items[position].kind, text) {
      case (.thought, let text?):
        items[position].signature = text
        if position == 0 { flushFirst() }
      case (.call, _): items[position].call.signature = signature
      default: lose("signature")
      }
    } else if let text, ended[place] == .thought {
      append(Item(place: place, kind: .thought, signature: text, isClosed: true))
    } else {
      lose("signature")
    }
  }

  mutating func cite() { lose("annotations") }

  mutating func close(_ place: Place) {
    guard let position = items.firstIndex(where: { $0.place == place }) else { return }
    items[position].isClosed = true
    advance()
  }

  /// Ends all parts. `isCut`: the limit of tokens was reached.
  mutating func finish(isCut: Bool) {
    if isCut, let last = items.lastIndex(where: { $0.kind == .call }), items[last].number == calls - 1,
      !GeminiParts.isWhole(items[last].call)
    {
      losses.append(Loss("tool_calls[\(items[last].number)]", .dropped))
      items.remove(at: last)
    }
    while !items.isEmpty { end() }
  }

  private mutating func lose(_ path: String, _ action: Loss.Action = .dropped) {
    let loss = Loss(path, action)
    if !losses.contains(loss) { losses.append(loss) }
  }

  // MARK: Turns

  private mutating func append(_ item: Item) {
    items.append(item)
    advance()
  }

  /// Sends and ends what can be.
  private mutating func advance() {
    while let first = items.first {
      flushFirst()
      guard canEnd(first) else { return }
      end()
    }
  }

  private func canEnd(_ item: Item) -> Bool {
    let isAwaited = items.count > 1
    switch item.kind {
    case .text, .thought: return item.isClosed || isAwaited
    case .media, .none: return true
    case .call:
      if item.call.kind == .function, item.progress.isComplete { return item.isClosed || GeminiParts.isWhole(item.call) }
      guard item.isClosed else { return false }
      return GeminiParts.isWhole(item.call) || item.number < calls - 1
    }
  }

  /// Sends what the first one holds, if it may grow.
  private mutating func flushFirst() {
    guard items[0].kind == .text || items[0].kind == .thought else { return }
    let held = items[0].held
    items[0].held = ""
    if let signature = items[0].signature {
      items[0].signature = nil
      pieces.append(.signature(signature, on: held))
    } else if !held.isEmpty {
      pieces.append(items[0].kind == .text ? .text(held) : .thought(held))
    }
  }

  private mutating func end() {
    flushFirst()
    let item = items.removeFirst()
    ended[item.place] = item.kind
    switch item.kind {
    case .call: pieces.append(.call(item.call, number: item.number))
    case .media: if let media = item.media { pieces.append(.media(media)) }
    case .text, .thought, .none: break
    }
  }
}
