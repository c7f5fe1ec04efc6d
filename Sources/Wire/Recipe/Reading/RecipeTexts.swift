import Base

/// The texts of one target so far, by key: what is new in a piece depends on what came before.
struct RecipeTexts {
  /// How the pieces follow each other, where the rule lets the stream show it.
  enum Habit { case unknown, delta, snapshot }

  private let keepsTexts: Bool
  private var texts: [String: [UInt8]] = [:]
  private var order: [String] = []
  /// How many times a snapshot did not begin with the one before.
  private(set) var divergences = 0

  static let keyLimit = 10_000
  static let byteLimit = 32 << 20

  /// Without `keepsTexts` only what is new is ever asked for, and no text is kept.
  init(keepsTexts: Bool) { self.keepsTexts = keepsTexts }

  /// The key that the piece before belonged to.
  private(set) var current = ""
  /// The key whose text went out last, nil before the first.
  private var written: String?

  /// The next pieces without a key of their own belong to this one.
  mutating func open(_ key: String) { current = key }

  /// Whether a key has had text.
  func has(_ key: String) -> Bool { texts[key] != nil }

  /// How a piece and the text of a key so far are one: either begins with the other.
  func continues(_ piece: String, _ key: String) -> Bool {
    let known = texts[key] ?? []
    return known.starts(with: piece.utf8) || piece.utf8.starts(with: known)
  }

  /// All of a key so far; empty where texts aren't kept.
  func text(of key: String) -> String { String(decoding: texts[key] ?? [], as: UTF8.self) }

  /// What is new in a piece.
  mutating func take(_ piece: String, key: String, join: String, as mode: EmitRule.Mode, isWhole: Bool, _ habit: inout Habit) throws(Fault)
    -> String
  {
    let isNew = texts[key] == nil
    if isNew {
      guard order.count < Self.keyLimit else { throw Fault(.broken, "The upstream's answer has too many parts.") }
      order.append(key)
      texts[key] = []
    }
    current = key
    var known = texts.updateValue([], forKey: key) ?? []
    let growth = growth(piece, &known, mode, isWhole, &habit)
    guard known.count <= Self.byteLimit else { throw Fault(.broken, "The upstream's answer is too large.") }
    texts[key] = known
    if growth.isEmpty {
      if isNew { forget(key) }
      return ""
    }
    // A snapshot that others follow already can't grow any more without being torn; a delta would be lost.
    if !isNew, !join.isEmpty, key != order.last, mode != .delta {
      divergences += 1
      return ""
    }
    defer { written = key }
    return written == nil || written == key ? growth : join + growth
  }

  /// A key without text hasn't opened yet.
  private mutating func forget(_ key: String) {
    texts[key] = nil
    order.removeLast()
  }

  private mutating func growth(_ piece: String, _ known: inout [UInt8], _ mode: EmitRule.Mode, _ isWhole: Bool, _ habit: inout Habit)
    -> String
  {
    if mode == .delta, !isWhole {
      if keepsTexts { known.append(contentsOf: piece.utf8) }
      return piece
    }
    let new = Array((mode == .delta ? piece[...] : Self.withoutCutCharacter(piece)).utf8)
    if isWhole || mode == .cumulative { return snapshot(new, &known) }
    if known.isEmpty {
      known = new
      return String(decoding: new, as: UTF8.self)
    }
    if habit == .unknown { habit = new.count > known.count && new.starts(with: known) ? .snapshot : .delta }
    if habit == .snapshot { return snapshot(new, &known) }
    known.append(contentsOf: piece.utf8)
    return piece
  }

  /// The rest of a snapshot; of one that is no continuation nothing. Source: "Cumulative text" in protocols/*.md.
  private mutating func snapshot(_ new: [UInt8], _ known: inout [UInt8]) -> String {
    guard new.starts(with: known) else {
      if !known.starts(with: new) {
        divergences += 1
        known = new
      }
      return ""
    }
    let growth = String(decoding: new[known.count...], as: UTF8.self)
    known = new
    return growth
  }

  /// A snapshot may end inside a character, which shows as U+FFFD; the next one has it whole. Source: minimax.md §6.
  private static func withoutCutCharacter(_ text: String) -> Substring {
    var text = text[...]
    while text.unicodeScalars.last == "\u{FFFD}" { text.unicodeScalars.removeLast() }
    return text
  }
}
