internal import Glibc

/// Threads for work that blocks, or that must go on beside the loops.
package enum Worker {
  /// Starts a thread with a name of at most 15 bytes; signals go to other threads. It is never joined.
  package static func start(named name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Start(name: name, body: body)
    var thread = pthread_t()
    // The thread takes over the one reference that is handed to it here.
    let box = unsafe Unmanaged.passRetained(start).toOpaque()
    let made = unsafe pthread_create(&thread, nil, { box in unsafe Worker.run(box) }, box)
    precondition(made == 0, "The system has no thread left")
    pthread_detach(thread)
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let box = unsafe box else { return nil }
    let start = unsafe Unmanaged<Start>.fromOpaque(box).takeRetainedValue()
    blockSignals()
    nameThread(start.name)
    start.body()
    return nil
  }

  private static func blockSignals() {
    // A set of this frame, filled before it is read.
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// Names the calling thread as `top -H` shows it. Source: proc(5), /proc/self/task/TID/comm.
  package static func nameThread(_ name: String) {
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    // The bytes live through the call. A thread without its name works as well.
    _ = unsafe write(file, bytes, bytes.count)
    close(file)
  }
}
