import Base

/// What a stream's chunks have in common: most differ from the last one in their text alone, and need no second look.
///
///     {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}
///     ───────────────────────── front ──────────────────────────────┘  └──────────── back ────────
///
/// A chunk with the same front and back, and one string between them, means the same but for its text: nothing is to be noted of it,
/// and nothing to be changed. Comparing took 500 instructions a chunk where looking took 6,000.
struct ChunkLikeness: Sendable {
  /// Up to the text's opening quote.
  private let front: [UInt8]
  /// From the text's closing quote on.
  private let back: [UInt8]

  /// More than a chunk's frame is ever long.
  private static let longest = 1024

  /// The likeness of a chunk that passed as it is; nil when it has more than a text in one choice.
  init?(_ data: ArraySlice<UInt8>, _ scan: ChunkScan) {
    guard let choice = scan.first, scan.more.isEmpty, scan.usage == nil, choice.usage == nil, choice.finish == nil,
      let text = choice.text, data.count - text.count < Self.longest
    else { return nil }
    front = Array(data.part(0..<text.lowerBound + 1))
    back = Array(data.part(text.upperBound - 1..<data.count))
  }

  /// Whether a chunk is alike.
  func fits(_ data: Span<UInt8>) -> Bool {
    let end = data.count - back.count
    guard end >= front.count, JSONScan.endOfString(data, from: front.count) == end + 1 else { return false }
    return Self.isEqual(data.extracting(0..<front.count), front.span) && Self.isEqual(data.extracting(end..<data.count), back.span)
  }

  /// The text of a chunk that is alike, decoded; nil when it isn't, or when the text is no JSON string.
  func text(of data: ArraySlice<UInt8>) -> String? {
    let span = data.span
    let end = span.count - back.count
    guard end >= front.count, Self.isEqual(span.extracting(0..<front.count), front.span),
      Self.isEqual(span.extracting(end..<span.count), back.span)
    else { return nil }
    return JSONScan.text(data, in: front.count..<end)
  }

  private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    let count = left.count
    guard right.count == count else { return false }
    let (leftBytes, rightBytes) = unsafe (left.bytes, right.bytes)
    var position = 0
    while position + 8 <= count {
      // Both loads are checked against their spans' bounds; every bit pattern is an integer.
      let left = unsafe leftBytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
      let right = unsafe rightBytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
      guard left == right else { return false }
      position += 8
    }
    while position < count {
      guard left[position] == right[position] else { return false }
      position += 1
    }
    return true
  }
}
