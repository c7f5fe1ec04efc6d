internal import Base

/// What one transaction files.
struct Batch: Sendable {
  private(set) var entries: [Entry] = []
  /// How far each segment was read.
  private(set) var ends: [(segment: SpoolSegment, offset: Int)] = []
  /// Segments that were read to their ends, which grow no more.
  private(set) var done: [SpoolSegment] = []
  /// Bytes of bodies, and of turns.
  private var size = 0
  private var said = 0

  /// Records of one transaction.
  private static let mostRecords = 1024
  /// Bytes of bodies of one transaction.
  private static let mostBytes = 8 << 20
  /// Bytes of its turns. A packed body may hold a thousand times as much; an agent's, whose history is in every record, some times.
  private static let mostSaid = 32 << 20

  /// Whether nothing was there.
  var isEmpty: Bool { entries.isEmpty && done.isEmpty }
  private var isFull: Bool { entries.count >= Self.mostRecords || size >= Self.mostBytes || said >= Self.mostSaid }

  /// Puts the records of all loops in the order in which they began.
  mutating func sort() {
    // Entries are large: each moves once.
    let order = entries.enumerated().map { ($0.element.row.record.id, $0.offset) }.sorted { $0 < $1 }
    entries = order.map { entries[$0.1] }
  }

  /// Takes in what a segment has up to `end` beyond what was read before; false when there is no room for all of it.
  mutating func fill(from segment: SpoolSegment, _ reader: SegmentReader, before end: Int, isClosed: Bool, _ preparer: Preparer) -> Bool {
    defer { ends.append((segment, reader.offset)) }
    while !isFull {
      guard let record = reader.next(before: end) else {
        if isClosed, !reader.isStuck { done.append(segment) }
        return true
      }
      var entry = EntryReader(record).entry()
      entry.prepared = preparer.prepare(entry)
      size += record.size
      said += entry.turns.reduce(0) { $0 + $1.canonical.count + $1.words.utf8.count }
      entries.append(entry)
    }
    return false
  }

  /// Takes a segment for read, of which nothing is there to read.
  mutating func finish(_ segment: SpoolSegment) { done.append(segment) }
}

/// Reads a spool in batches, each behind the last.
final class BatchReader {
  private let spool: Spool
  /// Where the archive is in each segment.
  private let places: [String: Int]
  private var readers: [ObjectIdentifier: SegmentReader] = [:]
  private var finished: Set<ObjectIdentifier> = []
  private var warned: Set<String> = []
  private let preparer = Preparer()

  init(_ spool: Spool, from places: [String: Int]) {
    self.spool = spool
    self.places = places
  }

  /// What comes next; empty when there is nothing (yet).
  func next() -> Batch {
    var batch = Batch()
    // The ends of all, before any is read: else what one loop kept later is filed earlier. Whether it is closed is asked before the end: a
    // segment that is closed grows no more.
    let segments = spool.segments.map { (segment: $0, isClosed: $0.isClosed, end: $0.end) }
    finished.formIntersection(segments.map { ObjectIdentifier($0.segment) })
    for (segment, isClosed, end) in segments where !finished.contains(ObjectIdentifier(segment)) {
      do throws(SegmentTrouble) {
        let reader = try reader(of: segment)
        guard batch.fill(from: segment, reader, before: end, isClosed: isClosed, preparer) else { break }
        if reader.isStuck { warn(segment) }
      } catch {
        if error != .empty { warn(segment) } else if isClosed { batch.finish(segment) }
      }
    }
    batch.sort()
    for segment in batch.done {
      finished.insert(ObjectIdentifier(segment))
      readers[ObjectIdentifier(segment)] = nil
    }
    return batch
  }

  private func reader(of segment: SpoolSegment) throws(SegmentTrouble) -> SegmentReader {
    if let reader = readers[ObjectIdentifier(segment)] { return reader }
    let reader = try SegmentReader(segment.path, written: segment.fd, from: places[segment.name] ?? 0)
    readers[ObjectIdentifier(segment)] = reader
    return reader
  }

  /// Tells once of a segment that stays where it is: it can't be read now, or is a later version's.
  private func warn(_ segment: SpoolSegment) {
    guard warned.insert(segment.name).inserted else { return }
    Log.warning("spool", ["message": "\(segment.name) can't be read now or by this version of Apus; it stays where it is"])
  }
}
