import Testing

@testable import Base

@Suite struct `A YAML file` {
  @Test func `becomes a tree that knows its lines`() throws {
    let text = """
      # a comment
      server:
        listen: ["127.0.0.1:8000", '8001']
        limits: {body: 8MiB, connections: 10000}
      text: |
        two
        lines
      """
    let yaml = try YAML(parsing: Array(text.utf8), name: "apus.yaml")
    #expect(yaml["server"]?["limits"]?["body"]?.string == "8MiB")
    #expect(yaml["server"]?["limits"]?["connections"]?.int == 10000)
    #expect(yaml["server"]?["listen"]?.elements.map(\.string) == ["127.0.0.1:8000", "8001"])
    #expect(yaml["text"]?.string == "two\nlines")
    #expect(yaml.members.map(\.key) == ["server", "text"])
    #expect(yaml.members.map(\.line) == [2, 5])
    #expect(yaml["server"]?["limits"]?.line == 4)
    #expect(yaml["server"]?["limits"]?.column == 11)
    #expect(yaml["none"] == nil)
  }

  @Test(arguments: [
    ("null", "null"), ("~", "null"), ("", "null"), ("true", "true"), ("False", "false"), ("yes", "\"yes\""), ("12", "12"), ("+12", "12"),
    ("0o17", "15"), ("0x1F", "31"), ("010", "10"), ("1.5", "1.5"), (".5", "0.5"), ("1e3", "1000.0"), (".inf", "null"), ("0x+1", "\"0x+1\""),
    ("1_000", "\"1_000\""), ("2026-11-24", "\"2026-11-24\""), ("inf", "\"inf\""), ("nan", "\"nan\""), ("'12'", "\"12\""),
    ("\"true\"", "\"true\""), ("12:30", "\"12:30\""), ("-", "[null]"), ("{a: [1, b], c: }", #"{"a":[1,"b"],"c":null}"#),
  ])
  func `types its plain scalars by the core schema`(text: String, json: String) throws {
    #expect(try YAML(parsing: Array(text.utf8), name: "f").json.description == json)
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3", #"f:3:1: duplicate key "a""#), ("a: &x 1", "f:1:4: anchors are not supported"),
    ("a: *x", "f:1:4: aliases are not supported"), ("a: !!str 1", "f:1:4: tags are not supported"),
    ("a: 1\n---\nb: 2", "f:2:1: a file holds one document only"), ("? [a]\n: 1", "f:1:3: a key must be a text"),
    ("a: [1,\nb: 2", "f:3:1: "), ("a:\n\t- 1", "f:2:1: "), ("a: \"\\x\"", "f:1:"), ("a: b: c", "f:1:5: "), ("@", "f:1:1: "),
  ])
  func `is refused with the place and the reason`(text: String, message: String) throws {
    let fault = try #require(throws: Fault.self) { try YAML(parsing: Array(text.utf8), name: "f") }
    #expect(fault.kind == .invalid)
    #expect(fault.message.hasPrefix(message), "\(fault.message)")
  }

  @Test func `is refused above the limits`() throws {
    func message(_ text: String) throws -> String {
      try #require(throws: Fault.self) { try YAML(parsing: Array(text.utf8), name: "f") }.message
    }
    #expect(try message(String(repeating: "[", count: 65)).contains("nested"))
    #expect(try message("[" + String(repeating: "1,", count: 100_000) + "]").contains("100000 values"))
    #expect(try message("a: " + String(repeating: "x", count: 1 << 20)).contains("the limit is 1048576"))
    #expect(throws: Never.self) {
      try YAML(parsing: Array((String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).utf8), name: "f")
    }
  }

  @Test func `that is empty is null`() throws {
    let yaml = try YAML(parsing: Array("# nothing\n".utf8), name: "f")
    #expect(yaml.isNull)
    #expect(yaml.string == nil)
  }
}
