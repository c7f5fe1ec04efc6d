/// A body with its shared pieces left out, which are blobs.
///
/// It is a list of numbers, each followed by what it announces: `2 n` by `n` bytes of the body, 1 stands for the next blob. The blobs'
/// numbers stand before the envelopes of both bodies, which so can be packed before anybody knows the numbers.
struct Envelope {
  private(set) var bytes: [UInt8] = []

  /// Shorter pieces stay in the envelope: a blob costs its row and two index entries.
  static let least = 64

  /// The ranges that become blobs.
  static func pieces(of body: FiledBody) -> [Range<Int>] { body.shared.filter { $0.count >= least } }

  /// The bytes of a piece of an entry, counted through both bodies.
  static func piece(_ place: Int, of entry: Entry) -> [UInt8] {
    let bodies = [entry.request, entry.response].compactMap(\.self)
    let all = bodies.flatMap { body in pieces(of: body).map { (body, $0) } }
    return Array(all[place].0.bytes[all[place].1])
  }

  /// Leaves out `pieces`.
  init(_ body: FiledBody, pieces: [Range<Int>]) {
    var place = 0
    for piece in pieces {
      literal(body.bytes[place..<piece.lowerBound])
      bytes.append(1)
      place = piece.upperBound
    }
    literal(body.bytes[place...])
  }

  private mutating func literal(_ piece: ArraySlice<UInt8>) {
    guard !piece.isEmpty else { return }
    Varint.append(piece.count << 1, to: &bytes)
    bytes += piece
  }

  /// How many blobs it wants; nil for what is no envelope.
  static func blobCount(in envelope: [UInt8]) -> Int? {
    var count = 0
    let whole = walk(envelope, literal: { _ in }, blob: { count += 1 })
    return whole ? count : nil
  }

  /// The body, with the texts of its blobs; nil when one is missing or it is no envelope.
  static func open(_ envelope: [UInt8], _ texts: [[UInt8]?]) -> [UInt8]? {
    var body: [UInt8] = []
    var next = 0
    var missing = false
    let whole = walk(
      envelope, literal: { body += $0 },
      blob: {
        if next < texts.count, let text = texts[next] { body += text } else { missing = true }
        next += 1
      })
    return whole && !missing ? body : nil
  }

  private static func walk(_ envelope: [UInt8], literal: (ArraySlice<UInt8>) -> Void, blob: () -> Void) -> Bool {
    var place = 0
    while place < envelope.count {
      guard let number = Varint.read(envelope, at: &place) else { return false }
      if number == 1 {
        blob()
      } else {
        guard number & 1 == 0, number >> 1 <= envelope.count - place else { return false }
        literal(envelope[place..<(place + number >> 1)])
        place += number >> 1
      }
    }
    return true
  }
}

// How the envelopes of both bodies are stored together.
extension Envelope {
  /// Both as one text.
  static func join(_ request: [UInt8], _ response: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(request.count + response.count + 4)
    Varint.append(request.count, to: &text)
    text += request
    text += response
    return text
  }

  /// What `join` made; nil for anything else.
  static func split(_ text: [UInt8]) -> (request: [UInt8], response: [UInt8])? {
    var place = 0
    guard let count = Varint.read(text, at: &place), count <= text.count - place else { return nil }
    return (Array(text[place..<place + count]), Array(text[(place + count)...]))
  }

  /// Packed envelopes behind the numbers of their blobs.
  static func file(_ packed: [UInt8], blobs: [Int]) -> [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(packed.count + 4 * blobs.count + 4)
    Varint.append(blobs.count, to: &data)
    for blob in blobs { Varint.append(blob, to: &data) }
    data += packed
    return data
  }

  /// What `file` made; nil for anything else.
  static func unfile(_ data: [UInt8]) -> (packed: [UInt8], blobs: [Int])? {
    var place = 0
    guard let count = Varint.read(data, at: &place), count <= data.count - place else { return nil }
    var blobs: [Int] = []
    for _ in 0..<count {
      guard let blob = Varint.read(data, at: &place) else { return nil }
      blobs.append(blob)
    }
    return (Array(data[place...]), blobs)
  }
}
