import Base
import Testing
@testable import Wire

@Suite struct `A document of patches` {
  static func fold(_ patches: [String], sticky: Bool = true) throws -> (json: String, whole: [Bool]) {
    var rule = PatchRule()
    rule.isSticky = sticky
    var document = PatchDocument(rule)
    var whole: [Bool] = []
    for patch in patches {
      let frame = RecipeFrame(Array(patch.utf8)[...])
      #expect(document.takes(frame))
      whole.append(try document.apply(try #require(frame.json), size: patch.utf8.count))
    }
    return (document.root?.json.description ?? "nothing", whole)
  }

  @Test(
    arguments: [
      // The first is the document; a missing place and operation are those of the patch before.
      ([#"{"v":{"r":{"c":"a"}}}"#, #"{"p":"r/c","o":"APPEND","v":"b"}"#, #"{"v":"c"}"#], #"{"r":{"c":"abc"}}"#),
      // Lists grow; negative positions count from the end; what isn't known is kept.
      (
        [#"{"v":{"f":[{"t":"x"}]}}"#, #"{"p":"f","o":"APPEND","v":[{"t":"y"}]}"#, #"{"p":"f/-1/t","v":"z"}"#],
        #"{"f":[{"t":"x"},{"t":"yz"}]}"#
      ),
      ([#"{"v":{}}"#, #"{"p":"a/b/c","o":"SET","v":1}"#], #"{"a":{"b":{"c":1}}}"#),
      // A batch has a fresh pair of its own, handed from item to item.
      (
        [#"{"v":{"r":{"u":0,"s":"W"}}}"#, #"{"p":"r","o":"BATCH","v":[{"p":"u","v":5},{"p":"t","o":"APPEND","v":"x"},{"v":"y"}]}"#],
        #"{"r":{"u":5,"s":"W","t":"xy"}}"#
      ),
      // Behind a batch a bare list is a batch again, and a plain value a SET.
      (
        [
          #"{"v":{"r":{"s":"W"}}}"#, #"{"p":"r","o":"BATCH","v":[{"p":"q","v":1}]}"#, #"{"v":[{"p":"s","v":"F"}]}"#,
          #"{"p":"r/s","v":"I"}"#,
        ],
        #"{"r":{"s":"I","q":1}}"#
      ),
      // A null grows into a text.
      ([#"{"v":{"c":null}}"#, #"{"p":"c","o":"APPEND","v":"a"}"#], #"{"c":"a"}"#),
      // The words of RFC 6902.
      (
        [
          #"{"v":{"a":[1,2],"b":1}}"#, #"{"p":"/a/-","o":"add","v":3}"#, #"{"p":"/a/0","o":"remove","v":null}"#,
          #"{"p":"/b","o":"replace","v":2}"#,
        ],
        #"{"a":[2,3],"b":2}"#
      ),
      ([#"[{"p":"/a","o":"add","v":1},{"p":"/b","o":"add","v":2}]"#], #"{"a":1,"b":2}"#),
    ] as [([String], String)])
  func `is what the patches make of it`(patches: [String], json: String) throws {
    let result = try Self.fold(patches)
    #expect(result.json == json)
    #expect(result.whole.allSatisfy { $0 })
  }

  @Test(arguments: [
    [#"{"v":{"a":1}}"#, #"{"p":"a","o":"APPEND","v":"x"}"#], [#"{"v":{"a":[]}}"#, #"{"p":"a/3","o":"SET","v":"x"}"#],
    [#"{"v":{"a":1}}"#, #"{"p":"","o":"SET","v":"x"}"#], [#"{"v":{"a":1}}"#, #"{"p":"b","o":"MOVE","v":"x"}"#],
    [#"{"v":"x"}"#],
  ])
  func `tells of a patch without a place`(patches: [String]) throws {
    #expect(try Self.fold(patches).whole.last == false)
  }

  @Test func `takes nothing over where the rule says so`() throws {
    let result = try Self.fold([#"{"v":{"a":"x"}}"#, #"{"p":"a","o":"APPEND","v":"y"}"#, #"{"p":"a","v":"z"}"#], sticky: false)
    #expect(result.json == #"{"a":"z"}"#)
  }

  @Test func `has limits on values and bytes`() throws {
    var document = PatchDocument(PatchRule())
    let many = try JSON(parsing: "{\"v\":[\(String(repeating: "0,", count: PatchDocument.valueLimit))0]}")
    #expect(throws: Fault.self) { try document.apply(many, size: 1) }
    var other = PatchDocument(PatchRule())
    #expect(throws: Fault.self) { try other.apply([:], size: PatchDocument.byteLimit + 1) }
  }

  @Test func `gives a text that was replaced only what it grew by`() throws {
    let yaml = "{framing: ndjson, assemble: {patch: {}}, emit: [{to: text, path: c}], finish: [{when: {s: 1}}]}"
    let lines =
      #"{"v":{"c":"ab"}}"# + "\n" + #"{"p":"c","o":"SET","v":"abc"}"# + "\n" + #"{"v":"xyz"}"# + "\n" + #"{"o":"APPEND","v":"d"}"# + "\n"
      + #"{"p":"s","o":"SET","v":1}"# + "\n"
    #expect(try RecipeReading.read(yaml, lines: lines).text == "abcd")
  }

  @Test(
    arguments: [
      (#"{"p":"","o":"SET","v":{"r":{"f":[{"t":"x","c":"abc"}]}}}"#, "abc"),
      (#"{"p":"r/f","o":"SET","v":[{"t":"x","c":"abc"},{"t":"x","c":"d"}]}"#, "abcd"),
      (#"{"p":"r/f/0","o":"SET","v":{"t":"x","c":"a"}}"#, "ab"),
      // Something else in the same place.
      (#"{"p":"r/f","o":"SET","v":[{"t":"x","c":"other"}]}"#, "abother"),
    ])
  func `gives what grew in a container that was replaced`(patch: String, text: String) throws {
    let yaml = "{framing: ndjson, assemble: {patch: {}}, emit: [{to: text, each: 'r.f[*]', path: c}], finish: [{when: {s: 1}}]}"
    let lines = #"{"v":{"r":{"f":[{"t":"x","c":"ab"}]}}}"# + "\n" + patch + "\n" + #"{"p":"s","o":"SET","v":1}"# + "\n"
    #expect(try RecipeReading.read(yaml, lines: lines).text == text)
  }
}
