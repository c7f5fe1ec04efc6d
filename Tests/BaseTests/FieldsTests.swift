import Base
import Testing

@Suite struct `A mapping of settings` {
  private func fields(_ text: String, file: String = "a.yaml") throws -> (Fields, Mistakes) {
    let mistakes = Mistakes()
    return (Fields(Setting(try YAML(parsing: Array(text.utf8), name: file), file: file), into: mistakes), mistakes)
  }

  @Test func `hands out its members with their types`() throws {
    var (fields, mistakes) = try fields(
      "name: x\ncount: 3\non: true\nwait: 1.5s\nshare: 0.5\nwords: [a, b]\nword: c\nmap: {k: v}\nnothing:\n")
    #expect(fields["name"]?.string() == "x")
    #expect(fields["count"]?.int(1...5) == 3)
    #expect(fields["on"]?.bool() == true)
    #expect(fields["wait"]?.duration() == .milliseconds(1500))
    #expect(fields["share"]?.number() == 0.5)
    #expect(fields["words"]?.strings() == ["a", "b"])
    #expect(fields["word"]?.strings() == ["c"])
    #expect(fields["map"]?.entries().first?.field.path == "map.k")
    #expect(fields["nothing"]?.string() == nil)
    #expect(!fields.has("nothing"))
    fields.end()
    #expect(mistakes.all.isEmpty)
  }

  @Test(arguments: [
    // Unknown members: what is near is suggested, a swap of two letters being one slip.
    ("naem: x", "a.yaml:1:7: naem: unknown member; did you mean \"name\"?"),
    ("name: x\ncuont: 1", "a.yaml:2:8: cuont: unknown member; did you mean \"count\"?"),
    ("name: x\n\nwholly-other: 1", "a.yaml:3:15: wholly-other: unknown member"),
    // Wrong types.
    ("name: [x]", "a.yaml:1:7: name: expected a text"),
    ("count: many", "a.yaml:1:8: count: expected a whole number"),
    ("count: \"3\"", "a.yaml:1:8: count: expected a whole number"),
    ("count: 9", "a.yaml:1:8: count: must be 1 to 5"),
    ("on: yes", "a.yaml:1:5: on: expected true or false"),
    ("wait: 5", "a.yaml:1:7: wait: \"5\" is not a duration; write it as 300ms, 1.5s, 5m, 2h or 7d."),
    ("words: {a: b}", "a.yaml:1:8: words: expected a list"),
    ("words: [a, [b]]", "a.yaml:1:12: words[1]: expected a text"),
    ("[1]", "a.yaml:1:1: expected a mapping"),
  ])
  func `reports each mistake with its place`(text: String, mistake: String) throws {
    var (fields, mistakes) = try fields(text)
    _ = fields["name"]?.string()
    _ = fields["count"]?.int(1...5)
    _ = fields["on"]?.bool()
    _ = fields["wait"]?.duration()
    _ = fields["words"]?.strings()
    fields.end()
    #expect(mistakes.all.map(\.description) == [mistake])
  }

  @Test func `reports a missing member and all mistakes at once`() throws {
    var (fields, mistakes) = try fields("a: 1\nb: x")
    #expect(fields.required("name") == nil)
    _ = fields["b"]?.int()
    fields.end()
    #expect(
      mistakes.sorted.map(\.description) == [
        "a.yaml:1:1: \"name\" is missing", "a.yaml:1:4: a: unknown member; did you mean \"b\"?", "a.yaml:2:4: b: expected a whole number",
      ])
  }
}

@Suite struct `A setting laid over another` {
  private func setting(_ text: String, _ file: String) throws -> Setting {
    Setting(try YAML(parsing: Array(text.utf8), name: file), file: file)
  }

  @Test(arguments: [
    // Mappings merge, also deep ones; what is new comes last.
    ("{b: 2}", "{a: 1}", #"{"a":1,"b":2}"#),
    ("{m: {y: 3, z: 4}}", "{m: {x: 1, y: 2}, n: 5}", #"{"m":{"x":1,"y":3,"z":4},"n":5}"#),
    // Lists and scalars replace.
    ("{l: [3]}", "{l: [1, 2]}", #"{"l":[3]}"#),
    ("{s: {a: 1}}", "{s: word}", #"{"s":{"a":1}}"#),
    ("{s: word}", "{s: {a: 1}}", #"{"s":"word"}"#),
    // Members whose forms exclude each other replace as a whole.
    ("{whole: {b: 1}}", "{whole: {a: 1}}", #"{"whole":{"b":1}}"#),
  ])
  func `merges mappings and replaces the rest`(top: String, base: String, merged: String) throws {
    let setting = try setting(top, "top").laid(over: setting(base, "base"), replacing: ["whole"])
    #expect(setting.json.description == merged)
  }

  @Test func `keeps each value's own place`() throws {
    let merged = try setting("m:\n  b: 2", "top").laid(over: setting("x: 1\nm: {a: 1, b: 1}", "base"))
    let (a, b) = try (#require(merged["m"]?["a"]), #require(merged["m"]?["b"]))
    #expect((a.file, a.line, a.column) == ("base", 2, 8))
    #expect((b.file, b.line, b.column) == ("top", 2, 6))
  }
}

@Suite struct `A suggestion` {
  @Test(
    arguments: [
      ("timeuots", "timeouts"), ("base-url", "base_url"), ("Models", "models"), ("model", "models"), ("xyz", nil), ("at", nil),
      (String(repeating: "x", count: 10_000), nil),
    ] as [(String, String?)])
  func `is a word that is a slip away`(word: String, nearest: String?) {
    #expect(Suggestion.nearest(to: word, among: ["auth", "base_url", "models", "timeouts"]) == nearest)
  }
}
