package import Base
import Synchronization
package import Wire

/// The keys or sessions of one provider in turn, their health, and those set aside for a while. Shared by all loops.
package final class KeyRing: Sendable {
  /// How a key is.
  package struct Health: Sendable, Equatable {
    /// Monotonic nanoseconds until which the key rests; 0 for none.
    package var heldUntil = 0
    /// What was wrong with it last; nil while it is well.
    package var trouble: Fault.Kind?

    /// `heldUntil` in nanoseconds of the monotonic clock; 0 for free.
    package init(heldUntil: Int = 0, trouble: Fault.Kind? = nil) {
      self.heldUntil = heldUntil
      self.trouble = trouble
    }
  }
  private struct State {
    var next = 0
    var health: [Health]
    /// The provider as a whole rests until then.
    var heldUntil = 0
  }

  private let sets: [CredentialSet]
  private let state: Mutex<State>
  /// One for each key; none where nothing limits them.
  private let turnstiles: [Turnstile]
  /// Whether a limit that the site has told is kept to even by the last key.
  private let respectsLimits: Bool
  /// Told what changes: a key's place and how it is now.
  private let changed: (@Sendable (Int, Health) -> Void)?

  /// A key that a request may use.
  package struct Pick: Sendable {
    /// Nil for a provider that needs no key.
    package let credentials: CredentialSet?
    /// Its place on the ring.
    package let index: Int
  }

  /// `limits`: how much at once and how often each key may be used. `health`: how the keys were when the program last ran.
  package init(
    _ sets: [CredentialSet], limits: ProviderLimits, respectsLimits: Bool = false,
    health: [Health] = [], changed: (@Sendable (Int, Health) -> Void)? = nil
  ) {
    self.sets = sets
    self.respectsLimits = respectsLimits
    self.changed = changed
    let count = max(1, sets.count)
    state = Mutex(State(health: health.count == count ? health : [Health](repeating: Health(), count: count)))
    let interval = limits.minInterval.nanoseconds
    turnstiles =
      limits.concurrency == nil && interval == 0 ? [] : (0..<count).map { _ in Turnstile(limit: limits.concurrency, interval: interval) }
  }

  /// How many there are; a provider that wants none has one.
  package var count: Int { max(1, sets.count) }
  /// Whether there is any credential.
  package var hasCredentials: Bool { !sets.isEmpty }

  /// What lets the requests on a key through; nil where nothing limits them.
  package func turnstile(of pick: Pick) -> Turnstile? { turnstiles.isEmpty ? nil : turnstiles[pick.index] }

  /// The next key that does not rest and is not among `tried`, one that nobody waits for before others; nil when there is none.
  /// `evenHeld` takes a resting one when nothing else is left: a cool-down never takes away the last way.
  package func pick(now: Int, without tried: Set<Int>, evenHeld: Bool) -> Pick? {
    state.withLock { state in
      if count == 1 {
        guard !tried.contains(0), max(state.heldUntil, state.health[0].heldUntil) <= now || evenHeld && !isLimited(0, state, now) else {
          return nil
        }
        return Pick(credentials: sets.first, index: 0)
      }
      let order = (0..<count).map { (state.next + $0) % count }.filter { !tried.contains($0) }
      let free = state.heldUntil > now ? [] : order.filter { state.health[$0].heldUntil <= now }
      let last = evenHeld ? order.first { !isLimited($0, state, now) } : nil
      guard let index = free.first(where: { !isBusy($0, now) }) ?? free.first ?? last else { return nil }
      state.next = (index + 1) % count
      return Pick(credentials: sets.isEmpty ? nil : sets[index], index: index)
    }
  }

  private func isBusy(_ index: Int, _ now: Int) -> Bool { turnstiles.isEmpty ? false : turnstiles[index].isBusy(now: now) }

  private func isLimited(_ index: Int, _ state: State, _ now: Int) -> Bool {
    let health = state.health[index]
    return respectsLimits && health.heldUntil > now && health.trouble?.isLimit == true
  }

  /// What was wrong with a key; it rests until `time`, monotonic nanoseconds, 0 for not at all.
  package func hold(_ pick: Pick, until time: Int = 0, for trouble: Fault.Kind? = nil) {
    change(pick) { health in
      health.heldUntil = max(health.heldUntil, time)
      health.trouble = trouble ?? health.trouble
    }
  }

  /// Notes what broke a reply that had begun.
  package func note(_ pick: Pick, _ fault: Fault, now: Int) {
    guard fault.kind.tellsOfTheAccount else { return }
    hold(pick, until: fault.retryAfter.map { now + $0 * 1_000_000_000 } ?? 0, for: fault.kind)
  }

  /// Lets the whole provider rest until `time`.
  package func holdAll(until time: Int) {
    state.withLock { $0.heldUntil = max($0.heldUntil, time) }
  }

  /// The provider has answered: it rests no longer, and the key is well.
  package func isWell(_ pick: Pick) {
    let isWell = state.withLock { state in
      state.heldUntil = 0
      return state.health[pick.index].trouble == nil
    }
    if !isWell { change(pick) { $0.trouble = nil } }
  }

  private func change(_ pick: Pick, _ body: (inout Health) -> Void) {
    let new = state.withLock { state -> Health? in
      let old = state.health[pick.index]
      body(&state.health[pick.index])
      return state.health[pick.index] == old ? nil : state.health[pick.index]
    }
    if let new { changed?(pick.index, new) }
  }

  /// Whether some key could be used now.
  package func isAvailable(now: Int) -> Bool {
    state.withLock { state in state.heldUntil <= now && state.health.contains { $0.heldUntil <= now } }
  }

  /// Why no key may be used: all wait for a limit to pass. Nil when that is not so.
  package func limit(now: Int) -> Fault? {
    state.withLock { state in
      guard state.health.indices.allSatisfy({ isLimited($0, state, now) }) else { return nil }
      guard let first = state.health.min(by: { $0.heldUntil < $1.heldUntil }), let kind = first.trouble else { return nil }
      let seconds = (first.heldUntil - now + 999_999_999) / 1_000_000_000
      return Fault(kind, "The accounts at the upstream have reached a limit. Try again later.", retryAfter: seconds)
    }
  }
}

extension KeyRing {
  /// How one key or session is.
  package struct Report: Sendable {
    /// `ok`, `busy`, or what was wrong with it last: `rate_limited`, `muted`, `banned`, `expired`, `verification_required`,
    /// `client_too_old`, `format_changed` …
    package let state: String
    /// Seconds for which it still rests; nil for not at all, and until the next reload.
    package let rest: Int?
    /// Calls that are under way.
    package let running: Int
    /// Calls that wait for their turn.
    package let waiting: Int
  }

  /// The words of states, for figures.
  package static let states = [
    "ok", "busy", "rate_limited", "muted", "daily_limit", "banned", "expired", "forbidden", "funds", "verification_required",
    "client_too_old", "format_changed",
  ]

  /// How each key is, in order.
  package func reports(now: Int) -> [Report] {
    state.withLock { state in
      state.health.indices.map { index in
        let health = state.health[index]
        let load = turnstiles.isEmpty ? (running: 0, waiting: 0) : turnstiles[index].load
        let seconds = (health.heldUntil - now + 999_999_999) / 1_000_000_000
        let word = health.trouble.map(Self.word) ?? (load.running > 0 ? "busy" : "ok")
        // A limit that has passed is no trouble any more.
        let isOver = health.trouble?.isLimit == true && seconds <= 0
        return Report(
          state: isOver ? (load.running > 0 ? "busy" : "ok") : word, rest: seconds > 0 && seconds < 1_000_000_000 ? seconds : nil,
          running: load.running, waiting: load.waiting)
      }
    }
  }

  private static func word(_ trouble: Fault.Kind) -> String { trouble == .authExpired ? "expired" : trouble.rawValue }
}

extension Fault.Kind {
  /// Whether it says how an account is.
  fileprivate var tellsOfTheAccount: Bool {
    switch self {
    case .authExpired, .forbidden, .banned, .clientTooOld, .funds, .rateLimited, .muted, .dailyLimit, .verificationRequired, .formatChanged:
      true
    default: false
    }
  }

  /// Whether it passes with time, at the time that the site has told.
  var isLimit: Bool { self == .rateLimited || self == .muted || self == .dailyLimit }
}
