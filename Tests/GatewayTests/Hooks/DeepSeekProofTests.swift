import Base
import Testing

@testable import Upstream

@Suite struct `DeepSeek's hash` {
  // Vectors: protocol notes on DeepSeek, §4, where they were compared with the vendor's own module.
  @Test(arguments: [
    ("", "e594808bc5b7151ac160c6d39a02e0a8e261ed588578403099e3561dc40c26b3"),
    ("abc", "f841106c601ce9be9bc38525e90d4178d47f21dd8eb9f238fc55ffaa4ca94506"),
    ("hello", "50605e468e6d6ead913d7d7ccc4687b83ded157cf0a0c5e011eefece12712fa5"),
    ("灯塔", "6521ac57a4765965b9dbeaf14897709f4f2620cfe7843c34308927d97a543ebf"),
    ("testsalt_1700000000_42", "d4a2ea58c89e40887c933484868380c6f803eaa8dc53a3b9df8e431b921a4f09"),
    ("9fa6d396e71f769c77ee_1771229508176_0", "11b504a4374ab93fa33f1d00f333f7a3d70744b89ec586687a1efec12bd8089c"),
    // The end's two marks share a byte, begin a block of their own, stand in the second block.
    (String(repeating: "a", count: 135), "1e3eb415bb0b3ecec08a6f71cf7c8d0591b5594752ba52802a2e60357834f998"),
    (String(repeating: "a", count: 136), "680364b336f77918ed390287a581f96f1371599825acd1e348fa7649fcecbbab"),
    (String(repeating: "a", count: 200), "c396d2681a0d7a5498f39922282034b164b3494c243d4c4d2e277a13686704fd"),
  ])
  func `has the value of the documents`(text: String, digest: String) {
    #expect(Digest.hex(DeepSeekHash.digest(Array(text.utf8))) == digest)
  }
}

@Suite struct `DeepSeek's proof of work` {
  // Vectors: protocol notes on DeepSeek, §4. The last two but one are published challenges.
  @Test(arguments: [
    ("11b504a4374ab93fa33f1d00f333f7a3d70744b89ec586687a1efec12bd8089c", "9fa6d396e71f769c77ee", 1_771_229_508_176, 144_000, 0),
    ("c12c043fb737e66ba5a4b098bf0bbc267c7f53a9d9dae8b9024a81fb89825ab4", "9fa6d396e71f769c77ee", 1_771_229_508_176, 144_000, 7),
    ("78f0a850dcc6e7d03f775ab61231410f30113665c099db3fd80eff64ce89fb93", "3bde54628ea8413fee87", 1_775_380_966_945, 144_000, 1234),
    ("7231b08bdadef6d7c378f27259c55029fe0109dae0a394f5fc894b67c2845bdb", "00000000000000000000", 1_700_000_000_000, 144_000, 71_999),
    ("152da9a0660a02f8ee5b52b66f76642a35e55273dd46889608d6694504b16e70", "abcdef0123456789abcd", 1_767_225_600_000, 144_000, 143_999),
    ("cd70eefb8c81f153346e281e6c91ea550a8f010a66f3b90ef3333c24f74db963", "f0e1d2c3b4a5968778a9", 1_893_456_000_123, 100_000, 99_999),
    ("94e422f2ac55677000b92e561bb1a10da1a7fad54af93fa4706e4c1fa06eba5c", "9fa6d396e71f769c77ee", 1_771_229_508_176, 144_000, 22_533),
    ("7ffc9d19b6eed96a6fca68f8ffe30ee61035d4959e4180f187bf85b356016a96", "3bde54628ea8413fee87", 1_775_380_966_945, 144_000, 107_544),
  ])
  func `finds the number`(challenge: String, salt: String, end: Int, difficulty: Int, answer: Int) async throws {
    let found = try await pow(
      asked(["challenge": JSON(challenge), "salt": JSON(salt), "expire_at": JSON(end), "difficulty": JSON(difficulty)]))
    #expect(found["answer"]?.int == answer)
  }

  @Test func `goes up in the documented header`() async throws {
    let found = try await pow(asked([:]))
    #expect(
      found["header"]?.string
        == "eyJhbGdvcml0aG0iOiJEZWVwU2Vla0hhc2hWMSIsImNoYWxsZW5nZSI6Ijc4ZjBhODUwZGNjNmU3ZDAzZjc3NWFiNjEyMzE0MTBmMzAxMTM2NjVjMDk5ZGIzZmQ4MGVm"
        + "ZjY0Y2U4OWZiOTMiLCJzYWx0IjoiM2JkZTU0NjI4ZWE4NDEzZmVlODciLCJhbnN3ZXIiOjEyMzQsInNpZ25hdHVyZSI6IjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
        + "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAiLCJ0YXJnZXRfcGF0aCI6Ii9hcGkvdjAvY2hhdC9jb21wbGV0aW9uIn0=")
  }

  @Test func `has no answer beyond the difficulty`() async throws {
    // The only match is 144,000 itself (same notes); below a difficulty that no four numbers fill, the same.
    var challenge: [String: JSON] = [
      "challenge": "abfe3c2e45bd3cadacc80967a3676c20e39b4ea51578f86c992e8f169995969e", "salt": "f0e1d2c3b4a5968778a9",
      "expire_at": 1_893_456_000_123,
    ]
    await expect(kind: .broken) { _ = try await pow(asked(challenge)) }
    challenge["difficulty"] = 144_001
    #expect(try await pow(asked(challenge))["answer"]?.int == 144_000)
    // The answer 1234 of the standard challenge stands in a group of four, 1232 to 1235.
    await expect(kind: .broken) { _ = try await pow(asked(["difficulty": 1234])) }
    #expect(try await pow(asked(["difficulty": 1235]))["answer"]?.int == 1234)
  }

  @Test(
    arguments: [
      ("algorithm", "DeepSeekHashV2"), ("algorithm", nil), ("challenge", nil), ("challenge", "78f0"),
      ("challenge", "zzf0a850dcc6e7d03f775ab61231410f30113665c099db3fd80eff64ce89fb93"), ("salt", nil),
      ("salt", JSON(String(repeating: "0", count: 65))), ("expire_at", -1), ("expire_at", "1775380966945"), ("difficulty", 0),
      ("difficulty", 5_000_001), ("difficulty", "144000"), ("signature", nil), ("target_path", 1),
    ] as [(String, JSON?)])
  func `refuses a challenge that is not as documented`(member: String, value: JSON?) async {
    await expect(kind: .formatChanged, naming: "challenge.\(member)") { _ = try await pow(asked([member: value ?? .null])) }
  }

  @Test func `refuses no challenge at all`() async {
    await expect(kind: .formatChanged) { _ = try await #require(Hook.named("deepseek_pow@1")).run([:]) }
    await expect(kind: .formatChanged) { _ = try await #require(Hook.named("deepseek_pow@1")).run(["challenge": "text"]) }
  }

  @Test func `takes the largest salt, time and difficulty`() async throws {
    let salt = String(repeating: "f", count: 64)
    let digest = Digest.hex(DeepSeekHash.digest(Array("\(salt)_\(Int.max)_3".utf8)))
    let found = try await pow(asked(["challenge": JSON(digest), "salt": JSON(salt), "expire_at": JSON(Int.max), "difficulty": 5_000_000]))
    #expect(found["answer"]?.int == 3)
  }

  private func pow(_ challenge: JSON) async throws -> Hook.Values {
    try await #require(Hook.named("deepseek_pow@1")).run(["challenge": challenge])
  }
}

/// The challenge of the documented header, changed.
func asked(_ changes: [String: JSON]) -> JSON {
  let standard: [(String, JSON)] = [
    ("algorithm", "DeepSeekHashV1"), ("challenge", "78f0a850dcc6e7d03f775ab61231410f30113665c099db3fd80eff64ce89fb93"),
    ("salt", "3bde54628ea8413fee87"), ("signature", JSON(String(repeating: "0", count: 64))), ("difficulty", 144_000),
    ("expire_at", 1_775_380_966_945), ("expire_after", 300_000), ("target_path", "/api/v0/chat/completion"),
  ]
  return .object(standard.map { ($0.0, changes[$0.0] ?? $0.1) })
}

/// Expects a fault of a kind, and in its message some words.
func expect(kind: Fault.Kind, naming words: String = "", _ body: () async throws -> Void) async {
  do {
    try await body()
    Issue.record("no fault")
  } catch let fault as Fault {
    #expect(fault.kind == kind)
    #expect(words.isEmpty || fault.message.contains(words))
  } catch {
    Issue.record(error)
  }
}
