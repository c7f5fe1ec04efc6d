package import Base
internal import CSystem
internal import Synchronization

/// What is kept of an archive, the oldest going first.
package struct Retention: Sendable {
  /// Seconds; nil for ever.
  package let age: Int?
  /// Bytes of the archive; nil for no limit.
  package let bytes: Int?

  /// Of seconds and bytes; nil keeps for ever.
  package init(age: Int?, bytes: Int?) {
    self.age = age
    self.bytes = bytes
  }
}

/// What is behind the spool: reads records, files them in the archive in batches, and lets go of what was filed.
///
/// A batch and the places in the spool where it ends are one transaction, so that whatever dies, every record is filed exactly once.
/// An archive that can't take a batch is asked again later; the records wait in the spool.
package final class Ingester: Sendable {
  private let spool: Spool
  private let location: Secret
  private let retention: Retention
  private let isDurable: Bool
  private let state = Mutex(State())

  private struct State {
    var isEnding = false
    var hasEnded = false
    var trouble = ""
  }

  /// Nanoseconds that records are gathered for.
  private static let gathering: Int64 = 20_000_000
  /// Nanoseconds until an archive that failed is asked again: the first time, and the most.
  private static let patience: ClosedRange<Int64> = 50_000_000...2_000_000_000
  /// Nanoseconds that the end of the program waits for what is left.
  private static let endPatience: Int64 = 3_000_000_000

  /// `isDurable`: whether the archive puts every batch on the disk itself, before the spool lets go of it.
  package init(_ spool: Spool, _ location: Secret, keep retention: Retention, isDurable: Bool = false) {
    self.spool = spool
    self.location = location
    self.retention = retention
    self.isDurable = isDurable
  }

  /// What keeps the archive from taking records; empty when nothing does.
  package var trouble: String { state.withLock { $0.trouble } }

  /// Starts the thread.
  package func start() {
    Worker.start(named: "ingest") { [self] in
      sys_yield_to_others(10)
      work()
      state.withLock { $0.hasEnded = true }
    }
  }

  /// Has the thread file what is left and end; waits for that, but not long.
  package func end() {
    state.withLock { $0.isEnding = true }
    spool.wake()
    let deadline = sys_now() + Self.endPatience
    while !state.withLock({ $0.hasEnded }), sys_now() < deadline { sys_sleep(2_000_000) }
  }

  private var isEnding: Bool { state.withLock { $0.isEnding } }
}

// MARK: - The thread

extension Ingester {
  private func work() {
    var pause = Self.patience.lowerBound
    var hasOpened = false
    while true {
      do throws(Fault) {
        // Never again: a folder that is gone may be a disk that comes back.
        if !hasOpened { try Archive.makeFolder(of: location.exposed) }
        let archive = try Archive.open(location.exposed, mode: .write)
        hasOpened = true
        if isDurable { try archive.syncEveryCommit() }
        tell("")
        pause = Self.patience.lowerBound
        return try work(archive)
      } catch {
        tell(error.message)
        guard !isEnding else { return }
        spool.pause(nanoseconds: pause)
        pause = min(2 * pause, Self.patience.upperBound)
      }
    }
  }

  private func tell(_ trouble: String) {
    let before = state.withLock { state in
      defer { state.trouble = trouble }
      return state.trouble
    }
    guard before != trouble else { return }
    if trouble.isEmpty { Log.info("archive", ["state": "ok"]) } else { Log.warning("archive", ["message": trouble]) }
  }

  private func work(_ archive: Archive) throws(Fault) {
    let batches = ReadAhead(spool, from: try archive.places(of: spool))
    defer { batches.stop() }
    var idle = 0
    while true {
      let seen = spool.appendedCount
      spool.prepareSpares()
      let batch = batches.next()
      try archive.file(batch, of: spool)
      idle = batch.isEmpty ? idle + 1 : 0
      // An empty batch may have been read a while ago.
      guard idle > 1 else { continue }
      if isEnding { return spool.removeSpares() }
      if try sweep(archive) { continue }
      if try archive.mergeSearch() { continue }
      spool.wait(beyond: seen, nanoseconds: 1_000_000_000)
      sys_sleep(Self.gathering)
      idle = 0
    }
  }

  /// Removes a little of what is too old or too much; whether there is more to do.
  private func sweep(_ archive: Archive) throws(Fault) -> Bool {
    guard retention.age != nil || retention.bytes != nil else { return false }
    let oldest = retention.age.map { Time.now.milliseconds - 1000 * $0 }
    return try archive.sweep(olderThan: oldest, largerThan: retention.bytes)
  }
}

extension Archive {
  /// Where the archive is in each segment of a spool; forgets those that are gone.
  func places(of spool: Spool) throws(Fault) -> [String: Int] {
    let name = spool.folder.name
    var places = try position(spool: name)
    let known = Set(spool.segments.map(\.name))
    let gone = places.keys.filter { !known.contains($0) }
    if !gone.isEmpty { try forget(spool: name, segments: Array(gone)) }
    for segment in gone { places[segment] = nil }
    return places
  }

  /// Files a batch with the places where it ends, and lets go of the segments that are done with.
  func file(_ batch: Batch, of spool: Spool) throws(Fault) {
    let name = spool.folder.name
    if !batch.entries.isEmpty {
      let ends = Dictionary(batch.ends.map { ($0.segment.name, $0.offset) }, uniquingKeysWith: { $1 })
      try write(batch.entries, spool: name, positions: ends)
      for (segment, offset) in batch.ends { spool.wasFiled(segment, to: offset) }
    }
    for segment in batch.done { spool.remove(segment) }
    if !batch.done.isEmpty { try forget(spool: name, segments: batch.done.map(\.name)) }
  }
}
