/// The one place where a task waits for its loop: a callback wakes the one task that waits.
///
/// Both sides run on the loop's thread. `wake` without a waiting task does nothing, so the woken side looks at the
/// state it waits for, in a loop.
@safe
final class Waiter {
  // Unsafe continuations, because a checked one costs an allocation and a lock at every chunk; each one is resumed
  // exactly once: `wake` takes it out before it resumes it, and the owner wakes its waiter when it closes.
  private var continuation: UnsafeContinuation<Void, Never>?

  var isWaiting: Bool { unsafe continuation != nil }

  func wait() async {
    precondition(!isWaiting, "two tasks wait for one thing")
    unsafe await withUnsafeContinuation { unsafe continuation = $0 }
  }

  func wake() {
    guard let waiting = unsafe continuation else { return }
    unsafe continuation = nil
    unsafe waiting.resume()
  }
}
