import Base
import Synchronization

/// Where heavy hooks work: one after the other, on a thread that lives as long as there is work.
package final class HookQueue: Sendable {
  /// The one of the program.
  package static let shared = HookQueue(named: "hook-pow", limit: 64)

  private typealias Outcome = Result<Hook.Values, Fault>
  private final class Job: Sendable {
    let isCancelled = Atomic(false)
    let work: @Sendable (Hook.Values, () -> Bool) throws(Fault) -> Hook.Values
    let input: Hook.Values

    init(_ work: @escaping @Sendable (Hook.Values, () -> Bool) throws(Fault) -> Hook.Values, _ input: Hook.Values) {
      self.work = work
      self.input = input
    }
  }
  private struct State {
    /// Jobs that have not begun, and who waits for each.
    var waiting: [(job: Job, done: @Sendable (Outcome) -> Void)] = []
    var isWorking = false
  }

  private let name: String
  private let limit: Int
  private let state = Mutex(State())

  /// A queue whose thread has this name of at most 15 bytes, and in which at most `limit` jobs wait.
  package init(named name: String, limit: Int) {
    self.name = name
    self.limit = limit
  }

  /// Jobs that have not begun.
  package var count: Int { state.withLock { $0.waiting.count } }

  func run(
    _ work: @escaping @Sendable (Hook.Values, () -> Bool) throws(Fault) -> Hook.Values, _ input: Hook.Values
  ) async throws(Fault) -> Hook.Values {
    let job = Job(work, input)
    let outcome = await withTaskCancellationHandler {
      // Resumed exactly once: by who takes the job out of `waiting`, or by `enter` when it doesn't get in.
      unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<Outcome, Never>) in
        enter(job) { unsafe continuation.resume(returning: $0) }
      }
    } onCancel: {
      cancel(job)
    }
    return try outcome.get()
  }

  private func enter(_ job: Job, _ done: @escaping @Sendable (Outcome) -> Void) {
    var isFirst = false
    let refusal = state.withLock { state -> Fault? in
      guard !job.isCancelled.load(ordering: .relaxed) else { return Self.cancelled }
      guard state.waiting.count < limit else { return Fault(.overloaded, "Too many requests wait for their proof of work.") }
      state.waiting.append((job, done))
      isFirst = !state.isWorking
      state.isWorking = true
      return nil
    }
    if let refusal { return done(.failure(refusal)) }
    if isFirst { Worker.start(named: name) { [self] in work() } }
  }

  private func cancel(_ job: Job) {
    let waiting = state.withLock { state in
      job.isCancelled.store(true, ordering: .relaxed)
      return state.waiting.firstIndex { $0.job === job }.map { state.waiting.remove(at: $0) }
    }
    waiting?.done(.failure(Self.cancelled))
  }

  private func work() {
    while let (job, done) = next() {
      do throws(Fault) {
        done(.success(try job.work(job.input) { job.isCancelled.load(ordering: .relaxed) }))
      } catch {
        done(.failure(error))
      }
    }
  }

  /// The job that waits longest; nil when none does, and the thread ends.
  private func next() -> (Job, @Sendable (Outcome) -> Void)? {
    state.withLock { state in
      guard let first = state.waiting.first else {
        state.isWorking = false
        return nil
      }
      state.waiting.removeFirst()
      return (first.job, first.done)
    }
  }

  private static var cancelled: Fault { Fault(.cancelled, "Nobody waits for the proof of work.") }
}
