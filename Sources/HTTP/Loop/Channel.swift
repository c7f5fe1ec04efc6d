import CSystem
import Glibc

/// What epoll reports of a descriptor, or what is asked of it.
struct Readiness: OptionSet {
  let rawValue: UInt32
  static let readable = Readiness(rawValue: UInt32(SYS_READABLE))
  static let writable = Readiness(rawValue: UInt32(SYS_WRITABLE))
  /// The peer has sent its end. Reported only together with `readable` interest or by itself.
  static let peerClosed = Readiness(rawValue: UInt32(SYS_PEER_CLOSED))
  static let failed = Readiness(rawValue: UInt32(SYS_ERROR) | UInt32(SYS_HANG_UP))
}

/// A descriptor watched by one loop, which owns it from `init` to `close`.
package class Channel {
  /// -1 once closed.
  final private(set) var fd: Int32
  final let loop: EventLoop
  private final var interest: Readiness?

  init(_ fd: Int32, _ loop: EventLoop) {
    self.fd = fd
    self.loop = loop
  }

  deinit {
    precondition(fd < 0, "a channel was dropped without close()")
  }

  final var isClosed: Bool { fd < 0 }

  /// What happened; called by the loop.
  func handle(_ events: Readiness) {}

  /// Asks for events; costs a system call only when the wish changes. False when the kernel refuses the descriptor.
  /// Without a wish nothing is reported at all, not even a failure, so that nobody is called again and again for it.
  @discardableResult
  final func watch(_ wanted: Readiness) -> Bool {
    guard fd >= 0, wanted != interest else { return fd >= 0 }
    let before = interest
    interest = wanted
    guard !wanted.isEmpty else {
      loop.mute(self)
      return true
    }
    guard before?.isEmpty == false else { return loop.add(self, wanted.rawValue) }
    loop.change(self, wanted.rawValue)
    return true
  }

  /// Hands the descriptor over to somebody else; the channel counts as closed.
  final func releaseDescriptor() -> Int32 {
    defer { fd = -1 }
    if interest != nil { loop.remove(self) }
    return fd
  }

  /// Closes the descriptor; further calls do nothing.
  final func closeDescriptor() {
    guard fd >= 0 else { return }
    if interest != nil { loop.remove(self) }
    Glibc.close(fd)
    fd = -1
  }
}
