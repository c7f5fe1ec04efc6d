internal import Glibc

/// Wakes one waiting thread, once for every ring.
@safe
final class Bell: Sendable {
  // A semaphore of the system: made before anybody sees it, destroyed when nobody can wait any more.
  private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() {
    unsafe sem_init(semaphore, 0, 0)
  }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func ring() {
    unsafe sem_post(semaphore)
  }

  func wait() {
    while unsafe sem_wait(semaphore) != 0 {}
  }

  /// Waits for so long at most.
  func wait(nanoseconds: Int64) {
    var time = timespec()
    // The structure is this frame's.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    let end = Int64(time.tv_nsec) + nanoseconds
    time.tv_sec += Int(end / 1_000_000_000)
    time.tv_nsec = Int(end % 1_000_000_000)
    _ = unsafe sem_timedwait(semaphore, &time)
  }
}
