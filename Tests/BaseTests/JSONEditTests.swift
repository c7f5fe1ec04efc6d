import Testing

@testable import Base

@Suite struct `A JSON edit` {
  /// Some edits of a text, and what must come out.
  struct Case: Sendable {
    let text: String
    let edited: String
    let edits: @Sendable (inout JSONEdit, JSON) throws -> Void
  }

  static let cases = [
    // Nothing is touched but what was named.
    Case(text: #"{ "model" : "a", "n" : 1.0 }"#, edited: #"{ "model" : "b", "n" : 1.0 }"#) { $0.set("model", to: "b", in: $1) },
    Case(text: #"{"a":[1,{"b":2}]}"#, edited: #"{"a":[1,{"b":[]}]}"#) { $0.replace(try #require($1.at("a[1].b")), with: []) },
    Case(text: "[1]", edited: "null") { $0.replace($1, with: nil) },
    // New members go to the end, in the order of the calls.
    Case(text: "{}", edited: #"{"a":1,"b":2}"#) {
      $0.set("a", to: 1, in: $1); $0.set("b", to: 2, in: $1)
    },
    Case(text: "{ }", edited: #"{"a":1 }"#) { $0.set("a", to: 1, in: $1) },
    Case(text: "{\n  \"x\": 0\n}", edited: "{\n  \"x\": 0,\"a\":1,\"b\":2\n}") {
      $0.set("a", to: 1, in: $1); $0.set("b", to: 2, in: $1)
    },
    Case(text: #"{"o":{}}"#, edited: #"{"o":{"in":true},"out":true}"#) {
      $0.set("in", to: true, in: try #require($1["o"])); $0.set("out", to: true, in: $1)
    },
    // The last word counts.
    Case(text: "{}", edited: #"{"a":2}"#) {
      $0.set("a", to: 1, in: $1); $0.set("a", to: 2, in: $1)
    },
    Case(text: #"{"a":0}"#, edited: #"{"a":2}"#) {
      $0.set("a", to: 1, in: $1); $0.set("a", to: 2, in: $1)
    },
    Case(text: #"{"a":0}"#, edited: "{}") {
      $0.set("a", to: 1, in: $1); $0.remove("a", from: $1)
    },
    Case(text: "{}", edited: "{}") {
      $0.set("a", to: 1, in: $1); $0.remove("a", from: $1)
    },
    Case(text: #"{"a":0,"b":1}"#, edited: #"{"b":1,"a":2}"#) {
      $0.remove("a", from: $1); $0.set("a", to: 2, in: $1)
    },
    // Of duplicates the last is set, and all are removed and renamed.
    Case(text: #"{"a":0,"a":1}"#, edited: #"{"a":0,"a":2}"#) { $0.set("a", to: 2, in: $1) },
    Case(text: #"{"a":0,"b":5,"a":1}"#, edited: #"{"b":5}"#) { $0.remove("a", from: $1) },
    Case(text: #"{"a":0,"b":5,"a":1}"#, edited: #"{"c":0,"b":5,"c":1}"#) { $0.rename("a", to: "c", in: $1) },
    // A member goes with its comma.
    Case(text: #"{"a":1, "b":2, "c":3}"#, edited: #"{"b":2, "c":3}"#) { $0.remove("a", from: $1) },
    Case(text: #"{"a":1, "b":2, "c":3}"#, edited: #"{"a":1, "c":3}"#) { $0.remove("b", from: $1) },
    Case(text: #"{"a":1, "b":2, "c":3}"#, edited: #"{"a":1, "b":2}"#) { $0.remove("c", from: $1) },
    Case(text: #"{"a":1, "b":2, "c":3}"#, edited: #"{"c":3}"#) {
      $0.remove("a", from: $1); $0.remove("b", from: $1)
    },
    Case(text: #"{"a":1, "b":2, "c":3}"#, edited: #"{"a":1}"#) {
      $0.remove("b", from: $1); $0.remove("c", from: $1)
    },
    Case(text: #"{ "a":1, "b":2 }"#, edited: "{  }") {
      $0.remove("a", from: $1); $0.remove("b", from: $1)
    },
    Case(text: #"{"a":1,"b":2}"#, edited: #"{"c":3}"#) {
      $0.remove("a", from: $1); $0.remove("b", from: $1); $0.set("c", to: 3, in: $1)
    },
    Case(text: #"{"a":1}"#, edited: #"{"a":1}"#) { $0.remove("b", from: $1) },
    // Names are compared decoded.
    Case(text: #"{"\u0061":1}"#, edited: #"{"\u0061":2}"#) { $0.set("a", to: 2, in: $1) },
    Case(text: #"{"max_tokens":1}"#, edited: #"{"max_completion_tokens":9}"#) {
      $0.rename("max_tokens", to: "max_completion_tokens", in: $1); $0.set("max_completion_tokens", to: 9, in: $1)
    },
  ]

  @Test(arguments: cases.indices)
  func `splices what was edited`(index: Int) throws {
    let example = Self.cases[index]
    let root = try JSON(parsing: example.text)
    var edit = JSONEdit(root)
    try example.edits(&edit, root)
    let bytes = edit.bytes()
    #expect(String(decoding: bytes, as: UTF8.self) == example.edited)
    #expect(throws: Never.self) { try JSON(parsing: bytes) }
  }

  @Test func `of a part gives the part`() throws {
    let part = try #require(try JSON(parsing: #"[0, {"a":1}]"#)[1])
    #expect(String(decoding: JSONEdit(part).bytes(), as: UTF8.self) == #"{"a":1}"#)
    var edit = JSONEdit(part)
    #expect(edit.isEmpty)
    edit.set("b", to: 2, in: part)
    #expect(!edit.isEmpty)
    #expect(String(decoding: edit.bytes(), as: UTF8.self) == #"{"a":1,"b":2}"#)
  }

  @Test func `within another one stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let root = try JSON(parsing: #"{"a":{"b":1}}"#)
      var edit = JSONEdit(root)
      edit.remove("a", from: root)
      edit.set("b", to: 2, in: try #require(root["a"]))
      _ = edit.bytes()
    }
  }
}
