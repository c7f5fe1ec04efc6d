package import Base
package import HTTP
import Synchronization

/// Lets the requests on one key or session through in order: so many at a time, and so long from start to start.
/// Shared by all loops.
package final class Turnstile: Sendable {
  /// A place in the queue.
  private final class Ticket: Sendable {
    let wakeup: Wakeup
    init(_ loop: EventLoop) { wakeup = Wakeup(loop) }
  }
  private struct State {
    var running = 0
    /// Monotonic nanoseconds before which nobody starts.
    var nextStart = Int.min
    var waiting: [Ticket] = []
  }
  private enum Step { case go, sleep(Int), queue }

  private let limit: Int
  private let interval: Int
  private let state = Mutex(State())
  private let now: @Sendable () -> Int

  /// How many may wait on one key: more is no use to anybody.
  static let mostWaiting = 256

  /// `limit`: nil for none. `interval`: nanoseconds.
  init(limit: Int?, interval: Int, now: @escaping @Sendable () -> Int = { Time.monotonic }) {
    self.limit = limit ?? .max
    self.interval = interval
    self.now = now
  }

  /// Waits for its turn. Throws `overloaded` when too many wait, `cancelled` when the task is. `leave` must follow.
  package func enter(on loop: EventLoop) async throws(Fault) {
    if tryEnter() { return }
    let ticket = Ticket(loop)
    guard
      state.withLock({ state in
        guard state.waiting.count < Self.mostWaiting else { return false }
        state.waiting.append(ticket)
        return true
      })
    else { throw Fault(.overloaded, "Too many requests wait for this account. Try again later.", retryAfter: 30) }
    while !Task.isCancelled {
      switch step(ticket) {
      case .go: return
      case .sleep(let duration): await loop.sleep(Int64(duration))
      case .queue: await ticket.wakeup.wait()
      }
    }
    leave(the: ticket)
    throw Fault(.cancelled, "The client left.")
  }

  /// Enters if that needs no waiting. `leave` must follow.
  func tryEnter() -> Bool {
    if case .go = step(nil) { true } else { false }
  }

  private func step(_ ticket: Ticket?) -> Step {
    let time = now()
    return state.withLock { state in
      guard state.running < limit, state.waiting.first === ticket else { return .queue }
      guard state.nextStart <= time else { return .sleep(state.nextStart - time) }
      state.running += 1
      state.nextStart = time + interval
      if ticket != nil { state.waiting.removeFirst() }
      // The next may find room as well, or has to begin to watch the clock.
      state.waiting.first?.wakeup.wake()
      return .go
    }
  }

  private func leave(the ticket: Ticket) {
    state.withLock { state in
      state.waiting.removeAll { $0 === ticket }
      state.waiting.first?.wakeup.wake()
    }
  }

  /// The request that entered is over.
  package func leave() {
    state.withLock { state in
      state.running -= 1
      state.waiting.first?.wakeup.wake()
    }
  }

  /// Requests that run, and that wait.
  package var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting.count) } }

  /// Whether one more would have to wait.
  func isBusy(now: Int) -> Bool {
    state.withLock { $0.running >= limit || !$0.waiting.isEmpty || $0.nextStart > now }
  }
}
