import Base

/// Cuts a site's answer into frames, fed any cut of its bytes.
struct RecipeFramer: Sendable {
  private let framing: ResponseRecipe.Framing
  private let cap: Int
  private var events: EventStream
  private var pending: [UInt8] = []
  /// How much of `pending` was looked through for the end of a line.
  private var scanned = 0

  /// The longest frame in bytes. Source: kimi.md, "Envelope".
  static let cap = 8 << 20
  /// The longest whole body.
  static let bodyCap = 32 << 20

  init(_ framing: ResponseRecipe.Framing, cap: Int = Self.cap) {
    self.framing = framing
    self.cap = cap
    events = EventStream(cap: cap)
  }

  mutating func feed(_ bytes: ArraySlice<UInt8>, into frames: inout [RecipeFrame]) throws(Fault) {
    switch framing {
    case .sse:
      var found: [Frame] = []
      try events.feed(bytes, into: &found)
      Self.add(found, &frames)
    case .ndjson:
      pending.append(contentsOf: bytes)
      try lines(&frames)
    case .connect:
      pending.append(contentsOf: bytes)
      try envelopes(&frames)
    case .json, .poll, .websocket:
      guard pending.count + bytes.count <= Self.bodyCap else { throw Self.tooLong }
      pending.append(contentsOf: bytes)
    }
  }

  /// The end of the bytes; `.broken` when it cuts a frame.
  mutating func end(into frames: inout [RecipeFrame]) throws(Fault) {
    switch framing {
    case .sse:
      var found: [Frame] = []
      try events.end(into: &found)
      Self.add(found, &frames)
    case .ndjson, .json, .poll, .websocket:
      let rest = pending[...].drop { $0 <= 0x20 }
      pending = []
      scanned = 0
      guard !rest.isEmpty else { return }
      let frame = RecipeFrame(rest)
      guard frame.json != nil else { throw Self.truncated }
      frames.append(frame)
    case .connect:
      guard pending.isEmpty else { throw Self.truncated }
    }
  }

  private static let truncated = Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended inside a frame")
  private static let tooLong = Fault(.broken, "The upstream sent too much at once.", detail: "a frame beyond the limit")

  private static func add(_ found: [Frame], _ frames: inout [RecipeFrame]) {
    for frame in found where frame.kind == .data || frame.kind == .done {
      frames.append(RecipeFrame(frame.data, event: frame.event))
    }
  }

  private mutating func lines(_ frames: inout [RecipeFrame]) throws(Fault) {
    var start = 0
    while let end = LineEnd.first(in: pending[...], from: max(start, scanned)) {
      let line = pending[start..<end]
      if line.contains(where: { $0 > 0x20 }) { frames.append(RecipeFrame(line)) }
      start = end + 1
    }
    pending.removeFirst(start)
    scanned = pending.count
    guard pending.count <= cap else { throw Self.tooLong }
  }

  /// Source: https://connectrpc.com/docs/protocol#streaming-rpcs; kimi.md, "Envelope".
  private mutating func envelopes(_ frames: inout [RecipeFrame]) throws(Fault) {
    var start = 0
    while pending.count - start >= 5 {
      let length = pending[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= cap else { throw Self.tooLong }
      guard pending.count - start >= 5 + length else { break }
      let flags = Int(pending[start])
      guard flags & 1 == 0 else {
        throw Fault(.broken, "The upstream compressed a message without being asked to.", detail: "Connect envelope with flag 1")
      }
      let payload = pending[(start + 5)..<(start + 5 + length)]
      let frame = RecipeFrame(length == 0 ? Array("{}".utf8)[...] : payload, flags: flags)
      guard frame.json != nil else { throw Fault(.broken, "The upstream sent a message that is no JSON.", detail: "Connect envelope") }
      frames.append(frame)
      start += 5 + length
    }
    pending.removeFirst(start)
  }
}
