import Testing

@testable import Base

@Suite struct `JSON texts` {
  @Test(arguments: [
    "{}", "[]", "0", "-0", "1.5e+10", "-12.25E-3", "\"\"", "true", "false", "null", " \t\r\n[1 , 2]\n",
    #"{"a":{"b":[1,{"c":null}]},"a":2}"#, #""\u00e9\ud83d\ude00\/\\\"\b\f\n\r\t""#, #""\ud800""#, "\"é汉😀\u{7f}\"",
    "[[],{},[{}]]", "\"0123456789abcdef0123456789\"",
  ])
  func `that are right keep every byte`(text: String) throws {
    let json = try JSON(parsing: text)
    #expect(json.source == Array(text.utf8))
  }

  @Test(arguments: [
    // Structure.
    ("", "line 1, column 1"), ("  ", "column 3"), ("[1,]", "column 4"), ("{\"a\":1,}", "column 8"), ("[1 2]", "column 4"),
    ("[1", "column 3"), ("{\"a\"}", "column 5"), ("{\"a\":}", "column 6"), ("{a:1}", "column 2"), ("{'a':1}", "column 2"),
    ("[1]]", "column 4"), ("[}", "column 2"), ("{]", "column 2"), ("[1}", "column 3"), ("{\"a\":1]", "column 7"),
    ("1 2", "column 3"), ("[,1]", "column 2"), ("[1]x", "column 4"), ("/**/1", "column 1"),
    // Words.
    ("nul", "column 1"), ("True", "column 1"), ("NaN", "column 1"), ("Infinity", "column 1"), ("truex", "column 5"),
    // Numbers.
    ("01", "column 1"), ("-01", "column 2"), ("+1", "column 1"), ("1.", "column 3"), (".5", "column 1"), ("-", "column 2"),
    ("1e", "column 3"), ("1e+", "column 4"), ("0x10", "column 2"), ("1.e1", "column 3"),
    // Strings.
    ("\"a", "column 3"), ("\"\\x\"", "column 2"), ("\"\\u12g4\"", "column 2"), ("\"\\u12", "column 2"), ("\"a\nb\"", "column 3"),
    ("\"\\", "column 2"), ("\"tab\there\"", "column 5"), ("\"\u{0}\"", "column 2"),
    // Columns count characters, lines count line feeds.
    ("[\"汉字é😀\" 1]", "line 1, column 9"), ("{\n  \"a\": 1,\n  b\n}", "line 3, column 3"), ("[\n\n", "line 3, column 1"),
  ])
  func `that are wrong are refused where they go wrong`(text: String, place: String) throws {
    let fault = try #require(throws: Fault.self) { try JSON(parsing: text) }
    #expect(fault.kind == .invalid)
    #expect(fault.code == "invalid_json")
    #expect(fault.message.contains(place), "\(fault.message)")
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func `that are not UTF-8 are refused`(bytes: [UInt8]) {
    #expect(throws: Fault.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
    #expect(throws: Fault.self) { try JSON(parsing: Array("\"abcdefgh".utf8) + bytes + Array("ijklmnopq\"".utf8)) }
    #expect(throws: Fault.self) { try JSON(parsing: Array("\"汉字é😀".utf8) + bytes + Array("汉\"".utf8)) }
  }

  @Test func `that begin with a byte order mark are refused`() throws {
    let fault = try #require(throws: Fault.self) { try JSON(parsing: [0xEF, 0xBB, 0xBF, 0x31]) }
    #expect(fault.message.contains("byte order mark"))
  }

  @Test func `are refused above the limits`() throws {
    let limits = JSON.Limits(bytes: 10, depth: 3)
    #expect(try JSON(parsing: Array("[[[1]]]   ".utf8), limits: limits).count == 1)
    #expect(throws: Fault.self) { try JSON(parsing: Array("[[[1]]]    ".utf8), limits: limits) }
    #expect(throws: Fault.self) { try JSON(parsing: Array("[[[[1]]]]".utf8), limits: limits) }
    let deep = Array(repeating: UInt8(ascii: "["), count: 1_000_000)
    let fault = try #require(throws: Fault.self) { try JSON(parsing: deep) }
    #expect(fault.message.contains("nested"))
  }

  @Test func `with a special byte at any place are read the same`() throws {
    for length in 0..<40 {
      for place in 0...length {
        let plain = String(repeating: "x", count: place)
        let rest = String(repeating: "y", count: length - place)
        #expect(try JSON(parsing: "[\"\(plain)é\(rest)\"]")[0]?.string == plain + "é" + rest)
        #expect(try JSON(parsing: "[\"\(plain)\\n\(rest)\"]")[0]?.string == plain + "\n" + rest)
        #expect(throws: Fault.self) { try JSON(parsing: "[\"\(plain)\u{1f}\(rest)\"]") }
      }
    }
  }
}
