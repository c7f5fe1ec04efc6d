import Glibc
import Synchronization

/// A thread waits here until another one opens it. For the main thread at start and end; never on a loop.
@safe
final class Gate: Sendable {
  // A semaphore of the system: made before anybody sees it, destroyed when nobody can wait any more.
  private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    unsafe sem_init(semaphore, 0, 0)
  }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func open() {
    unsafe sem_post(semaphore)
  }

  func wait() {
    while unsafe sem_wait(semaphore) != 0 {}
  }

  /// False when the time is over first.
  func wait(nanoseconds: Int64) -> Bool {
    var left = nanoseconds
    while unsafe sem_trywait(semaphore) != 0 {
      guard left > 0 else { return false }
      usleep(2000)
      left -= 2_000_000
    }
    return true
  }
}
