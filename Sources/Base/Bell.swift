internal import CSystem
internal import Glibc

/// Wakes one waiting thread, once for every ring. Never to be waited for on a loop.
@safe
package final class Bell: Sendable {
  // A semaphore of the system: made before anybody sees it, destroyed when nobody can wait any more.
  private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  /// A bell that has not rung.
  package init() {
    unsafe sem_init(semaphore, 0, 0)
  }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  /// Wakes who waits, or the next who will.
  package func ring() {
    unsafe sem_post(semaphore)
  }

  /// Waits for a ring.
  package func wait() {
    while unsafe sem_wait(semaphore) != 0 {}
  }

  /// Waits for a ring, so long at most by a clock that nobody sets; false when the time is over first.
  @discardableResult
  package func wait(nanoseconds: Int64) -> Bool {
    unsafe sys_wait_for_ring(semaphore, sys_now() + nanoseconds) == 0
  }
}
