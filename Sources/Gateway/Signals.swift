import Glibc

/// The signals that the program acts on; they are taken by the main thread alone.
enum Signals {
  enum Wish { case reload, end }

  /// For this thread and those it starts from now on.
  static func block() {
    var set = wanted()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    // A peer that is gone is seen by the failed write.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits for the next one.
  static func next() -> Wish {
    var set = wanted()
    var number: Int32 = 0
    while unsafe sigwait(&set, &number) != 0 {}
    return number == SIGHUP ? .reload : .end
  }

  private static func wanted() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGHUP, SIGINT, SIGTERM] { unsafe sigaddset(&set, number) }
    return set
  }
}
