import Testing

@testable import Datasets

@Suite struct `The first place of letters` {
  @Test func `is found wherever it stands`() {
    func found(_ text: String) -> String? { text.firstPlace(of: "</think>").map { String(text[$0.lowerBound...]) } }
    #expect(found("</think>") == "</think>")
    #expect(found("深思</think>熟虑</think>") == "</think>熟虑</think>")
    #expect(found("<</</t</thin</think") == nil)
    #expect(found("<</think>") == "</think>")
    #expect(found("x </think>") == "</think>")
    #expect(found("") == nil)
  }

  @Test func `may be that of one letter of several bytes`() {
    #expect("a\u{FFFC}\u{FFFD}".firstPlace(of: "\u{FFFD}") != nil)
    #expect("a\u{FFFC}\u{FFFE}".firstPlace(of: "\u{FFFD}") == nil)
  }
}
