import Base
import Synchronization

/// The keys of one provider in turn, and those set aside for a while. Shared by all loops.
package final class KeyRing: Sendable {
  private struct Health {
    /// Monotonic nanoseconds until which the key rests; 0 for none.
    var heldUntil = 0
  }
  private struct State {
    var next = 0
    var health: [Health]
    /// The provider as a whole rests until then.
    var heldUntil = 0
  }

  private let sets: [CredentialSet]
  private let state: Mutex<State>

  /// A key that a request may use.
  package struct Pick: Sendable {
    /// Nil for a provider that needs no key.
    package let credentials: CredentialSet?
    /// Its place on the ring.
    package let index: Int
  }

  init(_ sets: [CredentialSet]) {
    self.sets = sets
    state = Mutex(State(health: [Health](repeating: Health(), count: max(1, sets.count))))
  }

  package var count: Int { max(1, sets.count) }
  /// Whether there is any credential.
  package var hasCredentials: Bool { !sets.isEmpty }

  /// The next key that does not rest and is not among `tried`; nil when there is none.
  /// `evenHeld` takes a resting one when nothing else is left: a cool-down never takes away the last way.
  package func pick(now: Int, without tried: Set<Int>, evenHeld: Bool) -> Pick? {
    state.withLock { state in
      if count == 1 {
        guard !tried.contains(0), evenHeld || max(state.heldUntil, state.health[0].heldUntil) <= now else { return nil }
        return Pick(credentials: sets.first, index: 0)
      }
      let order = (0..<count).map { (state.next + $0) % count }.filter { !tried.contains($0) }
      let isHeld = state.heldUntil > now
      guard let index = order.first(where: { !isHeld && state.health[$0].heldUntil <= now }) ?? (evenHeld ? order.first : nil) else {
        return nil
      }
      state.next = (index + 1) % count
      return Pick(credentials: sets.isEmpty ? nil : sets[index], index: index)
    }
  }

  /// Lets one key rest until `time`, monotonic nanoseconds.
  package func hold(_ pick: Pick, until time: Int) {
    state.withLock { $0.health[pick.index].heldUntil = max($0.health[pick.index].heldUntil, time) }
  }

  /// Lets the whole provider rest until `time`.
  package func holdAll(until time: Int) {
    state.withLock { $0.heldUntil = max($0.heldUntil, time) }
  }

  /// The provider has answered: it rests no longer.
  package func isWell() {
    state.withLock { $0.heldUntil = 0 }
  }

  /// Whether some key could be used now.
  package func isAvailable(now: Int) -> Bool {
    state.withLock { state in state.heldUntil <= now && state.health.contains { $0.heldUntil <= now } }
  }
}
