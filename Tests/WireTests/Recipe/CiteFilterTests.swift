import Base
import Testing
@testable import Wire

@Suite struct `Marks in a text` {
  static func filter(_ rules: String, _ pieces: [String]) throws -> String {
    let yaml = "{framing: sse, emit: [{to: text, path: t}], finish: [{eof: stop}], cite: \(rules)}"
    var filter = CiteFilter(try RecipeReading.response(yaml).cite)
    return pieces.reduce("") { $0 + filter.feed($1) } + filter.end()
  }

  static let numbers = "[{match: '\\[\\^(\\d+)\\^\\]', to: '[$1]', hold: 16}]"
  static let groups =
    "[{match: '\\[\\((?:deep_think|chat_\\d+)\\)\\]', to: ''}, {match: '\\[\\[group_(\\d+)\\]\\]', to: '[$1]'}, {match: '<src>g_(\\d+)</src>', to: '($1)'}]"
  static let hidden =
    "[{match: '\\x{E3A0}cite(?:\\x{E3A3}[^\\x{E3A3}\\x{E3A8}]*)+\\x{E3A8}', to: '', open: \"\\uE3A0\", close: \"\\uE3A8\", hold: 64}]"

  @Test(
    arguments: [
      (numbers, "see [^1^], [^22^].", "see [1], [22]."),
      (numbers, "a[^b^] [^ [^1^x [", "a[^b^] [^ [^1^x ["),
      (numbers, "[^[^1^]", "[^[1]"),
      // Longer than a mark may be, it is text.
      (numbers, "[^11111111111111111111111^]", "[^11111111111111111111111^]"),
      (groups, "[(deep_think)]a[[group_1]]b<src>g_2</src>[(chat_3)]c", "a[1]b(2)c"),
      (groups, "x[[1]] [y] <s>z</s> [[group_1] [[", "x[[1]] [y] <s>z</s> [[group_1] [["),
      (hidden, "成立\u{E3A0}cite\u{E3A3}web:1#0\u{E3A3}web:1#1\u{E3A8}。😀", "成立。😀"),
      (hidden, "\u{E3A0}cite\u{E3A3}never ends", "\u{E3A0}cite\u{E3A3}never ends"),
      ("[]", "[^1^]", "[^1^]"),
    ] as [(String, String, String)])
  func `are replaced however the text is cut`(rules: String, text: String, result: String) throws {
    let scalars = Array(text.unicodeScalars)
    #expect(try Self.filter(rules, [text]) == result)
    #expect(try Self.filter(rules, scalars.map { String($0) }) == result)
    for cut in scalars.indices {
      let pieces = [scalars[..<cut], scalars[cut...]].map { String(String.UnicodeScalarView($0)) }
      #expect(try Self.filter(rules, pieces) == result)
    }
  }

  @Test func `let other text go out at once`() throws {
    let yaml = "{framing: sse, emit: [{to: text, path: t}], finish: [{eof: stop}], cite: \(Self.numbers)}"
    var filter = CiteFilter(try RecipeReading.response(yaml).cite)
    #expect(filter.feed("a [b] ") == "a [b] ")
    #expect(filter.feed("c [^1") == "c ")
    #expect(filter.feed("^] d") == "[1] d")
    #expect(filter.feed("[^x^] e") == "[^x^] e")
  }

  @Test func `hold back little of a text that is full of openings`() throws {
    let text = String(repeating: "[^", count: 20_000)
    #expect(try Self.filter(Self.numbers, [text]) == text)
  }
}
