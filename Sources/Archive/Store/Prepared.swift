internal import Base

/// What filing an entry needs and can be made without the database: on the thread that reads ahead, beside the one that files.
package struct Prepared: Sendable {
  /// What each turn's node keeps, packed; nil for those that are likely there already.
  var turns: [[UInt8]?] = []
  /// The words of the turns from `Entry.firstOwn` on.
  var words = Words()
  /// The pieces of both bodies that become blobs, in their order.
  var pieces: [Piece] = []
  /// Both bodies without those pieces, packed.
  var envelopes: [UInt8] = []

  struct Piece: Sendable {
    let hash: Hash
    /// Nil when it is likely there already.
    let data: [UInt8]?
  }
}

/// Prepares entries; used by one thread.
final class Preparer {
  private let zstd = Zstd()
  /// The keys of turns and pieces that were packed, which are there already when they come again.
  private var seen: Set<Int> = []

  /// How many are remembered; about 4 MB.
  private static let limit = 100_000

  func prepare(_ entry: Entry) -> Prepared {
    if seen.count > Self.limit { seen.removeAll(keepingCapacity: true) }
    var prepared = Prepared()
    prepared.turns = entry.turns.map { turn in isNew(Hash(turn.hash)) ? zstd.pack(NodeText.join(turn)) : nil }
    prepared.words = Words(of: entry.turns[min(entry.firstOwn, entry.turns.count)...].lazy.map(\.words))
    guard entry.request != nil || entry.response != nil else { return prepared }
    let (request, response) = (envelope(entry.request, &prepared), envelope(entry.response, &prepared))
    prepared.envelopes = zstd.pack(Envelope.join(request, response))
    return prepared
  }

  private func envelope(_ body: FiledBody?, _ prepared: inout Prepared) -> [UInt8] {
    guard let body else { return [] }
    let pieces = Envelope.pieces(of: body)
    for range in pieces {
      let piece = Array(body.bytes[range])
      let hash = Hash(Digest.sha256(piece))
      prepared.pieces.append(Prepared.Piece(hash: hash, data: isNew(hash) ? zstd.pack(piece) : nil))
    }
    return Envelope(body, pieces: pieces).bytes
  }

  private func isNew(_ hash: Hash) -> Bool { seen.insert(hash.key).inserted }
}

/// What a node keeps of its turn, in one packed text: the words mostly stand in the canonical message too, and cost little there.
enum NodeText {
  static func join(_ turn: Turn) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(turn.canonical.count + turn.words.utf8.count + 4)
    Varint.append(turn.canonical.count, to: &text)
    text += turn.canonical
    text += turn.words.utf8
    return text
  }

  /// The canonical message and the words; nil for what `join` didn't make.
  static func split(_ text: [UInt8]) -> (canonical: [UInt8], words: String)? {
    var place = 0
    guard let count = Varint.read(text, at: &place), count <= text.count - place else { return nil }
    return (Array(text[place..<place + count]), String(decoding: text[(place + count)...], as: UTF8.self))
  }
}
