import Archive
import Base
import HTTP
import Synchronization

/// Puts what the loops appended on the disk itself, for `record.sync: disk`: one `fdatasync` for all who wait for the same file.
final class Syncer: Sendable {
  private struct State {
    var waiting: [(file: SpoolSegment, done: @Sendable () -> Void)] = []
    var isWorking = false
  }

  private let state = Mutex(State())

  /// Waits until the disk has everything that was written to `file` before.
  func sync(_ file: SpoolSegment, on loop: EventLoop) async {
    // Resumed exactly once, on the loop, by the thread that has synced.
    unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      enter(file) { loop.execute { unsafe continuation.resume() } }
    }
  }

  private func enter(_ file: SpoolSegment, _ done: @escaping @Sendable () -> Void) {
    let isFirst = state.withLock { state in
      state.waiting.append((file, done))
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if isFirst { Worker.start(named: "sync") { [self] in work() } }
  }

  private func work() {
    while let group = next() {
      var synced: Set<ObjectIdentifier> = []
      for (file, _) in group where synced.insert(ObjectIdentifier(file)).inserted { file.sync() }
      for (_, done) in group { done() }
    }
  }

  /// All who wait now; nil when nobody does, and the thread ends.
  private func next() -> [(file: SpoolSegment, done: @Sendable () -> Void)]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isWorking = false
        return nil
      }
      defer { state.waiting = [] }
      return state.waiting
    }
  }
}
