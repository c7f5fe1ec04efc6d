import Base
import Testing

@testable import Wire

@Suite struct `Names of tools` {
  private func names(_ rule: ToolNames.Rule, _ tools: [String]) -> ToolNames {
    var names = ToolNames(rule)
    names.reserve(tools.map { Tool($0, .function(parameters: nil, strict: nil), at: SourcePath("tools")) })
    return names
  }

  @Test(
    arguments: [
      // A name that fits stays, whatever else comes to it; names that don't and come to one get the digits of their hash.
      (.messages, ["a.b", "a:b", "a_b"], ["a_b_2e7336dc", "a_b_6783a31e", "a_b"]),
      (.chat, ["a_b", "a.b"], ["a_b", "a_b_2e7336dc"]), (.chat, ["a.b", "c"], ["a_b", "c"]),
      (.gemini, ["9x", "8x", "a.b"], ["_x", "_x_08d31cf5", "a.b"]),
    ] as [(ToolNames.Rule, [String], [String])])
  func `stay apart when they are changed`(rule: ToolNames.Rule, tools: [String], expected: [String]) {
    var names = names(rule, tools)
    for _ in 1...2 { #expect(tools.map { names.upstream($0) } == expected) }
    for (own, sent) in zip(tools, expected) where own != sent { #expect(names.originals[sent] == own) }
    for own in tools where expected.contains(own) { #expect(names.originals[own] == nil) }
  }
}
