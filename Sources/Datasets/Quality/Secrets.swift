/// Keys, tokens and passwords by what they look like.
enum Secrets {
  /// A key with a known beginning.
  static func prefixed(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    for rule in rules[text[place]] ?? [] where text[place...].starts(with: rule.prefix) {
      var end = place + rule.prefix.count
      while end < text.count, isKey(text[end]) { end += 1 }
      while end > place, text[end - 1] == UInt8(ascii: ".") || text[end - 1] == UInt8(ascii: "-") { end -= 1 }
      guard end - place - rule.prefix.count >= rule.least else { continue }
      // A JSON Web Token has two dots.
      if rule.prefix.starts(with: "eyJ".utf8), text[place..<end].count(where: { $0 == UInt8(ascii: ".") }) < 2 { continue }
      return place..<end
    }
    return nil
  }

  /// Beginnings with the least number of letters behind them. Source: the rules of gitleaks 8, and the vendors' own pages.
  private static let rules: [UInt8: [(prefix: [UInt8], least: Int)]] = Dictionary(
    grouping: [
      ("sk-", 16), ("AKIA", 16), ("ASIA", 16), ("ghp_", 30), ("gho_", 30), ("ghu_", 30), ("ghs_", 30), ("ghr_", 30),
      ("github_pat_", 22), ("glpat-", 16), ("xoxb-", 10), ("xoxp-", 10), ("xoxa-", 10), ("xoxr-", 10), ("xoxs-", 10), ("AIza", 30),
      ("ya29.", 20), ("npm_", 30), ("pypi-", 20), ("hf_", 20), ("SG.", 20), ("sk_live_", 16), ("rk_live_", 16), ("pk_live_", 16),
      ("sk_test_", 16), ("eyJ", 30), ("apus-", 20), ("dop_v1_", 30), ("gsk_", 20), ("r8_", 20), ("nvapi-", 20), ("tvly-", 16),
      ("xai-", 20), ("pplx-", 20), ("LTAI", 12), ("AKID", 12), ("jina_", 20),
    ].map { (Array($0.0.utf8), $0.1) }
  ) { (rule: (prefix: [UInt8], least: Int)) in rule.prefix[0] }

  private static func isKey(_ byte: UInt8) -> Bool { byte.isWord || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }

  /// A private key in its envelope.
  static func pem(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    let opening = Array("-----BEGIN ".utf8)
    guard text[place...].starts(with: opening) else { return nil }
    let head = text[(place + opening.count)...].prefix(64)
    guard let dashes = head.firstIndex(of: UInt8(ascii: "-")), head[..<dashes].reversed().starts(with: "PRIVATE KEY".utf8.reversed()) else {
      return nil
    }
    var end = dashes + 5
    while end < text.count {
      if text[end...].starts(with: "-----END ".utf8) {
        let line = text[end...].dropFirst(9)
        guard let close = line.firstIndex(of: UInt8(ascii: "-")) else { return place..<text.count }
        return place..<min(text.count, close + 5)
      }
      end += 1
    }
    return place..<text.count
  }

  /// `user:password` of an address `scheme://user:password@host`, at the colon of its scheme.
  static func credentials(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    guard text[place...].starts(with: "://".utf8), place > 0, text[place - 1].isLetter || text[place - 1].isDigit else { return nil }
    let start = place + 3
    var colon: Int?
    for end in start..<min(text.count, start + 256) {
      switch text[end] {
      case UInt8(ascii: ":"): colon = colon ?? end
      case UInt8(ascii: "@"):
        guard let colon, colon < end - 1 else { return nil }
        return start..<end
      case 0...32, UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"): return nil
      default: break
      }
    }
    return nil
  }

  // MARK: Beside a keyword

  private static let keywords = [
    "password", "passwd", "pwd", "passphrase", "secret", "token", "api_key", "api-key", "apikey", "access_key", "access-key", "accesskey",
    "auth_key", "private_key", "client_secret", "authorization", "bearer", "credential",
  ].map { Array($0.utf8) }

  /// The value that is given to a name such as `api_key`, when it looks like chance made it.
  static func named(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    let wordEnd = text[place...].prefix(40).prefix { $0.isWord || $0 == UInt8(ascii: "-") }.endIndex
    let word = text[place..<wordEnd].map { $0 | 0x20 == $0 ? $0 : $0 | ($0.isLetter ? 0x20 : 0) }
    guard let keyword = keywords.first(where: { contains(word, $0) }) else { return nil }
    var start = wordEnd
    var hasSign = keyword.elementsEqual("bearer".utf8) && start < text.count && text[start] == 32
    while start < text.count, start - wordEnd < 8, let step = separator(text[start]) {
      hasSign = hasSign || step
      start += 1
    }
    guard hasSign else { return nil }
    let value = text[start...].prefix(256).prefix { isValue($0) }
    guard isRandom(value) else { return nil }
    return value.startIndex..<value.endIndex
  }

  private static func contains(_ word: [UInt8], _ keyword: [UInt8]) -> Bool {
    guard word.count >= keyword.count else { return false }
    return (0...word.count - keyword.count).contains { word[$0...].starts(with: keyword) }
  }

  /// Whether a byte between a name and its value says that it is one; nil for what can't stand there.
  private static func separator(_ byte: UInt8) -> Bool? {
    switch byte {
    case UInt8(ascii: ":"), UInt8(ascii: "="): true
    case 32, 9, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: ">"): false
    default: nil
    }
  }

  private static func isValue(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127
      && ![
        UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "<"),
        UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"),
        UInt8(ascii: "\\"), UInt8(ascii: "&"),
      ].contains(byte)
  }

  /// Letters and digits together, at least 8 of them, with 2.5 bits each or more.
  private static func isRandom(_ value: ArraySlice<UInt8>) -> Bool {
    guard value.count >= 8, value.first != UInt8(ascii: "$"), value.contains(where: \.isDigit), value.contains(where: \.isLetter) else {
      return false
    }
    var counts: [UInt8: Int] = [:]
    for byte in value { counts[byte, default: 0] += 1 }
    // The entropy is at least that of the most frequent letter alone.
    guard counts.count >= 6 else { return false }
    var repeats = 0
    for count in counts.values { repeats += count * count }
    return Double(repeats) / Double(value.count * value.count) <= 0.18
  }
}
