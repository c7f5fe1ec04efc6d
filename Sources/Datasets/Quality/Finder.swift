/// Finds secrets and personal data in a text by what they look like; checksums and borders keep others out.
/// Source: research/review-and-datasets.md §2.3.
struct Finder {
  /// One finding.
  struct Finding: Equatable {
    var range: Range<Int>
    var kind: FindingKind
  }

  /// The known keys by their first byte.
  private let known: [UInt8: [[UInt8]]]

  init(known: [String] = []) {
    self.known = Dictionary(grouping: known.filter { $0.utf8.count >= 8 }.map { Array($0.utf8) }) { $0[0] }
  }

  /// The findings in their order, none of which overlap.
  func findings(in text: [UInt8]) -> [Finding] {
    var findings: [Finding] = []
    var place = 0
    var end = 0
    while place < text.count {
      if let finding = finding(text, place, from: end) {
        findings.append(finding)
        end = finding.range.upperBound
        place = max(end, place + 1)
      } else {
        place += 1
      }
    }
    return findings
  }

  /// The finding that shows itself at a place; it may begin before it, but not before `from`.
  private func finding(_ text: [UInt8], _ place: Int, from: Int) -> Finding? {
    let byte = text[place]
    if let keys = known[byte], let key = keys.first(where: { text[place...].starts(with: $0) }) {
      return Finding(range: place..<place + key.count, kind: .secret)
    }
    switch byte {
    case UInt8(ascii: "@"): return Emails.find(text, place, from: from).map { Finding(range: $0, kind: .email) }
    case UInt8(ascii: ":"): return Secrets.credentials(text, place).map { Finding(range: $0, kind: .credentials) }
    case UInt8(ascii: "-"): return Secrets.pem(text, place).map { Finding(range: $0, kind: .secret) }
    case UInt8(ascii: "+"), UInt8(ascii: "("), 48...57:
      guard isBorder(text, place) else { return nil }
      return Numbers.find(text, place) ?? letters(text, place)
    case 65...90, 97...122: return isBorder(text, place) ? letters(text, place) : nil
    default: return nil
    }
  }

  private func letters(_ text: [UInt8], _ place: Int) -> Finding? {
    if let range = Secrets.prefixed(text, place) ?? Secrets.named(text, place) { return Finding(range: range, kind: .secret) }
    if let range = Numbers.iban(text, place) { return Finding(range: range, kind: .iban) }
    return Numbers.ipv6(text, place).map { Finding(range: $0, kind: .address) }
  }

  private func isBorder(_ text: [UInt8], _ place: Int) -> Bool { place == 0 || !text[place - 1].isWord }
}

extension UInt8 {
  var isDigit: Bool { self >= 48 && self <= 57 }
  var isLetter: Bool { self | 0x20 >= 97 && self | 0x20 <= 122 }
  var isWord: Bool { isDigit || isLetter || self == UInt8(ascii: "_") }
  var isHex: Bool { isDigit || self | 0x20 >= 97 && self | 0x20 <= 102 }
}

/// E-mail addresses.
enum Emails {
  /// The address around an `@`.
  static func find(_ text: [UInt8], _ at: Int, from: Int) -> Range<Int>? {
    var start = at
    while start > from, isLocal(text[start - 1]) { start -= 1 }
    while start < at, text[start] == UInt8(ascii: ".") { start += 1 }
    guard start < at, !text[start..<at].elementsEqual("git".utf8) else { return nil }
    var end = at + 1
    var lastDot: Int?
    while end < text.count, text[end].isDigit || text[end].isLetter || text[end] == UInt8(ascii: "-") || text[end] == UInt8(ascii: ".") {
      if text[end] == UInt8(ascii: ".") { lastDot = end }
      end += 1
    }
    // A full stop behind the address ends the sentence.
    while end > at + 1, text[end - 1] == UInt8(ascii: ".") || text[end - 1] == UInt8(ascii: "-") {
      end -= 1
      if lastDot == end { lastDot = text[at..<end].lastIndex(of: UInt8(ascii: ".")) }
    }
    guard let lastDot, lastDot > at + 1, end - lastDot > 2, text[lastDot + 1..<end].allSatisfy(\.isLetter) else { return nil }
    return start..<end
  }

  private static func isLocal(_ byte: UInt8) -> Bool {
    byte.isWord || [UInt8(ascii: "."), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "-")].contains(byte)
  }
}
