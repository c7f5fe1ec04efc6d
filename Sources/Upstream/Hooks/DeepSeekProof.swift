import Base

/// `deepseek_pow@1`: the number that DeepSeek asks for before a question, and the header that brings it.
///
/// In: `challenge`, the object of that name in the site's reply. Out: `header`, the value of `X-Ds-Pow-Response`; `answer`, the number.
/// The number is the one below `difficulty` for which the hash of `salt_expire_number` is `challenge`. Source: protocol notes, §4.
struct DeepSeekProof {
  /// Difficulty was 144,000 in every capture; beyond this one question would hold a core for half a second and more.
  static let mostDifficulty = 5_000_000
  /// Numbers that are tried between two looks at whether anybody waits: about a quarter of a millisecond.
  private static let step = 4096

  private let challenge: JSON
  private let difficulty: Int
  /// The four words of the hash that is looked for.
  private let target: [UInt64]
  private let prefix: [UInt8]

  /// Throws `formatChanged` for a challenge that is not as documented.
  init(_ input: Hook.Values) throws(Fault) {
    guard let challenge = input["challenge"], challenge.kind == .object else { throw Self.changed("challenge") }
    guard challenge["algorithm"]?.string == "DeepSeekHashV1" else { throw Self.changed("challenge.algorithm") }
    guard let target = challenge["challenge"]?.string.flatMap(Self.words) else { throw Self.changed("challenge.challenge") }
    guard let salt = challenge["salt"]?.string, salt.utf8.count <= 64 else { throw Self.changed("challenge.salt") }
    guard let end = challenge["expire_at"]?.int, end >= 0 else { throw Self.changed("challenge.expire_at") }
    guard let difficulty = challenge["difficulty"]?.int, (1...Self.mostDifficulty).contains(difficulty) else {
      throw Self.changed("challenge.difficulty")
    }
    for name in ["signature", "target_path"] where challenge[name]?.string == nil { throw Self.changed("challenge.\(name)") }
    self.challenge = challenge
    self.difficulty = difficulty
    self.target = target
    prefix = Array("\(salt)_\(end)_".utf8)
  }

  /// Throws `broken` when no number fits, `cancelled` when nobody waits any more.
  func solve(_ isCancelled: () -> Bool) throws(Fault) -> Hook.Values {
    guard let answer = try search(isCancelled) else {
      throw Fault(.broken, "DeepSeek's proof of work has no answer.", detail: "none of \(difficulty) numbers fits")
    }
    return ["header": JSON(header(answer)), "answer": JSON(answer)]
  }

  private func search(_ isCancelled: () -> Bool) throws(Fault) -> Int? {
    let block = blockOfFour()
    var words = block
    for first in stride(from: 0, to: difficulty, by: 4) {
      if first % Self.step == 0, isCancelled() { throw Fault(.cancelled, "Nobody waits for the proof of work.") }
      for index in words.indices { words[index] = block[index] }
      for text in 0..<4 { append(first + text, of: text, to: &words) }
      DeepSeekHash.permute(&words)
      for text in 0..<4 where words[text] == target[0] && first + text < difficulty && isTarget(words, text) { return first + text }
    }
    return nil
  }

  /// The block of four texts as far as they are the same.
  private func blockOfFour() -> [UInt64] {
    var words = [UInt64](repeating: 0, count: DeepSeekHash.wordsOfFour)
    for text in 0..<4 {
      for (place, byte) in prefix.enumerated() { DeepSeekHash.add(byte, at: place, of: text, to: &words) }
    }
    return words
  }

  /// Appends a number and the end of the text. At most 64 + 1 + 19 + 1 + 7 bytes: it all fits into one block.
  private func append(_ number: Int, of text: Int, to words: inout [UInt64]) {
    var unit = 1
    while number / unit >= 10 { unit *= 10 }
    var place = prefix.count
    while unit > 0 {
      DeepSeekHash.add(UInt8(truncatingIfNeeded: 48 + number / unit % 10), at: place, of: text, to: &words)
      place += 1
      unit /= 10
    }
    DeepSeekHash.close(at: place, of: text, &words)
  }

  private func isTarget(_ words: [UInt64], _ text: Int) -> Bool {
    target.indices.allSatisfy { words[4 * $0 + text] == target[$0] }
  }

  private func header(_ answer: Int) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    for name in ["algorithm", "challenge", "salt"] { writer.member(name, challenge[name] ?? .null) }
    writer.member("answer", answer)
    for name in ["signature", "target_path"] { writer.member(name, challenge[name] ?? .null) }
    writer.endObject()
    return Base64.encode(writer.bytes)
  }

  /// The little-endian words of 64 lower-case or upper-case hexadecimal digits.
  private static func words(_ hex: String) -> [UInt64]? {
    let digits = Array(hex.utf8)
    guard digits.count == 64, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
    return (0..<4).map { word in UInt64(String(decoding: digits[16 * word..<16 * word + 16], as: UTF8.self), radix: 16)?.byteSwapped ?? 0 }
  }

  private static func changed(_ field: String) -> Fault {
    Fault(.formatChanged, "DeepSeek's proof of work is not as documented any more: \(field).")
  }
}
