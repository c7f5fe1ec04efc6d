@_spi(_Unicode) import Swift
import Testing

@testable import Archive

@Suite struct `Canonical text` {
  @Test(arguments: [
    ("", ""), (" \t\n", ""), ("a b", "a b"), ("a \r\n\t", "a"), ("a\rb\r\nc", "a\nb\nc"), ("你好，世界 \n", "你好，世界"), ("e\u{301}", "\u{E9}"),
    ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("か\u{3099}", "が"), ("\u{212B}", "\u{C5}"), ("\u{AC00}\u{11A8}", "\u{AC01}"),
  ])
  func `is in form C, with plain line ends and none at the end`(_ text: String, _ expected: String) {
    #expect(Array(CanonicalText.of(text).unicodeScalars) == Array(expected.unicodeScalars))
  }

  @Test func `leaves alone only what form C leaves alone`() {
    let bases: [Unicode.Scalar] = ["e", "か", "\u{AC00}", "\u{418}"]
    var count = 0
    for scalar in (0...0x10FFFF).lazy.compactMap({ Unicode.Scalar($0) }) where CanonicalText.isComposed(scalar.value) {
      count += 1
      let isAlone = scalar.properties.canonicalCombiningClass == .notReordered && Array(String(scalar)._nfc) == [scalar]
      #expect(isAlone, "\(String(scalar.value, radix: 16))")
      for base in bases {
        var pair = String(base)
        pair.unicodeScalars.append(scalar)
        if Array(pair._nfc) != [base, scalar] { Issue.record("\(base) joins with \(String(scalar.value, radix: 16))") }
      }
    }
    #expect(count > 100_000)
  }
}
