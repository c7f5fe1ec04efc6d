/// Carries a value of one loop through code that must be Sendable; opens only on that loop's thread.
package struct LoopBound<Value>: @unchecked Sendable {
  // Sendable because `value` checks at run time that it is used where it belongs.
  private let bound: Value
  private let loop: EventLoop

  /// Binds a value to a loop, on whose thread alone it is read.
  package init(_ value: Value, _ loop: EventLoop) {
    bound = value
    self.loop = loop
  }

  /// The value. Stops the program on any other thread.
  package var value: Value {
    loop.preconditionCurrent()
    return bound
  }

  /// Calls `body` with the value on its loop's thread, in its next turn; from any thread.
  package func onLoop(_ body: @escaping @Sendable (Value) -> Void) {
    loop.execute { body(self.value) }
  }
}
