package import Base

/// Gathers the bytes of one head, cut anywhere, until the empty line that ends it.
///
/// It decides only where the head ends and refuses what no head may hold: CR without LF, LF without CR, NUL, and more
/// than `limit` bytes. The gathered bytes are then read as a whole by `RequestHead` or `ResponseHead`.
package struct HeadScanner: Sendable {
  private enum State { case start, startCR, first, line, lineCR, lineStart, lastCR, done }

  private let limit: Int
  private var state = State.start
  /// Start line and fields, each with its CRLF, and the empty line once `feed` was true.
  private(set) var bytes: [UInt8] = []

  /// `limit`: bytes of the start line and the fields together.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Whether no byte of a head has come yet.
  package var isEmpty: Bool { state == .start }

  /// Takes bytes of `input` from `position` on and moves it. True when the head is whole.
  /// Throws `invalid` for forbidden bytes and `tooLarge` beyond the limit.
  package mutating func feed(_ input: borrowing Span<UInt8>, _ position: inout Int) throws(Fault) -> Bool {
    var start = position
    while position < input.count, state != .done {
      if state == .line {
        position = Self.lineEnd(input, from: position)
        guard position < input.count else { break }
        // Nearly every line ends here, with CRLF and the first byte of the next one.
        if position + 2 < input.count, input[position] == 13, input[position + 1] == 10, input[position + 2] > 13 {
          position += 3
          continue
        }
      }
      let wasStart = state == .startCR
      try step(input[position])
      position += 1
      if wasStart {
        bytes = []
        start = position
      }
    }
    guard bytes.count + position - start <= limit else {
      throw Fault(.tooLarge, "The head of the message is longer than \(limit) bytes.")
    }
    bytes.append(input.extracting(start..<position))
    return state == .done
  }

  /// The first byte from here on that may end a line or must not be in it: 13 or below. Eight bytes at a time.
  private static func lineEnd(_ input: Span<UInt8>, from start: Int) -> Int {
    var position = start
    let raw = unsafe input.bytes
    while position + 8 <= input.count {
      // The load is checked against the span's bounds; every bit pattern is an integer.
      let word = unsafe UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      // The top bit of a byte below 14 is set; a borrow can only mark bytes above such a one.
      let low = (word &- 0x0E0E_0E0E_0E0E_0E0E) & ~word & 0x8080_8080_8080_8080
      if low != 0 { return position + low.trailingZeroBitCount >> 3 }
      position += 8
    }
    while position < input.count, input[position] > 13 { position += 1 }
    return position
  }

  private mutating func step(_ byte: UInt8) throws(Fault) {
    switch (state, byte) {
    // One empty line in front is forgiven. Source: RFC 9112 §2.2.
    case (.start, 13): state = .startCR
    case (.startCR, 10): state = .first
    case (.line, 13): state = .lineCR
    case (.lineCR, 10): state = .lineStart
    case (.lineStart, 13): state = .lastCR
    case (.lastCR, 10): state = .done
    case (.start, _), (.first, _), (.line, _), (.lineStart, _):
      guard byte != 0, byte != 10, byte != 13 else { throw Self.forbidden(byte) }
      state = .line
    default: throw Self.forbidden(13)
    }
  }

  private static func forbidden(_ byte: UInt8) -> Fault {
    let name = byte == 0 ? "NUL" : byte == 10 ? "LF without CR" : "CR without LF"
    return Fault(.invalid, "The head of the message holds \(name).")
  }
}
