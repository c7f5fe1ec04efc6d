/// Which of several records of the same conversations are kept. Source: formats/datasets.md §10.
package struct ChainSelection: Sendable {
  /// A record by what counts here.
  package struct Item: Sendable {
    /// The record's id.
    package var id: String
    /// Its turns.
    package var chain: ChainHash
    /// Why it can't be training data; nil when it can.
    package var refusal: Refusal?

    /// A record.
    package init(id: String, chain: ChainHash, refusal: Refusal?) {
      self.id = id
      self.chain = chain
      self.refusal = refusal
    }
  }

  /// The ids of those that are kept, in their order.
  package private(set) var keep: [String] = []
  /// Why the others are dropped.
  package private(set) var drop: [(id: String, reason: String)] = []
  /// Records that answer the same in different ways.
  package private(set) var siblings: [[String]] = []

  /// The selection among records in the order of their arrival.
  package init(_ items: [Item]) {
    // A cut answer may still be the history of another; what failed is nobody's.
    let members = items.filter { $0.refusal == nil || $0.refusal?.reason == .truncatedLength }
    let longest = Self.longest(members)
    var ends: [[UInt8]: String] = [:]
    var kept: [Item] = []
    for item in items {
      if let refusal = item.refusal, refusal.reason != .truncatedLength {
        drop.append((item.id, "invalid:\(refusal.reason.rawValue)"))
        continue
      }
      let end = item.chain.last
      if let other = longest[end] {
        drop.append((item.id, "prefix_of:\(other)"))
      } else if let first = ends[end] {
        drop.append((item.id, "duplicate_of:\(first)"))
      } else if let refusal = item.refusal {
        drop.append((item.id, "invalid:\(refusal.reason.rawValue)"))
      } else {
        kept.append(item)
      }
      if ends[end] == nil { ends[end] = item.id }
    }
    keep = kept.map(\.id)
    siblings = Self.siblings(kept)
  }

  /// For each inner hash the longest record that has it, the earliest of those that are as long.
  private static func longest(_ items: [Item]) -> [[UInt8]: String] {
    var found: [[UInt8]: (id: String, length: Int)] = [:]
    for item in items {
      let length = item.chain.hashes.count
      for hash in item.chain.hashes.dropLast() where length > (found[hash]?.length ?? 0) { found[hash] = (item.id, length) }
    }
    return found.mapValues(\.id)
  }

  private static func siblings(_ items: [Item]) -> [[String]] {
    var groups: [[UInt8]: [String]] = [:]
    var order: [[UInt8]] = []
    for item in items {
      guard let before = item.chain.hashes.dropLast().last else { continue }
      if groups[before] == nil { order.append(before) }
      groups[before, default: []].append(item.id)
    }
    return order.compactMap { groups[$0] }.filter { $0.count > 1 }
  }
}
