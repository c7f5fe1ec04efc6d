/// Lets one task of a loop wait until somebody wakes it, from any thread, or it is cancelled.
///
/// A wake that comes between the task's last look at what it waits for and `wait` is not lost: it runs in the loop's next turn.
package final class Wakeup: Sendable {
  private let waiter: LoopBound<Waiter>
  private let loop: EventLoop

  /// On a loop.
  package init(_ loop: EventLoop) {
    self.loop = loop
    waiter = LoopBound(Waiter(), loop)
  }

  /// Lets the waiting task go on; from any thread.
  package func wake() {
    waiter.onLoop { $0.wake() }
  }

  /// Waits. Runs on the loop.
  package func wait() async {
    await withTaskCancellationHandler {
      if !Task.isCancelled { await waiter.value.wait() }
    } onCancel: {
      wake()
    }
  }
}
