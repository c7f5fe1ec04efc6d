/// Parts reasoning from text where a model writes both into its content: `<think>…</think>` at the very start. Source: wire-formats §4.
///
/// Fed piece by piece, it holds back only what could still become a tag, or the line end before one.
///
///     "<th", "ink>\nfir", "st</thi", "nk>\n\nOk"   →   reasoning "fir", "st"; text "Ok"
///
/// One line end behind the opening tag and one before the closing tag are markup, and so is all white space behind the closing tag. Later
/// tags are plain text. A block that is never closed is reasoning to its end.
struct ThinkSplitter: Sendable {
  /// A piece of reasoning or of text.
  struct Piece: Sendable, Equatable {
    var isReasoning: Bool
    var text: String
  }

  private enum State: Sendable {
    /// Before anything that counts.
    case start
    /// Behind an opening tag; a line end here is markup.
    case opened(close: [UInt8], isReasoning: Bool)
    /// Inside a tag.
    case inside(close: [UInt8], isReasoning: Bool)
    /// Behind a closing tag; white space here is markup.
    case closed(mayUnwrap: Bool)
    /// Plain text to the end.
    case text
  }

  private let tags: Dialect.Tags
  private var state = State.start
  private var held: [UInt8] = []

  init(_ tags: Dialect.Tags) {
    self.tags = tags
  }

  /// Whether a reasoning block is open.
  private(set) var isInReasoning = false

  /// Takes the next piece of content in.
  mutating func feed(_ text: String) -> [Piece] {
    if case .text = state, held.isEmpty { return text.isEmpty ? [] : [Piece(isReasoning: false, text: text)] }
    held += text.utf8
    return drain(isEnd: false)
  }

  /// Ends the content.
  mutating func end() -> [Piece] {
    drain(isEnd: true)
  }

  /// Stops looking for tags: reasoning came elsewhere.
  mutating func giveUp() {
    if case .start = state { state = .text }
  }

  private mutating func drain(isEnd: Bool) -> [Piece] {
    var pieces: [Piece] = []
    while step(isEnd, &pieces) {}
    return pieces
  }

  /// One step of the machine; false when it needs more bytes.
  private mutating func step(_ isEnd: Bool, _ pieces: inout [Piece]) -> Bool {
    switch state {
    case .start: return start(isEnd)
    case .opened(let close, let isReasoning): return opened(close, isReasoning, isEnd)
    case .inside(let close, let isReasoning): return inside(close, isReasoning, isEnd, &pieces)
    case .closed(let mayUnwrap): return closed(mayUnwrap, isEnd)
    case .text:
      emit(held.count, isReasoning: false, &pieces)
      return false
    }
  }

  private mutating func start(_ isEnd: Bool) -> Bool {
    let content = held.drop(while: Self.isSpace)
    switch ThinkTag.match(content) {
    case .tag(let name, let length):
      held = Array(content.dropFirst(length))
      open(name)
    case .partial where !isEnd:
      return false
    case .partial where tags == .implicit && held.isEmpty:
      return false
    default:
      if tags == .implicit { open(Array("think".utf8)) } else { state = .text }
    }
    return true
  }

  private mutating func open(_ name: [UInt8]) {
    state = .opened(close: Array("</".utf8) + name + Array(">".utf8), isReasoning: true)
    isInReasoning = true
  }

  private mutating func opened(_ close: [UInt8], _ isReasoning: Bool, _ isEnd: Bool) -> Bool {
    guard let first = held.first else { return false }
    if first == LineEnd.cr, held.count == 1, !isEnd { return false }
    if first == LineEnd.lf { held.removeFirst() } else if held.starts(with: [LineEnd.cr, LineEnd.lf]) { held.removeFirst(2) }
    state = .inside(close: close, isReasoning: isReasoning)
    return true
  }

  private mutating func inside(_ close: [UInt8], _ isReasoning: Bool, _ isEnd: Bool, _ pieces: inout [Piece]) -> Bool {
    if let found = held.position(of: close) {
      let length = found - Self.lineEnd(before: found, in: held)
      emit(length, isReasoning: isReasoning, &pieces)
      held.removeFirst(found - length + close.count)
      state = .closed(mayUnwrap: isReasoning && tags == .hunyuan)
      isInReasoning = false
      return true
    }
    emit(isEnd ? held.count : held.count - Self.tail(of: held, before: close), isReasoning: isReasoning, &pieces)
    return false
  }

  private mutating func closed(_ mayUnwrap: Bool, _ isEnd: Bool) -> Bool {
    held = Array(held.drop(while: Self.isSpace))
    guard !held.isEmpty else { return false }
    if mayUnwrap {
      let answer = Array("<answer>".utf8)
      if held.starts(with: answer) {
        held.removeFirst(answer.count)
        state = .opened(close: Array("</answer>".utf8), isReasoning: false)
        return true
      }
      if answer.starts(with: held), !isEnd { return false }
    }
    state = .text
    return true
  }

  private mutating func emit(_ count: Int, isReasoning: Bool, _ pieces: inout [Piece]) {
    guard count > 0 else { return }
    pieces.append(Piece(isReasoning: isReasoning, text: String(decoding: held.prefix(count), as: UTF8.self)))
    held.removeFirst(count)
  }

  // MARK: Bytes

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == LineEnd.lf || byte == LineEnd.cr
  }

  /// The length of the line end right before an index: 0, 1 or 2.
  private static func lineEnd(before index: Int, in bytes: [UInt8]) -> Int {
    guard index > 0, bytes[index - 1] == LineEnd.lf else { return 0 }
    return index > 1 && bytes[index - 2] == LineEnd.cr ? 2 : 1
  }

  /// The length of the longest tail that could become a line end and the closing tag.
  private static func tail(of bytes: [UInt8], before close: [UInt8]) -> Int {
    var length = 0
    for size in stride(from: min(close.count - 1, bytes.count), to: 0, by: -1) where close.starts(with: bytes.suffix(size)) {
      length = size
      break
    }
    let before = bytes.count - length
    if length == 0, bytes.last == LineEnd.cr { return 1 }
    return length + lineEnd(before: before, in: bytes)
  }
}

/// An opening tag of a reasoning block.
enum ThinkTag: Equatable {
  case tag(name: [UInt8], length: Int)
  /// The bytes could become one.
  case partial
  case none

  /// Looks at the beginning of `bytes`.
  static func match(_ bytes: ArraySlice<UInt8>) -> ThinkTag {
    guard let first = bytes.first else { return .partial }
    guard first == UInt8(ascii: "<") else { return .none }
    let rest = bytes.dropFirst()
    let name = Array(rest.prefix { $0 != UInt8(ascii: ">") }.prefix(64))
    let isEnded = rest.count > name.count
    if isEnded { return isName(name) ? .tag(name: name, length: name.count + 2) : .none }
    let couldBe = plain.contains { $0.starts(with: name) } || isNamed(name)
    return couldBe ? .partial : .none
  }

  private static let plain = ["think", "thinking", "thought", "mm:think"].map { Array($0.utf8) }
  private static let named = Array("think:".utf8)

  private static func isName(_ name: [UInt8]) -> Bool {
    plain.contains(name) || (isNamed(name) && name.count > named.count)
  }

  /// `think:` and up to 32 letters, digits, `.`, `_`, `-`.
  private static func isNamed(_ name: [UInt8]) -> Bool {
    guard name.starts(with: named) else { return false }
    let rest = name.dropFirst(named.count)
    return rest.count <= 32
      && rest.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}

extension [UInt8] {
  /// Where the bytes of `other` begin, nil when they are not there.
  fileprivate func position(of other: [UInt8]) -> Int? {
    guard let head = other.first, count >= other.count else { return nil }
    var index = 0
    while index <= count - other.count {
      if self[index] == head, self[index...].starts(with: other) { return index }
      index += 1
    }
    return nil
  }
}
