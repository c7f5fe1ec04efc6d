import Base
import Synchronization
import Testing

@testable import Upstream

@Suite struct `A hook` {
  @Test func `is found by its name with its version`() {
    #expect(Hook.names == ["deepseek_pow@1", "zhipu_stamp@1"])
    #expect(Hook.names.allSatisfy { Hook.named($0)?.name == $0 })
    for name in ["deepseek_pow", "deepseek_pow@2", "", "sha3_pow@1"] { #expect(Hook.named(name) == nil) }
  }

  // Vectors: protocol notes on Zhipu, §3; the last row: the rewriting changes nothing a second time.
  @Test(arguments: [
    ("1771229508176", "1771229508196"), ("1700000000000", "1700000000080"), ("1790732179995", "1790732179905"),
    ("1767225600099", "1767225600059"), ("1893456000123", "1893456000103"), ("1790732179905", "1790732179905"),
  ])
  func `gives Zhipu's stamp its check digit`(clock: String, stamp: String) async throws {
    let hook = try #require(Hook.named("zhipu_stamp@1"))
    #expect(try await hook.run(["ms": JSON(clock)]) == ["timestamp": JSON(stamp)])
    #expect(try await hook.run(["ms": JSON(try #require(Int(clock)))]) == ["timestamp": JSON(stamp)])
  }

  // Same table: X-Sign is the MD5 of stamp, nonce and constant.
  @Test(arguments: [
    ("1771229508196", "0123456789abcdef0123456789abcdef", "ebbd46ad7a98f0356aeeb5bce39d8c34"),
    ("1700000000080", "00000000000000000000000000000000", "e514ad6ecbaea08736e5535e6578853f"),
    ("1790732179905", "75988225830f4d93b6702dcd0a2e9baf", "a32ee7a2876ad44e6658475f0a7c69eb"),
    ("1767225600059", "ffffffffffffffffffffffffffffffff", "6b238f62d0909cdda73d9f45fbf986e2"),
    ("1893456000103", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "294a1360caf60cb7ea480aed238106b5"),
    ("1771229508196", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "f456f9e08827ddfc3dc44510cd4b41f3"),
  ])
  func `gives the stamp that Zhipu's signature is made of`(stamp: String, nonce: String, sign: String) {
    #expect(Digest.hex(Digest.md5(Array("\(stamp)-\(nonce)-8a1317a7468aa3ad86e997d08f3f31cb".utf8))) == sign)
  }

  @Test(arguments: [nil, "", "177122950817", "17712295081760", "177122950817x", "１771229508176", 1.5, true] as [JSON?])
  func `makes no stamp of what is no time`(ms: JSON?) async throws {
    let hook = try #require(Hook.named("zhipu_stamp@1"))
    await expect(kind: .internal) { _ = try await hook.run(ms.map { ["ms": $0] } ?? [:]) }
  }
}

@Suite struct `The queue of hooks` {
  /// A hook that works until it is told to end, or until nobody waits.
  private func slow(_ begun: Gate, _ end: Gate) -> Hook {
    Hook(name: "slow@1", inputs: [], outputs: [], isHeavy: true) { (_, isCancelled) throws(Fault) in
      begun.open()
      while !end.isOpen {
        if isCancelled() { throw Fault(.cancelled, "") }
      }
      return ["done": true]
    }
  }

  private final class Gate: Sendable {
    private let state = Atomic(false)
    var isOpen: Bool { state.load(ordering: .acquiring) }
    func open() { state.store(true, ordering: .releasing) }
    func wait() async { while !isOpen { await Task.yield() } }
  }

  @Test func `works on one after the other, and refuses more than its limit`() async throws {
    let queue = HookQueue(named: "hook-test", limit: 2)
    let (begun, end) = (Gate(), Gate())
    let hook = slow(begun, end)
    let first = Task { try await hook.run([:], on: queue) }
    await begun.wait()
    let others = (0..<2).map { _ in Task { try await hook.run([:], on: queue) } }
    while queue.count < 2 { await Task.yield() }
    await expect(kind: .overloaded) { _ = try await hook.run([:], on: queue) }
    end.open()
    for task in [first] + others { #expect(try await task.value == ["done": true]) }
    // The thread has ended or is about to; there is one again for the next.
    #expect(try await hook.run([:], on: queue) == ["done": true])
  }

  @Test func `stops what nobody waits for, begun or not`() async throws {
    let queue = HookQueue(named: "hook-test", limit: 2)
    let (begun, end) = (Gate(), Gate())
    let hook = slow(begun, end)
    let first = Task { try await hook.run([:], on: queue) }
    await begun.wait()
    let second = Task { try await hook.run([:], on: queue) }
    while queue.count < 1 { await Task.yield() }
    second.cancel()
    await expect(kind: .cancelled) { _ = try await second.value }
    #expect(queue.count == 0)
    first.cancel()
    await expect(kind: .cancelled) { _ = try await first.value }
    let late = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await hook.run([:], on: queue)
    }
    late.cancel()
    await expect(kind: .cancelled) { _ = try await late.value }
  }

  @Test func `stops a search that nobody waits for`() async throws {
    let proof = try DeepSeekProof(["challenge": asked(["challenge": JSON(String(repeating: "0", count: 64)), "difficulty": 5_000_000])])
    let looks = Mutex(0)
    await expect(kind: .cancelled) {
      _ = try proof.solve {
        looks.withLock {
          $0 += 1; return $0 == 3
        }
      }
    }
    #expect(looks.withLock { $0 } == 3)
  }
}
