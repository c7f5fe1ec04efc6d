import Base

/// The ids of one conversation's calls on the way to a wire that is strict about them. Source: wire-formats §2.5.
package struct CallIDs: Sendable {
  /// What a wire takes as an id.
  package enum Rule: Sendable {
    /// At most 40 characters.
    case chat
    /// At most 64 characters.
    case responses
    /// Letters, digits, `_`, `-`.
    case messages
    /// Anything.
    case any
  }

  private let rule: Rule
  private var known: [String: String] = [:]
  private var taken: Set<String> = []

  /// No ids yet.
  package init(_ rule: Rule) {
    self.rule = rule
  }

  /// The id that goes out for one that came in; always the same one. An empty id gets a new one each time.
  package mutating func outgoing(_ id: String) -> String {
    if let known = known[id] { return known }
    if id.isEmpty { return Identifier.make(rule == .messages ? "toolu_" : "call_") }
    let fitting = fit(id)
    var unique = fitting
    var number = 2
    while !taken.insert(unique).inserted {
      unique = "\(fitting)_\(number)"
      number += 1
    }
    known[id] = unique
    return unique
  }

  /// An upstream's id as a client's wire takes it. Every call of a reply has one, and what is cut keeps the digits that tell it apart.
  package static func shown(_ id: String, _ rule: Rule) -> String { CallIDs(rule).fit(id) }

  private func fit(_ id: String) -> String {
    switch rule {
    case .any: id
    case .chat: Self.cut(id, to: 40)
    case .responses: Self.cut(id, to: 64)
    case .messages: Self.replaced(id)
    }
  }

  private static func cut(_ id: String, to most: Int) -> String {
    guard id.unicodeScalars.count > most else { return id }
    return String(id.unicodeScalars.prefix(31)) + "_" + Digest.hex(Digest.sha256(Array(id.utf8)).prefix(4))
  }

  private static func replaced(_ id: String) -> String {
    guard id.utf8.contains(where: { !isLegal($0) }) else { return id }
    var text = ""
    for character in id.unicodeScalars {
      text.unicodeScalars.append(character.isASCII && isLegal(UInt8(truncatingIfNeeded: character.value)) ? character : "_")
    }
    return text
  }

  private static func isLegal(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
