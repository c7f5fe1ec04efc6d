import Wire

/// What a conversation must be like to be written; nil for no rule. Source: research/review-and-datasets.md §2.
package struct QualityRules: Sendable {
  /// Turns of both sides.
  package var leastTurns: Int?
  /// Turns of both sides, at most.
  package var mostTurns: Int?
  /// Characters of all texts.
  package var leastCharacters: Int?
  /// Characters of all texts, at most.
  package var mostCharacters: Int?
  /// Tokens, as the gateway estimates them.
  package var mostTokens: Int?
  /// The share of the last answer's runs of four words that came before in it, 0 to 1.
  package var mostRepetition: Double?
  /// Languages of the last answer, by their scripts.
  package var languages: Set<Language> = []
  /// Whether the last answer must be in the language of the last question.
  package var wantsSameLanguage = false
  /// Whether answers that refuse are left out.
  package var dropsRefusals = false

  /// No rule.
  package init() {}

  /// The rule that a conversation breaks; nil when none.
  func broken(by sample: Sample) -> String? {
    let answer = sample.answer?.text ?? ""
    let turns = sample.turns.count
    if let leastTurns, turns < leastTurns { return "too_few_turns" }
    if let mostTurns, turns > mostTurns { return "too_many_turns" }
    if leastCharacters != nil || mostCharacters != nil || mostTokens != nil, let rule = lengthRule(sample) { return rule }
    if let mostRepetition, Repetition.share(of: answer) > mostRepetition { return "repetition" }
    let language = languages.isEmpty && !wantsSameLanguage ? nil : Language(of: answer)
    if !languages.isEmpty, let language, !languages.contains(language) { return "language" }
    if wantsSameLanguage, let language, let asked = Language(of: sample.lastQuestion), asked != language { return "other_language" }
    if dropsRefusals, RefusalPhrases.open(answer) { return "refusal_phrase" }
    return nil
  }

  private func lengthRule(_ sample: Sample) -> String? {
    var characters = 0
    var tokens = 0
    _ = sample.mapTexts { text in
      characters += text.unicodeScalars.count
      tokens += TokenEstimate.tokens(of: text)
      return text
    }
    if let leastCharacters, characters < leastCharacters { return "too_short" }
    if let mostCharacters, characters > mostCharacters { return "too_long" }
    if let mostTokens, tokens > mostTokens { return "too_many_tokens" }
    return nil
  }
}

extension Sample {
  /// What the user said last; empty where that was a tool.
  var lastQuestion: String {
    for case .client(let turn) in turns.reversed() {
      guard let segment = turn.segments.last(where: { !$0.isSystem }) else { continue }
      return segment.content.text(image: "")
    }
    return ""
  }
}

/// Languages that their scripts tell.
package enum Language: String, Sendable, CaseIterable {
  /// Any language in Latin letters.
  case en
  case zh, ja, ko, ru, ar

  /// The language of most letters; nil for a text without letters.
  init?(of text: String) {
    var counts: [Language: Int] = [:]
    var letters = 0  // most texts have few others
    for scalar in text.unicodeScalars.prefix(4096) {
      switch Self.language(scalar.value) {
      case nil: break
      case .en: letters += 1
      // One Chinese character says as much as several letters.
      case .some(let language): counts[language, default: 0] += language == .zh || language == .ja || language == .ko ? 3 : 1
      }
    }
    if letters > 0 { counts[.en] = letters }
    if counts[.ja] != nil { counts[.ja, default: 0] += counts.removeValue(forKey: .zh) ?? 0 }
    guard let most = counts.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }) else { return nil }
    self = most.key
  }

  private static func language(_ value: UInt32) -> Language? {
    switch value {
    case 65...90, 97...122, 0xC0...0x24F: .en
    case 0x3040...0x30FF: .ja
    case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0x20000...0x2FA1F: .zh
    case 0xAC00...0xD7AF, 0x1100...0x11FF: .ko
    case 0x400...0x52F: .ru
    case 0x600...0x6FF: .ar
    default: nil
    }
  }
}

/// How much of a text is said again.
enum Repetition {
  /// The share of runs of four words that came before; 0 for texts of fewer than 24 words.
  static func share(of text: String) -> Double {
    let words = Shingles.words(of: text)
    guard words.count >= 24 else { return 0 }
    var seen: Set<UInt64> = []
    let runs = words.count - 3
    for start in 0..<runs { seen.insert(Shingles.hash(words[start..<start + 4])) }
    return 1 - Double(seen.count) / Double(runs)
  }
}

/// Openings of answers that refuse.
enum RefusalPhrases {
  /// Whether a text opens with a refusal, in its first 200 characters.
  static func open(_ text: String) -> Bool {
    let head = String(String.UnicodeScalarView(text.unicodeScalars.prefix(200))).lowercased().replacing("’", with: "'")
    return phrases.contains { head.firstPlace(of: $0) != nil }
  }

  private static let phrases: [StaticString] = [
    "i can't help with", "i cannot help with", "i can't assist", "i cannot assist", "i'm unable to assist", "i am unable to assist",
    "i'm sorry, but i can't", "i'm sorry, but i cannot", "i'm sorry, i can't", "sorry, but i can't", "i can't provide", "i cannot provide",
    "i won't be able to", "i must decline", "i'm not able to help", "as an ai language model, i cannot", "i can't comply",
    "i cannot comply",
    "抱歉，我无法", "对不起，我无法", "很抱歉，我不能", "抱歉，我不能", "对不起，我不能", "我无法提供", "我不能提供", "无法协助", "作为一个ai",
    "作为人工智能", "我无法回答", "不便回答",
  ]
}
