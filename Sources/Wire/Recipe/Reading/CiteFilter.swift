import Base

/// Replaces marks in a text that comes in pieces, and holds back what may still become one.
struct CiteFilter: Sendable {
  private let rules: [CiteRule]
  /// The first bytes of all openings.
  private let firsts: Set<UInt8>
  private var held: [UInt8] = []

  init(_ rules: [CiteRule]) {
    self.rules = rules
    firsts = Set(rules.flatMap(\.opening).compactMap(\.utf8.first))
  }

  /// What of the text can go out.
  mutating func feed(_ piece: String) -> String {
    guard !rules.isEmpty else { return piece }
    let bytes = held + Array(piece.utf8)
    held = []
    var output: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard firsts.contains(bytes[position]) else {
        output.append(bytes[position])
        position += 1
        continue
      }
      let rest = bytes[position...]
      if let mark = mark(at: rest) {
        output += mark.replacement.utf8
        position += mark.length
      } else if isOpen(rest) {
        held = Array(rest)
        break
      } else {
        output.append(bytes[position])
        position += 1
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// What was held back to the end: a mark that never came whole.
  mutating func end() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  /// The mark that the text begins with.
  private func mark(at rest: ArraySlice<UInt8>) -> (replacement: String, length: Int)? {
    for rule in rules where rule.opening.contains(where: { rest.starts(with: $0.utf8) }) {
      let window = Self.window(rest, rule.hold)
      guard let found = rule.anchored.group(in: window), !found.isEmpty else { continue }
      // A pattern with an open end could still take more of what comes.
      if found.utf8.count == rest.count, rule.isOpenEnded { continue }
      return (replacement(rule, in: window), found.utf8.count)
    }
    return nil
  }

  private func replacement(_ rule: CiteRule, in text: String) -> String {
    guard rule.to.contains("$") else { return rule.to }
    var result = ""
    var rest = rule.to[...]
    while let next = rest.popFirst() {
      guard next == "$", let digit = rest.first?.wholeNumberValue else {
        result.append(next)
        continue
      }
      rest.removeFirst()
      result += rule.anchored.group(digit, in: text) ?? ""
    }
    return result
  }

  /// Whether a text that is no mark yet can still become one: its opening is cut, or it is not over and not too long.
  private func isOpen(_ rest: ArraySlice<UInt8>) -> Bool {
    rules.contains { rule in
      rule.opening.contains { opening in
        guard rest.starts(with: opening.utf8) else { return opening.utf8.count > rest.count && opening.utf8.starts(with: rest) }
        guard rest.count < rule.hold else { return false }
        return !rule.isOver(String(decoding: rest.dropFirst(opening.utf8.count), as: UTF8.self))
      }
    }
  }

  /// The first bytes of a text, not cut inside a character.
  private static func window(_ rest: ArraySlice<UInt8>, _ limit: Int) -> String {
    guard rest.count > limit else { return String(decoding: rest, as: UTF8.self) }
    var end = rest.startIndex + limit
    while end > rest.startIndex, rest[end] & 0xC0 == 0x80 { end -= 1 }
    return String(decoding: rest[..<end], as: UTF8.self)
  }
}
