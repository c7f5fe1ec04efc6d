internal import CSystem
internal import Glibc

/// One loop's end of the spool. Used by that loop's thread alone.
///
/// A record is in the kernel's hands when `append` returns: it outlives the process, though not the machine. What the disk does not take
/// waits in memory, up to `mostWaiting`, and is tried again with every further record, at `flush` and at the end.
package final class SpoolWriter {
  private let spool: Spool
  private let loop: Int
  /// What is being written; nil before the first record.
  package private(set) var segment: SpoolSegment?
  private var number = 0
  /// Records that the disk did not take.
  private var waiting: [Record] = []
  private var waitingBytes = 0

  /// Bytes that wait in memory for a disk that takes none; promised ones wait beyond that.
  private static let mostWaiting = 16 << 20

  /// The one writer of a loop; used by its thread alone.
  package init(_ spool: Spool, loop: Int) {
    self.spool = spool
    self.loop = loop
  }

  /// Whether records wait for the disk.
  package var isWaiting: Bool { !waiting.isEmpty }

  /// Appends a record. False when it was dropped, because the spool is full, or the disk takes nothing and enough waits already.
  /// `isPromised`: whether the record is kept all the same.
  package func append(_ record: Record, isPromised: Bool = false) -> Bool {
    let size = record.size
    guard isPromised || spool.bytes + size <= spool.limit else { return drop() }
    if waiting.isEmpty || flush(), write(record) { return true }
    guard isPromised || waitingBytes + size <= Self.mostWaiting else { return drop() }
    waiting.append(record)
    waitingBytes += size
    return true
  }

  private func drop() -> Bool {
    spool.wasDropped()
    return false
  }

  /// Tries once more what the disk did not take; true when nothing waits any more.
  package func flush() -> Bool {
    var done = 0
    while done < waiting.count, write(waiting[done]) {
      waitingBytes -= waiting[done].size
      done += 1
    }
    waiting.removeFirst(done)
    return waiting.isEmpty
  }

  /// Ends the segment; what still waits for the disk is dropped.
  package func end() {
    _ = flush()
    for _ in waiting { _ = drop() }
    waiting = []
    close()
  }

  private func write(_ record: Record) -> Bool {
    if let segment, segment.end >= spool.segmentSize { close() }
    guard let segment = segment ?? begin() else { return false }
    let front = RecordFrame.front(of: record, stamp: segment.stamp)
    let (request, response) = (record.request.bytes, record.response.bytes)
    let count = front.count + request.count + response.count
    // Half a frame is written over by the next one.
    let taken = unsafe sys_write3(
      segment.fd, Int64(segment.end), front, front.count, request, request.count, response, response.count)
    guard taken == count else { return false }
    segment.grew(by: count)
    spool.wasAppended(count)
    return true
  }

  private func begin() -> SpoolSegment? {
    segment = spool.begin(loop: loop, number: number)
    number += 1
    return segment
  }

  private func close() {
    segment?.isDone()
    segment = nil
  }
}

extension Record {
  /// About how many bytes it takes in the spool.
  var size: Int { request.bytes.count + response.bytes.count + 512 }
}
