package import Base
package import Upstream
import Wire

/// Decides what is tried next. A state machine without I/O: it is told the time and how the last try went.
///
/// A target is tried up to its provider's `retries` times, each try with another key where there is one; waits stand
/// between tries on one key. What can't be mended there goes to the next target at once. Targets that rest after
/// failures are left out as long as another one is left. Source: provider-files.md §5, DESIGN §5 fine print.
package struct Attempts {
  /// What is to do next.
  package enum Step {
    /// Try this.
    case go(Router.Target, KeyRing.Pick?)
    /// Wait so many nanoseconds, then ask again.
    case wait(Int)
    /// Nothing is left: the client gets the last fault.
    case end
  }

  private var targets: ArraySlice<Router.Target>
  private var tries = 0
  private var triedKeys: Set<Int> = []
  private var waitsFor: Int?
  /// The session whose limit was waited for: it is asked again.
  private var again: KeyRing.Pick?
  /// Why nothing was tried at all: every key waits for a limit to pass.
  package private(set) var limit: Fault?
  private var current: (target: Router.Target, pick: KeyRing.Pick?)?

  /// The first wait before another try on the same key, nanoseconds; each further one is twice as long.
  private static let firstWait = 250_000_000
  /// How long a target rests after it failed to the end, nanoseconds.
  private static let rest = 10_000_000_000
  /// How long a key without funds is set aside, nanoseconds.
  private static let withoutFunds = 600_000_000_000
  /// How long a session that its site no longer knows is set aside, nanoseconds.
  private static let expired = 600_000_000_000
  /// Until the next reload.
  private static let forGood = Int.max / 2

  /// Of a route; `now` in nanoseconds of the monotonic clock.
  package init(_ route: Router.Route, now: Int) {
    targets = route.targets[...]
    guard targets.count > 1 else { return }
    let awake = targets.filter { $0.isAvailable(now: now) }
    if !awake.isEmpty { targets = awake[...] }
  }

  /// What to do now.
  package mutating func next(now: Int) -> Step {
    if let wait = waitsFor {
      waitsFor = nil
      return .wait(wait)
    }
    while let target = targets.first {
      guard case .provider(let offer) = target else { return go(target, nil) }
      let provider = offer.provider
      if let pick = again {
        again = nil
        return go(target, pick)
      }
      if tries < provider.file.retries {
        if let pick = provider.keys.pick(
          now: now, without: triedKeys, evenHeld: tries == 0 && targets.count == 1 || triedKeys.isEmpty && tries > 0)
        {
          return go(target, pick)
        }
        if triedKeys.isEmpty, let wait = waitForLimit(provider, now) { return .wait(wait) }
      }
      nextTarget()
    }
    return .end
  }

  /// How long to wait for the first key that a limit lets go; nil when that is too long.
  private mutating func waitForLimit(_ provider: Provider, _ now: Int) -> Int? {
    limit = provider.keys.limit(now: now)
    guard let seconds = limit?.retryAfter, seconds * 1_000_000_000 <= provider.file.rateWait.nanoseconds else { return nil }
    return seconds * 1_000_000_000
  }

  private mutating func go(_ target: Router.Target, _ pick: KeyRing.Pick?) -> Step {
    tries += 1
    current = (target, pick)
    return .go(target, pick)
  }

  private mutating func nextTarget() {
    targets = targets.dropFirst()
    tries = 0
    triedKeys = []
  }

  /// The present try failed before anything useful went to the client.
  package mutating func failed(_ fault: Fault, now: Int) {
    guard let (target, pick) = current, case .provider(let offer) = target, let pick else { return nextTarget() }
    let provider = offer.provider
    let keys = provider.keys
    switch fault.kind {
    case .authExpired:
      keys.hold(pick, until: provider.isWeb ? now + Self.expired : 0, for: fault.kind)
      anotherKey(keys, pick)
    case .forbidden, .banned, .clientTooOld:
      keys.hold(pick, until: now + Self.forGood, for: fault.kind)
      anotherKey(keys, pick)
    case .funds:
      keys.hold(pick, until: now + Self.withoutFunds, for: fault.kind)
      anotherKey(keys, pick)
    case .dailyLimit:
      keys.hold(pick, until: now + (fault.retryAfter ?? 3600) * 1_000_000_000, for: fault.kind)
      nextTarget()
    case .rateLimited, .muted: limited(fault, provider, pick, now: now)
    case .overloaded, .timeout, .broken, .internal: again(fault, provider, now: now)
    case .notFound: nextTarget()
    case .formatChanged:
      keys.hold(pick, for: fault.kind)
      nextTarget()
    case .verificationRequired:
      keys.hold(pick, for: fault.kind)
      targets = []  // only a person can pass it
    default: targets = []  // the client's own mistake
    }
  }

  /// The key is the trouble: the next one, without waiting.
  private mutating func anotherKey(_ keys: KeyRing, _ pick: KeyRing.Pick) {
    triedKeys.insert(pick.index)
    if triedKeys.count >= keys.count { nextTarget() }
  }

  private mutating func limited(_ fault: Fault, _ provider: Provider, _ pick: KeyRing.Pick, now: Int) {
    let longest = provider.file.rateWait.nanoseconds
    provider.keys.hold(pick, until: fault.retryAfter.map { now + $0 * 1_000_000_000 } ?? 0, for: fault.kind)
    // An account is waited for before another one is asked; one key among several is as good as the next.
    if provider.isWeb, let seconds = fault.retryAfter, seconds * 1_000_000_000 <= longest, tries < provider.file.retries {
      waitsFor = seconds * 1_000_000_000
      again = pick
      return
    }
    triedKeys.insert(pick.index)
    if triedKeys.count < provider.keys.count { return }
    guard (fault.retryAfter ?? 0) * 1_000_000_000 <= longest, tries < provider.file.retries else { return nextTarget() }
    triedKeys = []
    waitsFor = fault.retryAfter.map { $0 * 1_000_000_000 } ?? backOff
  }

  /// The upstream is the trouble: once more after a while.
  private mutating func again(_ fault: Fault, _ provider: Provider, now: Int) {
    guard tries < provider.file.retries else {
      if targets.count > 1 { provider.keys.holdAll(until: now + Self.rest) }
      return nextTarget()
    }
    triedKeys = []
    waitsFor = min((fault.retryAfter ?? 0) * 1_000_000_000, provider.file.rateWait.nanoseconds)
    if waitsFor == 0 { waitsFor = backOff }
  }

  private var backOff: Int { Self.firstWait << min(max(0, tries - 1), 5) }
}

extension Router.Target {
  /// Whether it does not rest.
  package func isAvailable(now: Int) -> Bool {
    if case .provider(let offer) = self { offer.provider.keys.isAvailable(now: now) } else { true }
  }
}
