package import Base
internal import CSystem
internal import Synchronization

/// What is kept of an archive, the oldest going first.
package struct Retention: Sendable {
  /// Seconds; nil for ever.
  package let age: Int?
  /// Bytes of the archive; nil for no limit.
  package let bytes: Int?

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
  private let state = Mutex(State())

  private struct State {
    var isEnding = false
    var hasEnded = false
    var trouble = ""
  }

  /// Records of one transaction.
  private static let mostRecords = 256
  /// Bytes of bodies of one transaction.
  private static let mostBytes = 8 << 20
  /// Nanoseconds that records are gathered for.
  private static let gathering: Int64 = 20_000_000
  /// Nanoseconds until an archive that failed is asked again: the first time, and the most.
  private static let patience: ClosedRange<Int64> = 50_000_000...2_000_000_000
  /// Nanoseconds that the end of the program waits for what is left.
  private static let endPatience: Int64 = 3_000_000_000

  package init(_ spool: Spool, _ location: Secret, keep retention: Retention) {
    self.spool = spool
    self.location = location
    self.retention = retention
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
    while true {
      do throws(Fault) {
        let archive = try Archive.open(location.exposed, mode: .write)
        tell("")
        pause = Self.patience.lowerBound
        return try work(archive)
      } catch {
        tell(error.message)
        guard !isEnding else { return }
        spool.wait(beyond: -1, nanoseconds: pause)
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
    let pass = try IngestPass(spool, archive)
    while true {
      let seen = spool.appendedCount
      spool.prepareSpares()
      let isMore = try pass.step(records: Self.mostRecords, bytes: Self.mostBytes)
      if isMore { continue }
      if isEnding { return spool.removeSpares() }
      if try sweep(archive) { continue }
      spool.wait(beyond: seen, nanoseconds: 1_000_000_000)
      sys_sleep(Self.gathering)
    }
  }

  /// Removes a little of what is too old or too much; whether there is more to do.
  private func sweep(_ archive: Archive) throws(Fault) -> Bool {
    guard retention.age != nil || retention.bytes != nil else { return false }
    let oldest = retention.age.map { Time.now.milliseconds - 1000 * $0 }
    return try archive.sweep(olderThan: oldest, largerThan: retention.bytes)
  }
}
