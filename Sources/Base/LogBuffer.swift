import CSystem
import Glibc
internal import Synchronization

/// The lines that wait, and the thread that writes them.
@safe final class LogBuffer: @unchecked Sendable {
  static let shared = LogBuffer()

  // `lock` guards `waiting`, `isUrgent` and `dropped`; a Mutex has no condition to wait for. Lock and condition live at
  // fixed addresses for ever, as the one buffer does.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let filled: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [UInt8] = []
  private var isUrgent = false
  private var dropped = 0

  /// Held while lines are written, so that they keep their order; the value is where they go.
  private let output = Mutex(STDERR_FILENO)

  /// How many bytes may wait before lines are dropped: the reader of the log has stopped reading.
  private static let limit = 4 << 20
  /// How long the thread gathers lines before it writes them.
  private static let gathering = 50_000_000

  private init() {
    unsafe lock = .allocate(capacity: 1)
    unsafe filled = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(filled, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
    atexit { LogBuffer.shared.flush() }
    Worker.start(named: "log") { LogBuffer.shared.run() }
  }

  /// Adds a line; wakes the thread when it has nothing to do, or when the line is urgent.
  func append(_ line: [UInt8], isUrgent urgent: Bool) {
    unsafe pthread_mutex_lock(lock)
    let wakes = waiting.isEmpty || (urgent && !isUrgent)
    if waiting.count + line.count > Self.limit {
      dropped += 1
    } else {
      waiting.append(contentsOf: line)
      isUrgent = isUrgent || urgent
    }
    unsafe pthread_mutex_unlock(lock)
    if wakes { unsafe pthread_cond_signal(filled) }
  }

  /// Writes all that waits, after what another thread is writing.
  func flush() {
    output.withLock { descriptor in Self.write(take(), to: descriptor) }
  }

  func redirect(to descriptor: Int32) {
    output.withLock { current in
      Self.write(take(), to: current)
      current = descriptor
    }
  }

  private func run() -> Never {
    while true {
      waitForLines()
      flush()
    }
  }

  /// Returns once there are lines, and either one is urgent or there was time for more.
  private func waitForLines() {
    unsafe pthread_mutex_lock(lock)
    while waiting.isEmpty { unsafe pthread_cond_wait(filled, lock) }
    let end = Time.monotonic + Self.gathering
    while !isUrgent, unsafe sys_cond_wait_until(filled, lock, Int64(end)) == 0 {}
    unsafe pthread_mutex_unlock(lock)
  }

  private func take() -> [UInt8] {
    var lines: [UInt8] = []
    unsafe pthread_mutex_lock(lock)
    let lost = dropped
    swap(&lines, &waiting)
    isUrgent = false
    dropped = 0
    unsafe pthread_mutex_unlock(lock)
    guard lost > 0 else { return lines }
    return lines + Array("\(Time.now.rfc3339) warning log dropped=\(lost)\n".utf8)
  }

  private static func write(_ lines: [UInt8], to descriptor: Int32) {
    var rest = lines[...]
    while !rest.isEmpty {
      // The bytes live through the call.
      let count = unsafe rest.withUnsafeBytes { bytes in unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
      if count < 0 {
        guard errno == EINTR || errno == EAGAIN else { return }
        if errno == EAGAIN { usleep(1000) }
      } else {
        rest = rest.dropFirst(count)
      }
    }
  }
}
