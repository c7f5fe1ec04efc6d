internal import Base
internal import Glibc
internal import Synchronization

/// The journal in front of the archive: records are appended to it before their replies end, and are ingested later.
///
/// Every loop writes its own segments through a `SpoolWriter`. What is shared are the limit, the counters, the segments, and the bell of
/// the ingester.
package final class Spool: Sendable {
  /// Where its segments lie.
  package let folder: SpoolFolder
  /// Bytes that may wait for the ingester. On the disk are also the segments that are being written, and a few that are ready.
  package let limit: Int
  /// Bytes after which a loop begins a new segment, so that ingested ones can go.
  let segmentSize: Int
  private let spares: SpareFiles
  private let size: Atomic<Int>
  private let appended = Atomic(0)
  private let counting = Mutex(())
  private let known: Mutex<[SpoolSegment]>
  private let isListening = Atomic(false)
  private let bell = Bell()

  /// Files that are kept ready.
  private static let mostSpares = 4

  /// A spool over a folder whose lock is held; segments that were left there count.
  package init(_ folder: SpoolFolder, limit: Int) {
    self.folder = folder
    self.limit = limit
    segmentSize = min(8 << 20, max(64 << 10, limit / 8))
    spares = SpareFiles(folder.path)
    let left = SpoolFolder.segments(folder.path).map { SpoolSegment(left: folder.path + "/" + $0.name, size: $0.size) }
    known = Mutex(left)
    size = Atomic(left.reduce(0) { $0 + $1.end })
  }

  /// Bytes that wait for the ingester.
  package var bytes: Int { size.load(ordering: .relaxed) }
  /// Whether no further record fits.
  package var isFull: Bool { bytes >= limit }
  /// Records that were appended in this run.
  package var appendedCount: Int { appended.load(ordering: .relaxed) }
  /// Records that were dropped since the spool was made, or since that was forgotten.
  package var droppedCount: Int { folder.droppedCount }

  func wasAppended(_ count: Int) {
    size.wrappingAdd(count, ordering: .relaxed)
    appended.wrappingAdd(1, ordering: .sequentiallyConsistent)
    guard isListening.load(ordering: .sequentiallyConsistent), isListening.exchange(false, ordering: .sequentiallyConsistent) else {
      return
    }
    bell.ring()
  }

  /// Counts a record that could not be kept.
  func wasDropped() {
    counting.withLock { _ in folder.droppedCount += 1 }
  }
}

// MARK: - Segments

extension Spool {
  /// All segments, the oldest first.
  var segments: [SpoolSegment] { known.withLock { $0 } }

  /// A new segment for a loop; nil when the disk has no room for one.
  func begin(loop: Int, number: Int) -> SpoolSegment? {
    let path = folder.path + "/" + SpoolFolder.segmentName(loop: loop, number: number)
    let fd = unsafe spares.take(as: path) ?? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return nil }
    guard let segment = SpoolSegment(path, fd) else {
      _ = unsafe unlink(path)
      return nil
    }
    known.withLock { $0.append(segment) }
    return segment
  }

  /// A segment is in the archive up to an offset.
  func wasFiled(_ segment: SpoolSegment, to offset: Int) {
    size.wrappingSubtract(segment.file(to: offset), ordering: .relaxed)
  }

  /// Lets go of a closed segment that was ingested to its end.
  func remove(_ segment: SpoolSegment) {
    known.withLock { $0.removeAll { $0 === segment } }
    wasFiled(segment, to: segment.end)
    let isUsual = segment.end < 2 * segmentSize
    if !isUsual || !spares.add(segment, most: Self.mostSpares) { _ = unsafe unlink(segment.path) }
  }

  /// Makes files ready for the next segments, once there will be any; for the ingester's thread.
  func prepareSpares() {
    guard segmentSize == 8 << 20, segments.contains(where: { !$0.isClosed && $0.end > segmentSize / 4 }) else { return }
    while spares.make(size: segmentSize + segmentSize / 16, most: Self.mostSpares) {}
  }

  /// Removes the files that are ready for further segments.
  func removeSpares() { spares.removeAll() }
}

// MARK: - The bell

extension Spool {
  /// Waits until something is appended behind `seen` records, `wake` is called, or the time in nanoseconds is over; for the ingester's
  /// thread.
  func wait(beyond seen: Int, nanoseconds: Int64) {
    isListening.store(true, ordering: .sequentiallyConsistent)
    // What came before the bell was listened to has not rung it.
    if appended.load(ordering: .sequentiallyConsistent) == seen { bell.wait(nanoseconds: nanoseconds) }
    isListening.store(false, ordering: .sequentiallyConsistent)
  }

  /// Waits for so many nanoseconds, or until `wake` is called.
  func pause(nanoseconds: Int64) { bell.wait(nanoseconds: nanoseconds) }

  /// Wakes the ingester.
  func wake() { bell.ring() }
}
