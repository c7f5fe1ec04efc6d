package import Base

/// Takes the chunked coding off a body, fed any split of bytes. Source: RFC 9112 §7.1.
package struct ChunkedDecoder: Sendable {
  private enum State { case size, sizeCR, extensions, data, dataCR, dataLF, trailerStart, trailerName, trailer, trailerCR, lastLF, done }

  private var state = State.size
  private var left = 0
  private var digits = 0
  private var extra = 0
  /// The trailers' lines, each with its CRLF.
  private var trailerLines: [UInt8] = []
  private let extraLimit: Int

  /// `extraLimit`: bytes of chunk extensions and trailers in the whole body.
  package init(extraLimit: Int) {
    self.extraLimit = extraLimit
  }

  /// Whether the last chunk and its trailers came.
  package var isDone: Bool { state == .done }

  /// How many trailers a body may have.
  package static let mostTrailers = 100

  /// The fields behind the last chunk, once the body is done. Throws `tooLarge` for more than `mostTrailers`.
  package func trailers() throws(Fault) -> Headers {
    trailerLines.isEmpty ? Headers() : try FieldParser.parse(trailerLines + [13, 10], from: 0, most: Self.mostTrailers)
  }

  /// Appends the data in `input[position...]` to `out` and moves `position`, at most behind the body's end.
  /// Throws `invalid` for a malformed frame and `tooLarge` for extensions or trailers beyond the limit.
  package mutating func feed(_ input: borrowing Span<UInt8>, _ position: inout Int, _ out: inout [UInt8]) throws(Fault) {
    while position < input.count, state != .done {
      if state == .data {
        let count = min(left, input.count - position)
        out.append(input.extracting(position..<position + count))
        position += count
        left -= count
        if left == 0 { state = .dataCR }
      } else {
        try step(input[position])
        position += 1
      }
    }
  }

  private mutating func step(_ byte: UInt8) throws(Fault) {
    switch state {
    case .size: try size(byte)
    case .extensions where byte == 13: state = .sizeCR
    case .sizeCR where byte == 10:
      state = left == 0 ? .trailerStart : .data
      digits = 0
    case .dataCR where byte == 13: state = .dataLF
    case .dataLF where byte == 10: state = .size
    case .trailerStart where byte == 13: state = .lastLF
    case .trailer where byte == 13: state = .trailerCR
    case .trailerCR where byte == 10:
      state = .trailerStart
      trailerLines += [13, 10]
    case .lastLF where byte == 10: state = .done
    case .extensions: try count(byte)
    case .trailer: try keep(byte)
    // A line that is no field may be the next request of a sender who sees the end elsewhere.
    case .trailerStart where FieldParser.isToken(byte), .trailerName where FieldParser.isToken(byte):
      state = .trailerName
      try keep(byte)
    case .trailerName where byte == UInt8(ascii: ":"):
      state = .trailer
      try keep(byte)
    default: throw Fault(.invalid, "The chunked body is malformed.")
    }
  }

  private mutating func size(_ byte: UInt8) throws(Fault) {
    switch byte {
    case 48...57, 65...70, 97...102:
      guard digits < 15 else { throw Fault(.invalid, "A chunk's size is too large.") }
      left = left << 4 | Int(byte < 58 ? byte - 48 : (byte | 32) - 87)
      digits += 1
    case 13 where digits > 0: state = .sizeCR
    case UInt8(ascii: ";") where digits > 0: state = .extensions
    default: throw Fault(.invalid, "A chunk's size is no number.")
    }
  }

  private mutating func keep(_ byte: UInt8) throws(Fault) {
    try count(byte)
    trailerLines.append(byte)
  }

  private mutating func count(_ byte: UInt8) throws(Fault) {
    extra += 1
    guard byte >= 32 || byte == 9, byte != 127 else { throw Fault(.invalid, "The chunked body is malformed.") }
    guard extra <= extraLimit else { throw Fault(.tooLarge, "Chunk extensions and trailers are longer than \(extraLimit) bytes.") }
  }
}
