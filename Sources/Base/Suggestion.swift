/// Finds the word that somebody probably meant.
package enum Suggestion {
  /// The candidate nearest to a word, when it is near enough to be a slip of the keys.
  package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, min(3, word.count / 3))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(word.lowercased(), candidate.lowercased())
      if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// ` (did you mean "name"?)`, or nothing.
  package static func hint(for word: String, among candidates: some Sequence<String>) -> String {
    nearest(to: word, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
  }

  /// How many letters must be added, removed, replaced or swapped with their neighbour to turn one word into the other.
  ///
  /// The restricted Damerau-Levenshtein distance; words longer than 64 are as far away as they are long.
  static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one.unicodeScalars), Array(other.unicodeScalars))
    guard !a.isEmpty, !b.isEmpty, max(a.count, b.count) <= 64 else { return a == b ? 0 : max(a.count, b.count) }
    var before: [Int] = []
    var above = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(row[j] + 1, above[j + 1] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      (before, above) = (above, row)
    }
    return above[b.count]
  }
}
