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
        while position < input.count, input[position] > 13 { position += 1 }
        guard position < input.count else { break }
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
