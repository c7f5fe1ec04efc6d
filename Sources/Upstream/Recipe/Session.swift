import Base
import Synchronization
import Wire

/// One of the owner's accounts at a web app: its secrets, cookies, identity, and what the site gave it. Shared by all loops.
///
/// What must outlive the program (renewed credentials, cookies, identity) is in `Kept` and in a file of the data folder.
package final class Session: Sendable {
  /// What is kept in `data/sessions`.
  struct Kept: Sendable {
    var credentials: [String: Secret] = [:]
    var cookies = CookieJar()
    var identity: [String: Secret] = [:]
    /// Variables of scope `session`, and counters.
    var variables: [String: JSON] = [:]
    /// What was wrong with the account last, and until when it rests: milliseconds of the calendar.
    var trouble: Fault.Kind?
    var restsUntil: Int?
  }

  /// What a step of scope `session` found.
  struct Found: Sendable {
    var values: [String: JSON] = [:]
    /// Monotonic nanoseconds; nil for as long as the program runs.
    var until: Int?
    /// Tells one finding from the next.
    var number = 0
  }

  private struct State {
    var kept: Kept
    var found: [String: Found] = [:]
    var findings = 0
  }

  /// Fields and members of the query that the owner took from his own browser.
  let headers: [(name: String, value: Secret)]
  let query: [(name: String, value: Secret)]
  /// Whether the owner's own cookies are in the jar; else the file's templates make them out of a credential, and those that the site sets
  /// go along.
  let hasOwnCookies: Bool
  /// One at a time renews what the session needs.
  let renewal = Turnstile(limit: 1, interval: 0)
  private let file: SessionFile?
  private let state: Mutex<State>

  /// `given`: what the owner gave; `file`: where changes are kept, nil for nowhere.
  init(
    _ given: Kept, hasOwnCookies: Bool = true, headers: [(name: String, value: Secret)] = [], query: [(name: String, value: Secret)] = [],
    file: SessionFile? = nil
  ) {
    self.hasOwnCookies = hasOwnCookies
    self.headers = headers
    self.query = query
    self.file = file
    var kept = given
    if let own = file?.read() {
      kept.credentials.merge(own.credentials) { _, new in new }
      for (name, value) in own.cookies.all { kept.cookies[name] = value }
      kept.identity.merge(own.identity) { given, _ in given }
      kept.variables = own.variables
      (kept.trouble, kept.restsUntil) = (own.trouble, own.restsUntil)
    }
    state = Mutex(State(kept: kept))
  }

  func credential(_ name: String) -> Secret? { state.withLock { $0.kept.credentials[name] } }
  func cookie(_ name: String) -> Secret? { state.withLock { $0.kept.cookies[name] } }
  /// The owner's cookies as the site has left them.
  var cookieHeader: String? { hasOwnCookies ? state.withLock { $0.kept.cookies.header } : nil }

  /// A cookie header with what the site has set beside it.
  func completed(cookie header: String) -> String {
    guard !hasOwnCookies else { return header }
    var jar = CookieJar(header: header)
    for (name, value) in state.withLock({ $0.kept.cookies.all }) where jar[name] == nil { jar[name] = value }
    return jar.header ?? header
  }
  func identity(_ name: String) -> Secret? { state.withLock { $0.kept.identity[name] } }
  func variable(_ name: String) -> JSON? { state.withLock { $0.kept.variables[name] } }

  /// The field that the owner's browser sent, any case.
  func header(_ name: String) -> Secret? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

  /// A fault without the account's secrets, which some sites repeat in their errors. Below eight bytes a text is no secret.
  func cleared(_ fault: Fault) -> Fault {
    let secrets = state.withLock { state in
      state.kept.credentials.values.map(\.exposed) + state.kept.cookies.all.map(\.value.exposed)
        + state.found.values.flatMap { $0.values.values.compactMap(\.string) }
    }
    var fault = fault
    // The longest first: one may be a part of another.
    for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 8 {
      if fault.message.contains(secret) { fault.message = fault.message.replacing(secret, with: "[redacted]") }
      if fault.detail.contains(secret) { fault.detail = fault.detail.replacing(secret, with: "[redacted]") }
    }
    return fault
  }

  /// What a step found, unless it is over.
  func found(_ step: String, now: Int) -> Found? {
    state.withLock { state in state.found[step].flatMap { $0.until ?? .max > now ? $0 : nil } }
  }

  /// Keeps what a step found; what it renews is written to the file before anybody uses it.
  func keep(_ step: String, _ values: [String: JSON], until: Int?, renewed: [String: Secret] = [:]) {
    change { state in
      state.findings += 1
      state.found[step] = Found(values: values, until: until, number: state.findings)
      state.kept.credentials.merge(renewed) { _, new in new }
      return !renewed.isEmpty
    }
  }

  /// Forgets what a step found.
  func forget(_ step: String) { state.withLock { $0.found[step] = nil } }

  /// Keeps cookies that the site has set.
  func take(setCookies: [String], now: Timestamp) {
    guard !setCookies.isEmpty else { return }
    change { state in
      var hasChanged = false
      for text in setCookies where state.kept.cookies.take(setCookie: text, now: now) { hasChanged = true }
      return hasChanged
    }
  }

  /// The identity's value, made once where there is none.
  func identity(_ name: String, make: () -> Secret) -> Secret {
    if let own = identity(name) { return own }
    let value = make()
    return change { state in
      guard let own = state.kept.identity[name] else {
        state.kept.identity[name] = value
        return true
      }
      _ = own
      return false
    } ?? identity(name) ?? value
  }

  /// The variable's value, made once where there is none.
  func variable(_ name: String, make: () throws(Fault) -> JSON) throws(Fault) -> JSON {
    if let own = variable(name) { return own }
    let value = try make()
    keep(name, value)
    return value
  }

  func keep(_ name: String, _ value: JSON) {
    change { state in
      state.kept.variables[name] = value
      return true
    }
  }

  /// How the account was when the program last ran: limits go on, everything else may have been mended.
  func health(now: Int) -> KeyRing.Health {
    let (trouble, until) = state.withLock { ($0.kept.trouble, $0.kept.restsUntil) }
    guard let trouble, trouble.isLimit else { return KeyRing.Health(trouble: trouble) }
    let left = (until ?? 0) - Time.now.milliseconds
    return left > 0 ? KeyRing.Health(heldUntil: now + left * 1_000_000, trouble: trouble) : KeyRing.Health()
  }

  /// Keeps how the account is.
  func keep(_ health: KeyRing.Health) {
    let left = (health.heldUntil - Time.monotonic) / 1_000_000
    change { state in
      state.kept.trouble = health.trouble
      state.kept.restsUntil = left > 0 && left < 1_000_000_000_000 ? Time.now.milliseconds + left : nil
      return true
    }
  }

  /// Changes what is kept, and writes it when the change says so. Always nil, for who has no other value.
  @discardableResult
  private func change(_ body: (inout State) -> Bool) -> Secret? {
    let changed = state.withLock { state in body(&state) ? state.kept : nil }
    if let changed, let file { file.write(changed) }
    return nil
  }
}
