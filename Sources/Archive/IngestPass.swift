internal import Base

/// One way through the spool, from where the archive's last transaction ended.
final class IngestPass {
  private let spool: Spool
  private let archive: Archive
  /// Where the archive is in each segment.
  private var places: [String: Int]
  private var readers: [String: SegmentReader] = [:]

  init(_ spool: Spool, _ archive: Archive) throws(Fault) {
    self.spool = spool
    self.archive = archive
    places = try archive.position(spool: spool.folder.name)
    let known = Set(spool.segments.map(\.name))
    let gone = places.keys.filter { !known.contains($0) }
    try archive.forget(spool: spool.folder.name, segments: gone)
  }

  /// Files at most so many records and bytes; whether there may be more.
  func step(records: Int, bytes: Int) throws(Fault) -> Bool {
    var batch = Batch()
    for segment in spool.segments {
      // Asked in this order: a segment that is closed grows no more.
      let isClosed = segment.isClosed
      let end = segment.end
      guard let reader = reader(of: segment) else {
        if isClosed { batch.done.append(segment) }
        continue
      }
      let isRead = batch.fill(from: reader, before: end, records, bytes)
      batch.ends[segment.name] = reader.offset
      batch.read.append((segment, reader.offset))
      if isClosed, isRead { batch.done.append(segment) }
      if !isRead { break }
    }
    try file(batch)
    return batch.entries.count >= records || batch.size >= bytes
  }

  /// What one transaction files.
  private struct Batch {
    var entries: [Entry] = []
    var ends: [String: Int] = [:]
    var read: [(segment: SpoolSegment, offset: Int)] = []
    /// Segments that were read to their ends.
    var done: [SpoolSegment] = []
    /// Bytes of bodies.
    var size = 0

    /// Whether everything was read.
    mutating func fill(from reader: SegmentReader, before end: Int, _ records: Int, _ bytes: Int) -> Bool {
      while entries.count < records, size < bytes {
        guard let record = reader.next(before: end) else { return true }
        entries.append(EntryReader(record).entry())
        size += record.size
      }
      return false
    }
  }

  private func file(_ batch: Batch) throws(Fault) {
    let spoolName = spool.folder.name
    if !batch.entries.isEmpty {
      do throws(Fault) {
        try archive.write(batch.entries, spool: spoolName, positions: batch.ends)
      } catch {
        // What was read is read again.
        readers = [:]
        throw error
      }
      places.merge(batch.ends) { $1 }
      for (segment, offset) in batch.read { spool.wasFiled(segment, to: offset) }
    }
    for segment in batch.done {
      readers[segment.name] = nil
      places[segment.name] = nil
      spool.remove(segment)
    }
    if !batch.done.isEmpty { try archive.forget(spool: spoolName, segments: batch.done.map(\.name)) }
  }

  private func reader(of segment: SpoolSegment) -> SegmentReader? {
    if let reader = readers[segment.name] { return reader }
    let reader = SegmentReader(segment.path, from: places[segment.name] ?? 0)
    readers[segment.name] = reader
    return reader
  }
}
