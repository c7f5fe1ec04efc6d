internal import Dispatch
internal import Synchronization

extension Array where Element: Sendable {
  /// What `transform` makes of each element, in their order; the elements are shared out among all cores.
  package func concurrentMap<Result: Sendable>(_ transform: @Sendable (Element) -> Result) -> [Result] {
    let parts = (count + Self.partSize - 1) / Self.partSize
    guard parts > 1 else { return map(transform) }
    let results = Mutex([[Result]](repeating: [], count: parts))
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let made = self[part * Self.partSize..<Swift.min(count, (part + 1) * Self.partSize)].map(transform)
      results.withLock { $0[part] = made }
    }
    return results.withLock { Array<Result>($0.joined()) }
  }

  /// Elements that are handed out at once: enough that handing out costs little, so few that the cores end together.
  private static var partSize: Int { 8 }
}
