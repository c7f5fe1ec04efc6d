/// Turns a text into the tape of a document: one pass over the bytes, no recursion, no strings.
///
/// While an array or object is open, its node's `next` holds the index of the container around it: the tape is
/// its own stack.
struct JSONParser {
  /// What is wrong, and at which byte.
  struct Mistake: Error {
    let offset: Int
    let reason: StaticString
  }

  private var nodes: [JSONNode] = []
  private var position = 0
  private var container = Self.none
  private var depth = 0
  private let depthLimit: Int

  private static let none = UInt32.max

  private init(depth: Int, bytes: Int) {
    depthLimit = depth
    // A chat body has a node every 15 to 40 bytes; a tape that starts too small is copied as it grows.
    nodes.reserveCapacity(min(bytes / 16 + 8, 4096))
  }

  /// The tape of a text.
  static func nodes(of bytes: [UInt8], depth: Int) throws(Mistake) -> [JSONNode] {
    var parser = JSONParser(depth: depth, bytes: bytes.count)
    try parser.parse(bytes.span)
    return parser.nodes
  }

  private mutating func parse(_ text: Span<UInt8>) throws(Mistake) {
    if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { throw mistake("a byte order mark is not allowed") }
    repeat {
      skipSpace(text)
      if try !value(text) { continue }
      while container != Self.none {
        if try !closes(text) { break }
      }
    } while container != Self.none
    skipSpace(text)
    if position < text.count { throw mistake("more text follows the value") }
  }

  /// Reads a value, or the opening of a container that isn't empty; false when the first value of that container must follow.
  private mutating func value(_ text: Span<UInt8>) throws(Mistake) -> Bool {
    switch peek(text) {
    case UInt8(ascii: "\""): try string(text)
    case UInt8(ascii: "{"): return try open(.object, text)
    case UInt8(ascii: "["): return try open(.array, text)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(text)
    case UInt8(ascii: "t"): try word("true", .bool, text)
    case UInt8(ascii: "f"): try word("false", .bool, text)
    case UInt8(ascii: "n"): try word("null", .null, text)
    default: throw mistake(position < text.count ? "a value is expected" : "the text ends too early")
    }
    return true
  }

  private mutating func open(_ kind: JSON.Kind, _ text: Span<UInt8>) throws(Mistake) -> Bool {
    guard depth < depthLimit else { throw mistake("the values are nested too deeply") }
    depth += 1
    nodes.append(JSONNode(start: UInt32(truncatingIfNeeded: position), end: 0, next: container, kind: kind))
    container = UInt32(truncatingIfNeeded: nodes.count - 1)
    position += 1
    skipSpace(text)
    if peek(text) == (kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
      close()
      return true
    }
    if kind == .object { try name(text) }
    return false
  }

  /// Reads what follows a value: true at the end of the container, false after a comma (and the next name).
  private mutating func closes(_ text: Span<UInt8>) throws(Mistake) -> Bool {
    skipSpace(text)
    let isObject = nodes[Int(container)].kind == .object
    switch peek(text) {
    case UInt8(ascii: ","):
      position += 1
      if isObject {
        skipSpace(text)
        try name(text)
      }
      return false
    case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
      close()
      return true
    default:
      guard position < text.count else { throw mistake("the text ends too early") }
      throw mistake(isObject ? "',' or '}' is expected" : "',' or ']' is expected")
    }
  }

  private mutating func close() {
    position += 1
    depth -= 1
    let index = Int(container)
    container = nodes[index].next
    nodes[index].end = UInt32(truncatingIfNeeded: position)
    nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
  }

  private mutating func name(_ text: Span<UInt8>) throws(Mistake) {
    guard peek(text) == UInt8(ascii: "\"") else {
      throw mistake(position < text.count ? "a name in double quotes is expected" : "the text ends too early")
    }
    try string(text)
    skipSpace(text)
    guard peek(text) == UInt8(ascii: ":") else { throw mistake("':' is expected") }
    position += 1
  }

  private mutating func string(_ text: Span<UInt8>) throws(Mistake) {
    let scan = JSONText.string(text, from: position + 1)
    if let reason = scan.mistake { throw Mistake(offset: scan.end, reason: reason) }
    append(.string, upTo: scan.end, isEscaped: scan.isEscaped)
  }

  private mutating func number(_ text: Span<UInt8>) throws(Mistake) {
    let scan = JSONText.number(text, from: position)
    if let reason = scan.mistake { throw Mistake(offset: scan.end, reason: reason) }
    append(.number, upTo: scan.end)
  }

  private mutating func word(_ word: StaticString, _ kind: JSON.Kind, _ text: Span<UInt8>) throws(Mistake) {
    let end = position + word.utf8CodeUnitCount
    guard end <= text.count, JSONText.matches(text, from: position, word) else { throw mistake("a value is expected") }
    append(kind, upTo: end)
  }

  private mutating func append(_ kind: JSON.Kind, upTo end: Int, isEscaped: Bool = false) {
    nodes.append(
      JSONNode(
        start: UInt32(truncatingIfNeeded: position), end: UInt32(truncatingIfNeeded: end),
        next: UInt32(truncatingIfNeeded: nodes.count + 1), kind: kind, isEscaped: isEscaped))
    position = end
  }

  @inline(__always)
  private mutating func skipSpace(_ text: Span<UInt8>) {
    while position < text.count, JSONText.isSpace(text[position]) { position += 1 }
  }

  /// The byte at the position; NUL, which no JSON holds, at the end.
  @inline(__always)
  private func peek(_ text: Span<UInt8>) -> UInt8 {
    position < text.count ? text[position] : 0
  }

  private func mistake(_ reason: StaticString) -> Mistake { Mistake(offset: position, reason: reason) }
}
