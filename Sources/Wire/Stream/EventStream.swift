package import Base

/// Splits an event stream into frames, fed any cut of its bytes.
///
/// The standard is WHATWG HTML §9.2 "Server-sent events"; the mode `.upstream` adds what upstreams really send: a missing last empty
/// line, events parted by single line ends, bare JSON where a field is expected, and the end marker `[DONE]`.
///
/// The bytes of one event are a *block*. As long as no block is open, a fed slice is read in place and the frames are slices of it:
/// nothing is copied. The rest of a slice is kept until the block is complete. Offsets are relative to the block's start, so that they
/// stay right when the block moves; each byte is looked at once for line ends.
package struct EventStream: Sendable {
  /// How strictly a stream is read.
  package enum Mode: Sendable {
    case standard
    case upstream
  }

  private let mode: Mode
  private let cap: Int
  private var pending: [UInt8] = []
  private var block = EventBlock()
  private var bare = BareJSON()
  private var id: String?
  private var isAtStart = true
  private var swallowsLF = false
  /// Whether the end marker was seen; what follows it is ignored.
  package private(set) var isDone = false

  /// A reader at the start of a stream; an event beyond `cap` bytes fails it.
  package init(_ mode: Mode = .upstream, cap: Int = 8 << 20) {
    self.mode = mode
    self.cap = cap
  }

  /// Reads on, appending the frames that are complete; `.broken` for an event beyond the cap.
  package mutating func feed(_ bytes: ArraySlice<UInt8>, into frames: inout [Frame]) throws(Fault) {
    guard !bytes.isEmpty, !isDone else { return }
    guard !pending.isEmpty else {
      let consumed = try split(bytes, &frames)
      if consumed < bytes.count { pending.append(contentsOf: bytes.dropFirst(consumed)) }
      return
    }
    pending.append(contentsOf: bytes)
    let whole = pending
    pending = []
    let consumed = try split(whole[...], &frames)
    pending = consumed == 0 ? whole : Array(whole.dropFirst(consumed))
  }

  /// Ends the stream, appending what was still open; `.broken` when that is cut off (only upstream: the standard discards it).
  package mutating func end(into frames: inout [Frame]) throws(Fault) {
    guard !isDone, mode == .upstream else { return }
    var rest = pending[...]
    pending = []
    if block.lineStart < rest.count {
      rest = rest.dropFirst(try take(block.lineStart..<rest.count, next: rest.count, of: rest, &frames))
    }
    guard !bare.isOpen else { throw Self.truncated }
    guard block.hasData, !isDone else { return }
    let events = block.events(in: rest)
    guard events.allSatisfy({ Self.isWhole($0) }) else { throw Self.truncated }
    for data in events { deliver(data, raw: rest, isStandard: false, &frames) }
  }

  private static let truncated = Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended inside an event")

  private static func isWhole(_ data: ArraySlice<UInt8>) -> Bool {
    isBlank(data) || isEndMarker(data) || EventBlock.isJSON(data)
  }

  /// Reads the lines of `buffer`, which begins with the open block; returns how many bytes are done with.
  private mutating func split(_ buffer: ArraySlice<UInt8>, _ frames: inout [Frame]) throws(Fault) -> Int {
    guard let opening = skipMark(buffer) else { return 0 }
    var rest = buffer[opening...]
    while !isDone {
      if swallowsLF, block.scanned < rest.count { rest = swallowLF(rest) }
      guard let end = LineEnd.first(in: rest, from: rest.startIndex + block.scanned) else { break }
      rest = try line(endingAt: end - rest.startIndex, of: rest, &frames)
    }
    guard !isDone else { return buffer.count }
    block.scanned = rest.count
    guard rest.count <= cap else { throw tooLong }
    return buffer.count - rest.count
  }

  /// Skips the LF of a CRLF that was cut in two.
  private mutating func swallowLF(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    swallowsLF = false
    guard rest[rest.startIndex + block.scanned] == LineEnd.lf else { return rest }
    guard block.lineStart > 0 else { return rest.dropFirst() }
    block.lineStart += 1
    block.scanned += 1
    return rest
  }

  private var tooLong: Fault {
    Fault(.broken, "The upstream sent an event that is too long.", detail: "an event beyond \(cap) bytes")
  }

  /// Where the text begins: behind a BOM at the very start; nil while that is not known.
  private mutating func skipMark(_ buffer: ArraySlice<UInt8>) -> Int? {
    guard isAtStart else { return buffer.startIndex }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if buffer.count < mark.count, mark.starts(with: buffer) { return nil }
    isAtStart = false
    return buffer.startIndex + (buffer.starts(with: mark) ? mark.count : 0)
  }

  /// Reads one line, ending at that offset of the block; returns the buffer without what is done with.
  private mutating func line(endingAt end: Int, of rest: ArraySlice<UInt8>, _ frames: inout [Frame]) throws(Fault) -> ArraySlice<UInt8> {
    guard end <= cap else { throw tooLong }
    var next = end + 1
    if rest[rest.startIndex + end] == LineEnd.cr {
      if next == rest.count { swallowsLF = true } else if rest[rest.startIndex + next] == LineEnd.lf { next += 1 }
    }
    let done = try take(block.lineStart..<end, next: next, of: rest, &frames)
    guard done > 0 else {
      block.lineStart = next
      block.scanned = next
      return rest
    }
    return rest.dropFirst(done)
  }

  /// Reads one line of the block; returns how many bytes of the block are done with.
  @discardableResult
  private mutating func take(_ line: Range<Int>, next: Int, of rest: ArraySlice<UInt8>, _ frames: inout [Frame]) throws(Fault) -> Int {
    if bare.isOpen { return collect(line, next: next, of: rest, &frames) }
    guard let first = rest.dropFirst(line.lowerBound).first, !line.isEmpty else { return dispatch(next, of: rest, &frames) }
    if mode == .upstream, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      if block.hasData { dispatch(line.lowerBound, of: rest, isClosed: false, &frames) }
      return collect(line, next: next, of: rest, &frames)
    }
    let field = EventField(rest, line)
    var done = 0
    if mode == .upstream, field.name == .data, block.isOneObject(in: rest) {
      done = dispatch(line.lowerBound, of: rest, isClosed: false, &frames)
    }
    block.add(field, in: rest, moved: done)
    if field.name == .id { id = field.text(in: rest) ?? id }
    guard done > 0 else { return 0 }
    block.lineStart = next - done
    block.scanned = next - done
    return done
  }

  /// Ends the block with the `count` bytes read of it.
  @discardableResult
  private mutating func dispatch(_ count: Int, of rest: ArraySlice<UInt8>, isClosed: Bool = true, _ frames: inout [Frame]) -> Int {
    defer { block = EventBlock() }
    let raw = rest.prefix(count)
    guard block.hasData else {
      if block.hasComment { frames.append(Frame(kind: .comment, data: [], id: id, raw: raw, isStandard: true)) }
      return count
    }
    if block.isOneLine || mode == .standard {
      deliver(block.joined(in: rest), raw: raw, isStandard: isClosed, &frames)
    } else {
      let events = block.events(in: rest)
      for data in events { deliver(data, raw: raw, isStandard: isClosed && events.count == 1, &frames) }
    }
    return count
  }

  private mutating func deliver(_ data: ArraySlice<UInt8>, raw: ArraySlice<UInt8>, isStandard: Bool, _ frames: inout [Frame]) {
    guard !isDone else { return }
    var kind = Frame.Kind.data
    if mode == .upstream {
      if Self.isEndMarker(data) { kind = .done } else if Self.isBlank(data) { kind = .heartbeat }
    }
    isDone = kind == .done
    frames.append(Frame(kind: kind, data: data, event: block.name, id: id, raw: raw, isStandard: isStandard))
  }

  /// Reads a line of bare JSON; its values are frames of their own.
  private mutating func collect(_ line: Range<Int>, next: Int, of rest: ArraySlice<UInt8>, _ frames: inout [Frame]) -> Int {
    let text = rest.dropFirst(line.lowerBound).prefix(line.count)
    if !bare.isOpen, Self.isEndMarker(text) {
      deliver(text, raw: text, isStandard: false, &frames)
      return next
    }
    for value in bare.read(rest, line) {
      let data = rest[(rest.startIndex + value.lowerBound)..<(rest.startIndex + value.upperBound)]
      frames.append(Frame(kind: .data, data: data, event: block.name, id: id, raw: data, isStandard: false))
    }
    guard !bare.isInValue else { return 0 }
    block = EventBlock()
    return next
  }

  private static func isBlank(_ data: ArraySlice<UInt8>) -> Bool {
    data.allSatisfy(isSpace)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == LineEnd.lf || byte == LineEnd.cr
  }

  private static func isEndMarker(_ data: ArraySlice<UInt8>) -> Bool {
    guard data.count >= endMarker.count, data.count <= 64 else { return false }
    let text = data.drop(while: isSpace)
    return text.starts(with: endMarker) && isBlank(text.dropFirst(endMarker.count))
  }

  private static let endMarker = Array("[DONE]".utf8)
}
