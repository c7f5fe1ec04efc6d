/// A body with its shared pieces replaced by the numbers of their blobs.
///
/// It is a list of numbers, each followed by what it announces: `2 n` by `n` bytes of the body, `2 n + 1` stands for blob `n`.
struct Envelope {
  private(set) var bytes: [UInt8] = []

  /// Shorter pieces stay in the envelope: a blob costs its row and two index entries.
  static let least = 64

  /// The ranges that become blobs.
  static func pieces(of body: FiledBody) -> [Range<Int>] { body.shared.filter { $0.count >= least } }

  /// Replaces `pieces` by `blobs`, which are as many.
  init(_ body: FiledBody, pieces: [Range<Int>], blobs: [Int]) {
    var place = 0
    for (piece, blob) in zip(pieces, blobs) {
      literal(body.bytes[place..<piece.lowerBound])
      Varint.append(blob << 1 | 1, to: &bytes)
      place = piece.upperBound
    }
    literal(body.bytes[place...])
  }

  private mutating func literal(_ piece: ArraySlice<UInt8>) {
    guard !piece.isEmpty else { return }
    Varint.append(piece.count << 1, to: &bytes)
    bytes += piece
  }

  /// The numbers of its blobs, each once; nil for what is no envelope.
  static func blobs(in envelope: [UInt8]) -> Set<Int>? {
    var blobs: Set<Int> = []
    let whole = walk(envelope, literal: { _ in }, blob: { blobs.insert($0) })
    return whole ? blobs : nil
  }

  /// The body, with the texts of its blobs; nil when one is missing or it is no envelope.
  static func open(_ envelope: [UInt8], _ texts: [Int: [UInt8]]) -> [UInt8]? {
    var body: [UInt8] = []
    var missing = false
    let whole = walk(
      envelope, literal: { body += $0 },
      blob: { if let text = texts[$0] { body += text } else { missing = true } })
    return whole && !missing ? body : nil
  }

  private static func walk(_ envelope: [UInt8], literal: (ArraySlice<UInt8>) -> Void, blob: (Int) -> Void) -> Bool {
    var place = 0
    while place < envelope.count {
      guard let number = Varint.read(envelope, at: &place) else { return false }
      if number & 1 == 1 {
        blob(number >> 1)
      } else {
        guard number >> 1 <= envelope.count - place else { return false }
        literal(envelope[place..<(place + number >> 1)])
        place += number >> 1
      }
    }
    return true
  }
}
