import Base
import HTTP
import Testing
import Wire

@testable import Gateway
@testable import Upstream

/// A web app of a test with so many accounts.
private func web(_ name: String, accounts: Int = 1, more: String = "") throws -> Provider {
  let sessions = (0..<accounts).map { "t\($0)" }.joined(separator: ", ")
  let text = """
    apus: provider/v1
    name: \(name)
    origin: http://127.0.0.1:1
    credentials: {TOKEN: {class: bearer}}
    models: [m]
    sessions: [\(sessions)]
    limits: {concurrency: 1, min_interval_ms: 1500}
    \(more)
    steps: [{id: a, request: {url: "{{origin}}/"}, response: {framing: json, emit: [{to: text, path: t}], finish: [{eof: stop}]}}]
    """
  let mistakes = Mistakes()
  let setting = try #require(Setting.read(Array(text.utf8), name: "test.yaml", into: mistakes))
  let file = ProviderFile.read(entry: setting, path: "", over: nil, into: mistakes)
  #expect(mistakes.all.map(\.description) == [])
  return try Provider(try #require(file), values: [:], origins: Origins(folder: "."))
}

@Suite struct `The accounts of a web app` {
  private static let second = 1_000_000_000

  /// Plays attempts against faults; the accounts that were tried, the waits between in milliseconds, and the end's fault.
  private func play(_ providers: [Provider], _ faults: [Fault], at time: Int = 0) throws -> [String] {
    var now = time
    let router = Router(providers, aliases: [], hasDemo: false)
    let targets = try providers.map { try #require(try router.route("\($0.name)/m").targets.first) }
    var attempts = Attempts(Router.Route(asked: "m", targets: targets, names: []), now: now)
    var steps: [String] = []
    var rest = faults[...]
    while steps.count < 20 {
      switch attempts.next(now: now) {
      case .end: return steps + [attempts.limit.map { "\($0.kind.rawValue) \($0.retryAfter ?? -1)" } ?? "end"]
      case .wait(let duration):
        steps.append("\(duration / 1_000_000)ms")
        now += duration
      case .go(let target, let pick):
        steps.append("\(target.name.prefix { $0 != "/" })\(pick?.index ?? -1)")
        guard let fault = rest.popFirst() else {
          if case .provider(let offer) = target, let pick { offer.provider.keys.isWell(pick) }
          return steps
        }
        attempts.failed(fault, now: now)
      }
    }
    return steps + ["endless"]
  }

  private func fault(_ kind: Fault.Kind, after: Int? = nil) -> Fault { Fault(kind, "", retryAfter: after) }
  private func states(_ provider: Provider, at now: Int) -> [String] { provider.keys.reports(now: now).map(\.state) }

  @Test func `wait out a short limit, then it is another one's turn`() throws {
    #expect(try play([web("a", accounts: 2)], [fault(.rateLimited, after: 2)]) == ["a0", "2000ms", "a0"])
    #expect(try play([web("a", accounts: 2)], [fault(.rateLimited, after: 60)]) == ["a0", "a1"])
    #expect(try play([web("a"), web("b")], [fault(.muted, after: 600)]) == ["a0", "b0"])
  }

  @Test func `are left in peace while a limit lasts, and the client is told how long`() throws {
    let provider = try web("a")
    #expect(try play([provider], [fault(.muted, after: 600)]) == ["a0", "end"])
    #expect(states(provider, at: 0) == ["muted"])
    #expect(try play([provider], [], at: 100 * Self.second) == ["muted 500"])
    #expect(try play([provider], [], at: 596 * Self.second) == ["4000ms", "a0"], "what is left is short enough to wait for")
    #expect(states(provider, at: 601 * Self.second) == ["ok"])
  }

  @Test(arguments: [
    (Fault.Kind.authExpired, "expired"), (.banned, "banned"), (.forbidden, "forbidden"), (.clientTooOld, "client_too_old"),
  ])
  func `that are dead are set aside, but the last one is always tried`(kind: Fault.Kind, word: String) throws {
    let provider = try web("a", accounts: 2)
    #expect(try play([provider], [fault(kind)]) == ["a0", "a1"])
    #expect(states(provider, at: 0) == [word, "ok"])
    #expect(try play([provider], [], at: 1) == ["a1"])
    let alone = try web("a")
    #expect(try play([alone], [fault(kind)]) == ["a0", "end"])
    #expect(try play([alone], [], at: 1) == ["a0"])
    #expect(states(alone, at: 2) == ["ok"], "it answered")
  }

  @Test func `of which one is asked for a human check are not tried in turn`() throws {
    let provider = try web("a", accounts: 2)
    #expect(try play([provider, web("b")], [fault(.verificationRequired)]) == ["a0", "end"])
    #expect(states(provider, at: 0) == ["verification_required", "ok"])
  }

  @Test func `whose site has changed give way to the next target`() throws {
    let provider = try web("a", accounts: 2)
    #expect(try play([provider, web("b")], [fault(.formatChanged)]) == ["a0", "b0"])
    #expect(states(provider, at: 0) == ["format_changed", "ok"])
  }

  @Test func `keep their limits over a restart`() {
    let now = Time.monotonic
    let session = Session(Session.Kept())
    #expect(session.health(now: now) == KeyRing.Health())
    session.keep(KeyRing.Health(heldUntil: now + 600 * Self.second, trouble: .muted))
    let health = session.health(now: now)
    #expect(health.trouble == .muted && abs(health.heldUntil - now - 600 * Self.second) < 10 * Self.second)
    session.keep(KeyRing.Health(heldUntil: now - 1, trouble: .muted))
    #expect(session.health(now: now) == KeyRing.Health(), "it is over")
    session.keep(KeyRing.Health(heldUntil: .max / 2, trouble: .banned))
    #expect(session.health(now: now) == KeyRing.Health(trouble: .banned), "shown, and tried again")
  }

  @Test func `are told apart by what the owner gave, without a word of it`() throws {
    let provider = try web("a", accounts: 2)
    #expect(provider.sessions.map { $0.credential("TOKEN")?.exposed } == ["t0", "t1"])
    #expect(!"\(provider.sessions[0].credential("TOKEN") as Any)".contains("t0"))
  }
}

@Suite struct `A turnstile` {
  @Test func `lets so many through at a time, and so long from start to start`() {
    let clock = Clock()
    let turnstile = Turnstile(limit: 2, interval: 100, now: { clock.now })
    #expect(!turnstile.isBusy(now: 0))
    #expect(turnstile.tryEnter())
    #expect(!turnstile.tryEnter(), "too soon")
    clock.now = 100
    #expect(turnstile.tryEnter())
    clock.now = 200
    #expect(!turnstile.tryEnter() && turnstile.isBusy(now: 200), "two are in")
    turnstile.leave()
    #expect(turnstile.tryEnter() && turnstile.load == (2, 0))
  }

  private final class Clock: @unchecked Sendable {
    // Used by one test on one thread.
    var now = 0
  }
}

@Suite struct `The secrets of an account` {
  @Test(arguments: [
    ("http://127.0.0.1:1/a", true), ("https://files.example/b?c=1", true), ("https://else.example/", false),
    ("https://files.example.evil.example/", false), ("https://127.0.0.1.evil.example/", false),
  ])
  func `go to the file's own hosts alone`(address: String, isTrusted: Bool) throws {
    let provider = try web("a", more: "hosts: [files.example]")
    #expect(try RecipeHost(provider).place(address).isTrusted == isTrusted)
  }

  @Test(arguments: [
    "http://files.example/", "http://else.example/", "ftp://files.example/", "//files.example/", "https://u@files.example/", "",
  ])
  func `go nowhere without encryption, and not to what is no address`(address: String) throws {
    let provider = try web("a", more: "hosts: [files.example]")
    #expect(throws: Fault.self) { try RecipeHost(provider).place(address) }
  }

  @Test func `have no value for another host, also not by way of variables`() throws {
    let provider = try web("a", more: "vars: {auth: {expr: '\"Bearer \" + cred.TOKEN', scope: message}}")
    let recipe = try #require(provider.file.recipe)
    let variables = RecipeVariables(recipe, provider.sessions[0], install: provider.store.install)
    let template = try RecipeTemplate(parsing: "{{auth}}")
    #expect(try template.text(in: variables.context()) == "Bearer t0")
    variables.isTrusted = false
    #expect(try template.text(in: variables.context()) == nil)
    variables.found = ["access": "a"]
    variables.secretNames = ["access"]
    #expect(try RecipeTemplate(parsing: "{{access}}").text(in: variables.context()) == nil)
  }
}
