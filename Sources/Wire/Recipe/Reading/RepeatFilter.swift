/// Leaves out of a resumed stream what the client has seen already: such a stream may begin with all of the text so far.
struct RepeatFilter: Sendable {
  private var seen: [UInt8] = []
  private var matched = 0
  private var isSkipping = false

  /// Remembers what went out.
  mutating func note(_ piece: String) { seen.append(contentsOf: piece.utf8) }

  /// From now on a repetition of what was seen is left out.
  mutating func resume() {
    matched = 0
    isSkipping = !seen.isEmpty
  }

  /// What of a piece is new. A piece that differs from what was seen shows that nothing is repeated: then all of it is new.
  mutating func feed(_ piece: String) -> String {
    guard isSkipping else { return piece }
    let bytes = Array(piece.utf8)
    let known = seen[matched...].prefix(bytes.count)
    guard bytes.starts(with: known) else {
      isSkipping = false
      return String(decoding: seen[..<matched] + bytes, as: UTF8.self)
    }
    matched += known.count
    if matched == seen.count { isSkipping = false }
    return String(decoding: bytes[known.count...], as: UTF8.self)
  }
}
