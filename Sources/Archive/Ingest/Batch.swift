/// What one transaction files.
struct Batch: Sendable {
  private(set) var entries: [Entry] = []
  /// How far each segment was read.
  private(set) var ends: [(segment: SpoolSegment, offset: Int)] = []
  /// Segments that were read to their ends, which grow no more.
  private(set) var done: [SpoolSegment] = []
  /// Bytes of bodies.
  private var size = 0

  /// Records of one transaction.
  private static let mostRecords = 1024
  /// Bytes of bodies of one transaction.
  private static let mostBytes = 8 << 20

  /// Whether nothing was there.
  var isEmpty: Bool { entries.isEmpty && done.isEmpty }
  private var isFull: Bool { entries.count >= Self.mostRecords || size >= Self.mostBytes }

  /// Puts the records of all loops in the order in which they began.
  mutating func sort() {
    // Entries are large: each moves once.
    let order = entries.enumerated().map { ($0.element.row.record.id, $0.offset) }.sorted { $0 < $1 }
    entries = order.map { entries[$0.1] }
  }

  /// Takes in what a segment has beyond what was read before; false when there is no room for all of it.
  mutating func fill(from segment: SpoolSegment, _ reader: SegmentReader?, _ preparer: Preparer) -> Bool {
    // Asked in this order: a segment that is closed grows no more.
    let isClosed = segment.isClosed
    let end = segment.end
    guard let reader else {
      if isClosed { done.append(segment) }
      return true
    }
    defer { ends.append((segment, reader.offset)) }
    while !isFull {
      guard let record = reader.next(before: end) else {
        if isClosed { done.append(segment) }
        return true
      }
      var entry = EntryReader(record).entry()
      entry.prepared = preparer.prepare(entry)
      entries.append(entry)
      size += record.size
    }
    return false
  }
}

/// Reads a spool in batches, each behind the last.
final class BatchReader {
  private let spool: Spool
  /// Where the archive is in each segment.
  private let places: [String: Int]
  private var readers: [ObjectIdentifier: SegmentReader] = [:]
  private var finished: Set<ObjectIdentifier> = []
  private let preparer = Preparer()

  init(_ spool: Spool, from places: [String: Int]) {
    self.spool = spool
    self.places = places
  }

  /// What comes next; empty when there is nothing (yet).
  func next() -> Batch {
    var batch = Batch()
    let segments = spool.segments
    finished.formIntersection(segments.map { ObjectIdentifier($0) })
    for segment in segments where !finished.contains(ObjectIdentifier(segment)) {
      guard batch.fill(from: segment, reader(of: segment), preparer) else { break }
    }
    batch.sort()
    for segment in batch.done {
      finished.insert(ObjectIdentifier(segment))
      readers[ObjectIdentifier(segment)] = nil
    }
    return batch
  }

  private func reader(of segment: SpoolSegment) -> SegmentReader? {
    if let reader = readers[ObjectIdentifier(segment)] { return reader }
    let reader = SegmentReader(segment.path, from: places[segment.name] ?? 0)
    readers[ObjectIdentifier(segment)] = reader
    return reader
  }
}
