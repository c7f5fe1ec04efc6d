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
/// their runs. Only the bands are kept, 8 bytes each, so that a million conversations take 133 MB; what a candidate said is read again.
struct Duplicates {
  static let threshold = 0.8

  private let rule: DuplicateRule
  private var seen: Set<UInt64> = []
  private var tables: [BandTable]
  /// The runs of the last conversations that were compared.
  private var recent: [Int: Set<UInt64>] = [:]

  init(_ rule: DuplicateRule) {
    self.rule = rule
    tables = rule == .near ? (0..<Fingerprint.bandCount).map { _ in BandTable() } : []
  }

  /// Why a conversation is a duplicate; nil, and it is remembered, when it is none. `again` gives the runs of an earlier one.
  mutating func add(_ likeness: Fingerprint, place: Int, again: (Int) throws(Fault) -> Set<UInt64>?) throws(Fault) -> String? {
    guard rule != .none else { return nil }
    guard seen.insert(likeness.key).inserted else { return "duplicate" }
    guard !likeness.runs.isEmpty else { return nil }
    var compared: Set<Int> = []
    for (band, table) in zip(likeness.bands, tables) {
      guard let candidate = table[band], compared.insert(candidate).inserted else { continue }
      let known = recent[candidate]
      guard let other = known == nil ? try again(candidate) : known else { continue }
      if Shingles.likeness(likeness.runs, other) >= Self.threshold { return "near_duplicate" }
    }
    for position in tables.indices { tables[position].insert(likeness.bands[position], place) }
    if recent.count >= 2000 { recent.removeAll(keepingCapacity: true) }
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
  /// A hash for each band, of the smallest values of its rows.
  let bands: [UInt32]

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

  private static func bands(of runs: Set<UInt64>) -> [UInt32] {
    var least = [UInt64](repeating: .max, count: bandCount * rowCount)
    for run in runs {
      var value = run
      for row in least.indices {
        value = Shingles.mix(value, UInt64(row) &+ 0x9E37_79B9_7F4A_7C15)
        if value < least[row] { least[row] = value }
      }
    }
    return (0..<bandCount).map { UInt32(truncatingIfNeeded: Shingles.hash(least[$0 * rowCount..<($0 + 1) * rowCount])) }
  }
}

/// The first conversation of each value of a band: two numbers of 32 bits a slot.
struct BandTable {
  private var slots = [UInt64](repeating: 0, count: 1 << 10)
  private var count = 0

  /// The place of the first with this value.
  subscript(band: UInt32) -> Int? {
    var slot = Int(band) & (slots.count - 1)
    while slots[slot] != 0 {
      if UInt32(truncatingIfNeeded: slots[slot] >> 32) == band { return Int(slots[slot] & 0xFFFF_FFFF) - 1 }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Remembers a place below 2³² − 1 for a value that has none.
  mutating func insert(_ band: UInt32, _ place: Int) {
    if count * 8 >= slots.count * 5 { grow() }
    guard self[band] == nil, place < Int(UInt32.max) else { return }
    put(UInt64(band) << 32 | UInt64(place + 1))
    count += 1
  }

  private mutating func put(_ value: UInt64) {
    var slot = Int(value >> 32) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = value
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for value in old where value != 0 { put(value) }
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
