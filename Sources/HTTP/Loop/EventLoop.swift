package import Base
import CSystem
import Glibc
import Synchronization

/// One thread that owns its connections: epoll below, Swift tasks above.
///
/// A loop runs the callbacks of its channels and the tasks that were made with it as their executor, all on one
/// thread and one after another. So what belongs to a loop (a connection, a pool, a reply) needs no lock.
/// One turn: run what is ready, wait for events, hand each event to its channel, run what that made ready.
package final class EventLoop: TaskExecutor, @unchecked Sendable {
  // Sendable because every stored property is either immutable, guarded by `remote`, or touched by the loop's own
  // thread alone, which `preconditionCurrent` checks at the doors.

  /// Its number, from 0; its thread is called `loop-N`.
  package let index: Int
  /// The bytes of the last read. Valid until the callback that read them returns.
  var scratch = [UInt8](repeating: 0, count: 65536)
  private let epoll: Int32
  private let wake: Int32
  private var thread: pthread_t?
  private var slots: [Slot] = []
  private var ready: [UnownedJob] = []
  private var running: [UnownedJob] = []
  private let remote = Mutex(Remote())
  private var events: [sys_event]
  private var stopping = false
  var dateSecond = 0
  var dateText: [UInt8] = []
  let alarms = AlarmQueue()
  /// Called once a turn, after the work and before the wait.
  package var endOfTurn: (() -> Void)?

  fileprivate struct Slot {
    var channel: Channel?
    var generation: UInt32 = 0
  }
  private struct Remote {
    var jobs: [UnownedJob] = []
    var calls: [@Sendable () -> Void] = []
    var isSignalled = false
  }

  /// Throws `internal` when the kernel gives no epoll descriptor.
  package init(index: Int) throws(Fault) {
    self.index = index
    // OpenSSL writes without MSG_NOSIGNAL: a client that leaves must not end the program.
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    epoll = sys_epoll_create()
    wake = sys_eventfd()
    events = [sys_event](repeating: sys_event(), count: 256)
    guard epoll >= 0, wake >= 0, sys_epoll_ctl(epoll, 0, wake, UInt32(SYS_READABLE), UInt64.max) == 0 else {
      throw Fault(.internal, "The event loop could not start.", detail: "epoll: errno \(errno)")
    }
  }

  deinit {
    close(epoll)
    close(wake)
  }

  /// Whether the caller runs on the loop's thread.
  package var isCurrent: Bool {
    guard let thread else { return false }
    return pthread_equal(pthread_self(), thread) != 0
  }

  /// Stops the program when the caller is not on the loop's thread: our own mistake.
  package func preconditionCurrent() {
    precondition(isCurrent, "loop \(index) was entered from another thread")
  }

  /// Runs a job of Swift's concurrency on the loop; from any thread.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      ready.append(job)
    } else {
      signal { $0.jobs.append(job) }
    }
  }

  /// Runs `call` on the loop's thread, in its next turn; from any thread.
  package func execute(_ call: @escaping @Sendable () -> Void) {
    signal { $0.calls.append(call) }
  }

  /// Ends `run` after the present turn; from any thread.
  package func stop() {
    execute { [self] in stopping = true }
  }

  /// Runs the loop on the calling thread until `stop`.
  package func run() {
    thread = pthread_self()
    while !stopping {
      // The end of a turn may itself wake a task, which must not wait for the next event.
      repeat {
        runReady()
        endOfTurn?()
      } while !ready.isEmpty
      wait()
      alarms.fire(now: sys_now())
      runReady()
    }
    thread = nil
  }

  /// A new thread called `loop-N` that runs the loop.
  package func start() {
    Worker.start(named: "loop-\(index)") { [self] in run() }
  }

  /// Suspends the calling task for `duration` nanoseconds, or until it is cancelled.
  package func sleep(_ duration: Int64) async {
    let waiter = LoopBound(Waiter(), self)
    let alarm = Alarm(self) { waiter.value.wake() }
    alarm.set(sys_now() + duration)
    await withTaskCancellationHandler {
      if !Task.isCancelled { await waiter.value.wait() }
    } onCancel: {
      execute { waiter.value.wake() }
    }
    alarm.clear()
  }
}

// MARK: - Channels

extension EventLoop {
  /// Watches `channel`'s descriptor for the first time.
  func add(_ channel: Channel, _ bits: UInt32) -> Bool {
    let fd = Int(channel.fd)
    slots.reserve(fd)
    slots[fd].generation &+= 1
    slots[fd].channel = channel
    return sys_epoll_ctl(epoll, 0, channel.fd, bits, token(fd)) == 0
  }

  func change(_ channel: Channel, _ bits: UInt32) {
    _ = sys_epoll_ctl(epoll, 1, channel.fd, bits, token(Int(channel.fd)))
  }

  /// Reports nothing of the channel, but keeps it.
  func mute(_ channel: Channel) {
    slots.reserve(Int(channel.fd))
    slots[Int(channel.fd)].channel = channel
    _ = sys_epoll_ctl(epoll, 2, channel.fd, 0, 0)
  }

  /// Must come before the descriptor is closed: its number may be used again at once.
  func remove(_ channel: Channel) {
    _ = sys_epoll_ctl(epoll, 2, channel.fd, 0, 0)
    slots[Int(channel.fd)].channel = nil
  }

  private func token(_ fd: Int) -> UInt64 { UInt64(slots[fd].generation) << 32 | UInt64(fd) }
}

extension [EventLoop.Slot] {
  /// Makes room for a descriptor.
  fileprivate mutating func reserve(_ fd: Int) {
    while count <= fd { append(EventLoop.Slot()) }
  }
}

// MARK: - One turn

extension EventLoop {
  private func signal(_ change: (inout Remote) -> Void) {
    let isFirst = remote.withLock { remote in
      change(&remote)
      defer { remote.isSignalled = true }
      return !remote.isSignalled
    }
    if isFirst { sys_wake(wake) }
  }

  private func wait() {
    let count = Int(unsafe sys_epoll_wait(epoll, &events, 256, alarms.millisecondsToNext(now: sys_now())))
    for index in 0..<count {
      let event = events[index]
      guard event.token != .max else {
        takeRemote()
        continue
      }
      let slot = slots[Int(event.token & 0xffff_ffff)]
      // An event of a descriptor that an earlier event of this turn closed, its number perhaps in use again.
      guard let channel = slot.channel, UInt64(slot.generation) == event.token >> 32 else { continue }
      channel.handle(Readiness(rawValue: event.bits))
      runReady()
    }
  }

  private func takeRemote() {
    sys_woken(wake)
    let taken = remote.withLock { remote in
      defer { remote = Remote() }
      return remote
    }
    ready.append(contentsOf: taken.jobs)
    for call in taken.calls { call() }
    runReady()
  }

  private func runReady() {
    while !ready.isEmpty {
      swap(&ready, &running)
      for job in running { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
      running.removeAll(keepingCapacity: true)
    }
  }
}
