internal import Base
internal import CSystem
internal import Synchronization

/// Reads the next batch while the last one is filed, on a thread of its own: reading what a record means costs about as much as filing it.
final class ReadAhead: Sendable {
  private struct State {
    var batch: Batch?
    var isStopped = false
  }

  private let state = Mutex(State())
  private let isTaken = Bell()
  private let isThere = Bell()

  init(_ spool: Spool, from places: [String: Int]) {
    Worker.start(named: "ingest-read") { [self] in
      sys_yield_to_others(10)
      let reader = BatchReader(spool, from: places)
      while put(reader.next()) {}
    }
  }

  /// Waits until the last batch was taken; false when no more is wanted.
  private func put(_ batch: Batch) -> Bool {
    state.withLock { $0.batch = batch }
    isThere.ring()
    isTaken.wait()
    return !state.withLock { $0.isStopped }
  }

  /// The next batch, which may be empty.
  func next() -> Batch {
    isThere.wait()
    let batch = state.withLock { state in
      defer { state.batch = nil }
      return state.batch
    }
    isTaken.ring()
    return batch ?? Batch()
  }

  /// Ends the thread.
  func stop() {
    state.withLock { $0.isStopped = true }
    isTaken.ring()
  }
}
