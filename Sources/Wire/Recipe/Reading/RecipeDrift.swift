/// What of a site's answer did not look as its recipe says: counted and named, so that a change of the site is seen.
package struct RecipeDrift: Sendable, Equatable {
  /// Frames that no rule knows, by event name or member names.
  package private(set) var unknown: [String: Int] = [:]
  /// Fields that a rule expected and did not find, by path.
  package private(set) var vanished: [String: Int] = [:]
  /// Snapshots that took back what was already sent.
  package internal(set) var divergences = 0

  private static let limit = 16

  /// Whether everything looked as it should.
  package var isEmpty: Bool { unknown.isEmpty && vanished.isEmpty && divergences == 0 }

  mutating func note(unknown name: String) { Self.note(name, &unknown) }
  mutating func note(vanished path: String) { Self.note(path, &vanished) }

  private static func note(_ name: String, _ counts: inout [String: Int]) {
    if let count = counts[name] { counts[name] = count + 1 } else if counts.count < limit { counts[name] = 1 }
  }

  /// The fields and frames in words; nil when there are none.
  var words: String? {
    let fields = vanished.keys.sorted().prefix(3).map { "no \($0)" }
    let frames = unknown.keys.sorted().prefix(3).map { "unknown \($0)" }
    let words = Array(fields) + Array(frames)
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
