import Archive
import Base
import Wire

/// The records of an export in their order: the earliest first.
struct ExportSelection {
  /// Their places in the archive, unit by unit.
  private(set) var places: [Int] = []
  /// Where units of several records begin in `places`; empty where each record is one.
  private(set) var starts: [Int] = []
  /// Their last turns, for those that are conversations.
  private(set) var leaves = Leaves()
  /// Turns that are the history of others of them.
  private(set) var inner = BitSet()
  /// What was said before those that go on from a response that the vendor keeps.
  private(set) var responses = ResponseIndex()
  /// Records that such ones go on from.
  private var continued = BitSet()

  /// Chooses them.
  init(_ archive: Archive, _ plan: ExportPlan) throws(Fault) {
    var ends: [Int] = []
    var page: [Int] = []
    var members: Set<Int> = []
    var isIndexed = false
    func flush() throws(Fault) {
      guard let first = page.last, let last = page.first else { return }
      let found = try archive.leaves(first...last)
      for place in page {
        if members.contains(place) { continueFrom(place) }
        // The archive has but a part of such a conversation, which another may share.
        guard let leaf = found[place], !responses.continues(place) else { continue }
        leaves.add(leaf, of: place)
        if members.contains(place) { ends.append(leaf) }
      }
      page = []
      members = []
    }
    try archive.list(plan.filter, limit: plan.limit) { row, place throws(Fault) in
      places.append(place)
      page.append(place)
      // What failed is no part of a chain; a cut answer is.
      if row.record.isComplete || row.record.finish == "length" { members.insert(place) }
      if !isIndexed, row.record.clientWire == ClientWire.responses.rawValue {
        responses = try ResponseIndex(archive)
        isIndexed = true
      }
      if page.count == 500 { try flush() }
      return true
    }
    try flush()
    places.reverse()
    leaves.end()
    inner = try archive.inner(of: ends)
    if plan.format.unit == .pair { try group(archive) }
    if plan.duplicates != .none, starts.isEmpty { try sortByReview(archive) }
  }

  /// How many units there are.
  var count: Int { starts.isEmpty ? places.count : starts.count }

  /// The records of units.
  func records(_ units: Range<Int>) -> ArraySlice<Int> {
    guard !starts.isEmpty else { return places[units] }
    let end = units.upperBound < starts.count ? starts[units.upperBound] : places.count
    return units.isEmpty ? [] : places[starts[units.lowerBound]..<end]
  }

  /// Whether a record is only the beginning of another.
  func isPrefix(_ place: Int) -> Bool { continued.contains(place) || leaves[place].map { inner.contains($0) } ?? false }

  private mutating func continueFrom(_ place: Int) {
    var next = responses.before(place)
    while let place = next, continued.insert(place) { next = responses.before(place) }
  }

  /// Units of records that answer the same: those whose last turns have one parent. What is alone may have several choices.
  private mutating func group(_ archive: Archive) throws(Fault) {
    let parents = try archive.parents(of: Array(Set(leaves.all)))
    var groups: [Int: [Int]] = [:]
    for place in places {
      groups[leaves[place].flatMap { parents[$0] } ?? -1 - place, default: []].append(place)
    }
    let units = groups.values.sorted { $0[0] < $1[0] }
    places = Array(units.joined())
    var start = 0
    for unit in units {
      starts.append(start)
      start += unit.count
    }
  }

  /// Of duplicates the first is kept: the best score, then what was confirmed, come first.
  private mutating func sortByReview(_ archive: Archive) throws(Fault) {
    var ranks: [Int: Int] = [:]
    for start in stride(from: 0, to: places.count, by: 500) {
      let page = Array(places[start..<min(places.count, start + 500)])
      for (place, review) in zip(page, try archive.reviews(page)) {
        let rank = (review.score ?? 0) * 2 + (review.state == .confirmed ? 1 : 0)
        if rank != 0 { ranks[place] = rank }
      }
    }
    guard !ranks.isEmpty else { return }
    places.sort { (ranks[$1] ?? 0, $0) < (ranks[$0] ?? 0, $1) }
  }
}

/// The last turns of records by their places: two numbers each, so that a million take 16 MB.
struct Leaves {
  private var places: [Int] = []
  private(set) var all: [Int] = []

  /// Adds one whose place is before all others.
  mutating func add(_ leaf: Int, of place: Int) {
    places.append(place)
    all.append(leaf)
  }

  /// Ends the adding.
  mutating func end() {
    places.reverse()
    all.reverse()
  }

  /// Nil for what is no conversation.
  subscript(place: Int) -> Int? {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low < places.count && places[low] == place ? all[low] : nil
  }
}
