import Base
import Testing

@testable import Archive

@Suite struct `A search` {
  static let texts = [
    "e1": "The quick brown fox, version 2.5, jumps over foo_bar-baz!",
    "e2": "Quick: a fox and a BROWN dog. naïve Café; O'Reilly's book",
    "z1": "如何训练一个数据库模型？我们使用GPT4来分析数据。",
    "z2": "数 据 分 离; 库存; 据数",
    "j1": "東京タワーへ行きたい。ﾃｽﾄ ＡＢＣ１２",
    "k1": "한국어 검색 시험",
    "h1": #"SELECT * FROM t WHERE x = '%' -- "quoted" NEAR(a b) col:val AND NOT ^start $1 {x}"#,
    "r1": "Привет Мир, Ещё раз",
  ]

  @Test(arguments: Kind.allCases) func `finds what was said`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    let entries = Self.texts.sorted { $0.key < $1.key }.map { Sample($0.key, [("user", $0.value)]).entry }
    try archive.write(entries, spool: "s", positions: [:])
    for (text, found) in Self.table {
      #expect(try archive.search(text).sorted() == found, "\(text)")
    }
  }

  static let table: [(String, [String])] = [
    // Words in any order, in any case, without accents; all must be there.
    ("quick", ["e1", "e2"]), ("FOX brown", ["e1", "e2"]), ("fox dog", ["e2"]), ("fox cat", []), ("qui", []), ("naive cafe", ["e2"]),
    ("CAFÉ", ["e2"]), ("cafe\u{301}", ["e2"]), ("мир привет", ["r1"]), ("ЕЩЁ", ["r1"]),
    // A phrase stands between quotation marks or without spaces; signs only separate.
    ("\"brown fox\"", ["e1"]), ("\"fox brown\"", []), ("foo_bar-baz", ["e1"]), ("foo-bar", ["e1"]), ("bar-foo", []), ("2.5", ["e1"]),
    ("o'reilly", ["e2"]), ("\"brown fox", ["e1"]), ("\"\" fox \"brown dog\"", ["e2"]),
    // Chinese, Japanese and Korean words of any length.
    ("数", ["z1", "z2"]), ("数据", ["z1", "z2"]), ("据数", ["z2"]), ("数据库", ["z1"]), ("数据 模型", ["z1"]), ("模型数据", []),
    ("gpt4", ["z1"]), ("使用GPT4来", ["z1"]), ("GPT", []), ("東京", ["j1"]), ("タワー", ["j1"]), ("ﾃｽﾄ", ["j1"]), ("abc12", ["j1"]), ("검색", ["k1"]),
    ("국", ["k1"]), ("的", []),
    // What looks like a query to a database is words, or nothing.
    ("", []), ("%", []), ("*", []), ("\"", []), ("' OR 1=1 --", []), ("select*", ["h1"]), ("quick*", ["e1", "e2"]), ("NOT start", ["h1"]),
    ("fox OR cat", []),
    ("NEAR(a b)", ["h1"]), ("col:val", ["h1"]), ("quoted\"", ["h1"]), ("a & b | !c", []), ("fox <-> dog", ["e2"]), ("fox:*", ["e1", "e2"]),
    ("\0fox\0dog\0", []), ("\0fox", ["e1", "e2"]), ("^quick {x}", []), ("\\", []), ("$1", ["h1"]), ("\u{1F600}", []), ("\u{301}", []),
    (String(repeating: "fox ", count: 3000), ["e1", "e2"]), (String(repeating: "x", count: 10_000), []),
    (String(repeating: "数", count: 10_000), []), (String(repeating: "\"'", count: 5000), []),
  ]

  /// Some letters take more room in lower case, and every Han character a space.
  @Test(arguments: ["Ⱥ", "Ⱥ ", "数", "İ", "a", " ", "ﾃ", "𠀀", "ⱥȺ", "é", "e\u{301}"]) func `has room for the words of any text`(
    letter: String
  ) {
    let text = String(repeating: letter, count: 1000)
    let words = Words(of: text)
    #expect(words.text.count <= 2 * text.utf8.count + 2)
    #expect(words.list.count == words.count)
    #expect(words.list.allSatisfy { $0.count <= Words.lengthLimit && String(validating: $0, as: UTF8.self) != nil })
  }

  @Test(arguments: Kind.allCases) func `finds what is said anywhere in a long text`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    // Longer than a vector of PostgreSQL, with a phrase over every place where its parts meet.
    let words = (0..<9000).map { "w\($0)" }
    let long = words.joined(separator: " ")
    let hash = String(repeating: "deadbeef", count: 2000)
    try archive.write([Sample("long", [("user", long), ("assistant", "\(hash) end")]).entry], spool: "s", positions: [:])
    for start in [0, 1985, 1999, 2000, 3990, 8968] {
      #expect(try archive.search("\"\(words[start..<start + 32].joined(separator: " "))\"") == ["long"], "\(start)")
    }
    #expect(try archive.search("w1 w8999 end") == ["long"])
    #expect(try archive.search("\"w1 w3\"").isEmpty)
    #expect(try archive.search(hash) == ["long"])
  }

  @Test(arguments: Kind.allCases) func `looks at a hundred thousand words of an exchange`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    let words = String(repeating: "a ", count: Words.limit - 1) + "last beyond"
    try archive.write([Sample("long", [("user", words)]).entry], spool: "s", positions: [:])
    #expect(try archive.search("last") == ["long"])
    #expect(try archive.search("beyond").isEmpty)
  }

  @Test(arguments: Kind.allCases) func `finds the exchange in which something was said, not those that repeat it`(_ kind: Kind) throws {
    let archive = try Place(kind).open()
    try archive.write(session("a", calls: 5), spool: "s", positions: [:])
    #expect(try archive.search("\"result 2\"") == ["a-2"])
    #expect(try archive.search("\"answer 2\"") == ["a-2"])
    // Asked again and answered otherwise: it was said twice.
    let again = session("a", calls: 3).map { entry in
      var entry = entry
      entry.row.record.id += " again"
      return entry
    }
    try archive.write(again, spool: "s", positions: [:])
    #expect(try archive.search("\"result 2\"") == ["a-2 again", "a-2"])
    // A history that is seen for the first time is found there.
    try archive.write([session("b", calls: 9)[8]], spool: "s", positions: [:])
    #expect(try archive.search("\"b result 3\"") == ["b-8"])
  }

  @Test func `finds the same when the index was merged`() throws {
    let archive = try Place(.sqlite).open()
    for number in 0..<20 {
      try archive.write([Sample("r\(number)", [("user", "one of many \(number)")]).entry], spool: "s", positions: [:])
    }
    #expect(try parts(archive) >= 20)
    while try archive.mergeSearch() {}
    #expect(try parts(archive) < 16)
    #expect(try archive.search("\"many 7\"") == ["r7"])
    #expect(try archive.search("one").count == 20)
  }

  private func parts(_ archive: Archive) throws -> Int {
    try archive.database.rows("SELECT count(DISTINCT segid) FROM search_idx")[0].int(0)
  }
}
