import Testing

@testable import Base

@Suite struct `A pattern` {
  @Test(arguments: [
    ("^a+$", "aaa", true), ("^a+$", "aab", false), ("(?i)HELLO", "say hello", true), ("汉.", "一汉字", true), ("^.$", "😀", true),
    ("^$", "", true),
    ("a\0b", "a\0b", true),
  ])
  func `matches`(pattern: String, subject: String, matches: Bool) throws {
    #expect(try Pattern(pattern).matches(subject) == matches)
  }

  @Test func `gives its named groups`() throws {
    let pattern = try Pattern(#"(?<name>\w+)=(?<value>\d+)(;(?<rest>.*))?"#)
    #expect(pattern.namedGroups(in: "汉 a=12") == ["name": "a", "value": "12"])
    #expect(pattern.namedGroups(in: "a=1;汉字") == ["name": "a", "value": "1", "rest": "汉字"])
    #expect(pattern.namedGroups(in: "none") == nil)
    #expect(pattern.group(in: "x a=12 y") == "a=12")
    #expect(pattern.group(2, in: "x a=12 y") == "12")
    #expect(pattern.group(9, in: "x a=12 y") == nil)
    #expect(try Pattern("(?<a>x)|(?<b>y)").namedGroups(in: "y") == ["b": "y"])
  }

  @Test(arguments: [("(", "byte 1"), ("a)", "byte 1"), ("[z-a]", "byte"), ("\\C", "byte"), ("(?<1>x)", "byte")])
  func `that is wrong is refused with its place`(pattern: String, place: String) throws {
    let fault = try #require(throws: Fault.self) { try Pattern(pattern) }
    #expect(fault.kind == .invalid)
    #expect(fault.message.contains(place), "\(fault.message)")
  }

  @Test(arguments: ["(a+)+$", "(a|aa)+$", "(.*)*b", "^(a|a?)+$"])
  func `stops at its limits`(pattern: String) throws {
    let start = Time.monotonic
    #expect(try !Pattern(pattern).matches(String(repeating: "a", count: 60) + "!"))
    #expect(Time.monotonic - start < 5_000_000_000)
  }

  @Test func `has limits of length`() throws {
    #expect(throws: Fault.self) { try Pattern(String(repeating: "a", count: Pattern.patternLimit + 1)) }
    #expect(try Pattern("b$").matches(String(repeating: "a", count: Pattern.subjectLimit - 1) + "b"))
    #expect(try !Pattern("b$").matches(String(repeating: "a", count: Pattern.subjectLimit) + "b"))
  }
}
