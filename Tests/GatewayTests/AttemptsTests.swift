import Base
import Testing
import Upstream
import Wire

@testable import Gateway

/// Providers of a test: names with members of a config entry.
func providers(_ entries: [(name: String, more: String)]) throws -> [Provider] {
  var providers: [Provider] = []
  for (name, more) in entries {
    let models = more.contains("models") ? "" : "models: [m], "
    let text = "{name: \(name), wire: openai-chat, base_url: 'http://127.0.0.1:1/v1', \(models)\(more)}"
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array(text.utf8), name: "test.yaml", into: mistakes))
    let file = ProviderFile.read(entry: setting, path: "", over: nil, into: mistakes)
    #expect(mistakes.all.map(\.description) == [])
    providers.append(try Provider(try #require(file), values: [:], origins: Origins(folder: ".")))
  }
  return providers
}

@Suite struct `The attempts for a request` {
  private static let second = 1_000_000_000

  /// Plays the attempts against faults, one for each try; the providers that were tried, and the waits between in milliseconds.
  private func play(_ entries: [(name: String, more: String)], _ faults: [Fault], at time: Int = 0) throws -> [String] {
    try play(providers(entries), faults, at: time)
  }

  private func play(_ providers: [Provider], _ faults: [Fault], at time: Int = 0) throws -> [String] {
    var now = time
    let router = Router(providers, aliases: [], hasDemo: false)
    let targets = try providers.map { try #require(try router.route("\($0.name)/m").targets.first) }
    var attempts = Attempts(Router.Route(asked: "m", targets: targets, names: []), now: now)
    var steps: [String] = []
    var rest = faults[...]
    while steps.count < 30 {
      switch attempts.next(now: now) {
      case .end: return steps + ["end"]
      case .wait(let duration):
        steps.append("\(duration / 1_000_000)ms")
        now += duration
      case .go(let target, let pick):
        steps.append("\(target.name.prefix { $0 != "/" })\(pick.map { "\($0.index)" } ?? "")")
        guard let fault = rest.popFirst() else { return steps }
        attempts.failed(fault, now: now)
      }
    }
    return steps + ["endless"]
  }

  private func fault(_ kind: Fault.Kind, after: Int? = nil) -> Fault { Fault(kind, "", retryAfter: after) }

  @Test(arguments: [Fault.Kind.overloaded, .timeout, .broken, .internal])
  func `try a target three times with growing waits, then the next`(kind: Fault.Kind) throws {
    let faults = [Fault](repeating: fault(kind), count: 6)
    let steps = try play([("a", ""), ("b", "")], faults)
    #expect(steps == ["a0", "250ms", "a0", "500ms", "a0", "b0", "250ms", "b0", "500ms", "b0", "end"])
    #expect(try play([("a", "retries: 1"), ("b", "retries: 0")], faults) == ["a0", "b0", "end"])
  }

  @Test(arguments: [Fault.Kind.authExpired, .forbidden, .banned, .clientTooOld, .funds, .notFound, .formatChanged, .dailyLimit])
  func `go to the next target at once when this one can't mend it`(kind: Fault.Kind) throws {
    #expect(try play([("a", ""), ("b", "")], [fault(kind), fault(kind)]) == ["a0", "b0", "end"])
  }

  @Test(arguments: [Fault.Kind.invalid, .contextOverflow, .contentFilter, .tooLarge, .verificationRequired, .permission])
  func `end when nobody else could answer better`(kind: Fault.Kind) throws {
    #expect(try play([("a", ""), ("b", "")], [fault(kind)]) == ["a0", "end"])
  }

  @Test func `wait for a short rate limit and leave a long one`() throws {
    #expect(try play([("a", "")], [fault(.rateLimited, after: 2)]) == ["a0", "2000ms", "a0"])
    #expect(try play([("a", "")], [fault(.rateLimited, after: 6)]) == ["a0", "end"])
    #expect(try play([("a", "rate_wait: 10s")], [fault(.rateLimited, after: 6)]) == ["a0", "6000ms", "a0"])
    #expect(try play([("a", ""), ("b", "")], [fault(.rateLimited, after: 60)]) == ["a0", "b0"])
    #expect(try play([("a", "")], [fault(.rateLimited)]) == ["a0", "250ms", "a0"])
  }

  @Test func `take another key instead of waiting`() throws {
    let keys = "key: [k0, k1]"
    #expect(try play([("a", keys)], [fault(.rateLimited, after: 1)]) == ["a0", "a1"])
    #expect(try play([("a", keys)], [fault(.authExpired), fault(.authExpired)]) == ["a0", "a1", "end"])
    #expect(try play([("a", keys), ("b", "")], [fault(.funds), fault(.funds)]) == ["a0", "a1", "b0"])
  }

  @Test func `leave out what rests, but never the last way`() throws {
    let both = try providers([("a", "retries: 1"), ("b", "retries: 1")])
    #expect(try play(both, [fault(.broken)]) == ["a0", "b0"])
    #expect(try play(both, []) == ["b0"], "a rests")
    #expect(try play(both, [], at: 11 * Self.second) == ["a0"], "a is back")
    let alone = try providers([("a", "key: [k0, k1]")])
    #expect(try play(alone, [fault(.rateLimited, after: 60), fault(.rateLimited, after: 60)]) == ["a0", "a1", "end"])
    #expect(try play(alone, [fault(.rateLimited, after: 60), fault(.rateLimited, after: 60)]).first != "end")
  }

  @Test func `use the keys of a provider in turn`() throws {
    let provider = try providers([("a", "key: [k0, k1, k2]")])
    #expect(try (0..<4).map { _ in try play(provider, []) } == [["a0"], ["a1"], ["a2"], ["a0"]])
  }
}
