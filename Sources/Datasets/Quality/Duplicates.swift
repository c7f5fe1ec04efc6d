import Base

/// Which duplicates are left out.
package enum DuplicateRule: String, Sendable, CaseIterable {
  case none
  /// The same first question, last answer and system text, up to case and spaces.
  case exact
  /// Also those whose runs of five words are alike to 0.8.
  case near
}

/// Finds conversations that were written already.
///
/// Alike ones are found by MinHash: 10 bands of 5 values each, of which one must agree (98 % of pairs at 0.8, 27 % at 0.5), and then compared by all
/// their runs. Only the bands are kept, so that a million conversations take 92 MB; what a candidate said is read again.
struct Duplicates {
  static let threshold = 0.8
  /// Conversations whose runs are remembered, 4 KB each; those that are alike mostly stand close together.
  private static let recentLimit = 1000

  private let rule: DuplicateRule
  private var seen: Set<UInt64> = []
  private var bands: BandTable
  /// The runs of the last conversations that were compared.
  private var recent: [Int: Set<UInt64>] = [:]

  /// Among at most so many.
  init(_ rule: DuplicateRule, among count: Int) {
    self.rule = rule
    bands = BandTable(capacity: rule == .near ? count * Fingerprint.bandCount : 0)
  }

  /// Why a conversation is a duplicate; nil, and it is remembered, when it is none. `again` gives the runs of an earlier one.
  mutating func add(_ likeness: Fingerprint, place: Int, again: (Int) throws(Fault) -> Set<UInt64>?) throws(Fault) -> String? {
    guard rule != .none else { return nil }
    guard seen.insert(likeness.key).inserted else { return "duplicate" }
    guard !likeness.runs.isEmpty else { return nil }
    var compared: Set<Int> = []
    for band in likeness.bands {
      guard let candidate = bands[band], compared.insert(candidate).inserted else { continue }
      let known = recent[candidate]
      guard let other = known == nil ? try again(candidate) : known else { continue }
      if Shingles.likeness(likeness.runs, other) >= Self.threshold { return "near_duplicate" }
    }
    for band in likeness.bands { bands.insert(band, place) }
    if recent.count >= Self.recentLimit { recent.removeAll(keepingCapacity: true) }
    recent[place] = likeness.runs
    return nil
  }
}

/// What a conversation is compared with others by.
struct Fingerprint: Sendable {
  /// Of two that are the same it is the same.
  let key: UInt64
  /// The runs of words; none where a rule doesn't ask for them.
  let runs: Set<UInt64>
  /// A hash for each band, of its number and the smallest values of its rows.
  let bands: [UInt64]

  static let bandCount = 10
  private static let rowCount = 5

  init(_ sample: Sample, _ rule: DuplicateRule) {
    key = Self.key(sample)
    runs = rule == .near ? Shingles.set(of: Self.text(sample)) : []
    bands = runs.isEmpty ? [] : Self.bands(of: runs)
  }

  private static func key(_ sample: Sample) -> UInt64 {
    var words: [UInt64] = []
    for text in [sample.system, sample.firstQuestion, sample.answer?.text ?? ""] {
      words += Shingles.words(of: text)
      words.append(0)
    }
    for call in sample.answer?.calls ?? [] { words += Shingles.words(of: call.name + " " + call.arguments) }
    return Shingles.hash(words[...])
  }

  private static func text(_ sample: Sample) -> String {
    var text = sample.firstQuestion + "\n" + (sample.answer?.text ?? "")
    for call in sample.answer?.calls ?? [] { text += "\n" + call.name + " " + call.arguments }
    return text
  }

  private static func bands(of runs: Set<UInt64>) -> [UInt64] {
    var least = [UInt64](repeating: .max, count: bandCount * rowCount)
    for run in runs {
      var value = run
      for row in least.indices {
        value = Shingles.mix(value, UInt64(row) &+ 0x9E37_79B9_7F4A_7C15)
        if value < least[row] { least[row] = value }
      }
    }
    return (0..<bandCount).map { Shingles.mix(Shingles.hash(least[$0 * rowCount..<($0 + 1) * rowCount]), UInt64($0)) }
  }
}

/// The first conversation of each band's value, 6 bytes a slot.
///
/// A slot tells values apart by 16 bits: of those that share one by chance, one in some thousands is taken for the other, and found out when the
/// two conversations are compared.
struct BandTable {
  private var tags: [UInt16]
  /// Places and one; 0 where a slot is free.
  private var places: [UInt32]

  /// With room for so many values.
  init(capacity: Int) {
    let count = capacity + capacity / 4 + 1  // a fifth stays free, so that searches end soon
    tags = [UInt16](repeating: 0, count: count)
    places = [UInt32](repeating: 0, count: count)
  }

  /// The place of the first with this value.
  subscript(band: UInt64) -> Int? {
    let slot = slot(of: band)
    return places[slot] == 0 ? nil : Int(places[slot]) - 1
  }

  /// Remembers a place below 2³² − 1 for a value that has none.
  mutating func insert(_ band: UInt64, _ place: Int) {
    let slot = slot(of: band)
    guard places[slot] == 0, place < Int(UInt32.max) else { return }
    tags[slot] = UInt16(truncatingIfNeeded: band)
    places[slot] = UInt32(place + 1)
  }

  /// The slot of a value, or the free one where it would stand.
  private func slot(of band: UInt64) -> Int {
    let tag = UInt16(truncatingIfNeeded: band)
    var slot = Int(band.multipliedFullWidth(by: UInt64(places.count)).high)
    while places[slot] != 0, tags[slot] != tag { slot = slot + 1 == places.count ? 0 : slot + 1 }
    return slot
  }
}

extension Sample {
  /// What the user said first.
  var firstQuestion: String {
    for case .client(let turn) in turns {
      guard let segment = turn.segments.first(where: { !$0.isSystem }) else { continue }
      return segment.content.text(image: "")
    }
    return ""
  }
}
