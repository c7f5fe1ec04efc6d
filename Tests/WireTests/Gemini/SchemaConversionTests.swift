import Base
import Testing

@testable import Wire

/// A schema, what becomes of it, and whether that says less.
private struct Downward: Sendable {
  let schema: String
  let expected: String
  let isChanged: Bool

  init(_ schema: String, _ expected: String, _ isChanged: Bool = true) {
    (self.schema, self.expected, self.isChanged) = (schema, expected, isChanged)
  }

  static let plain: [Downward] = [
    // Types in capitals alone change nothing.
    Downward(
      #"{"type":"object","properties":{"city":{"type":"string","description":"d","minLength":1,"format":"date"}},"required":["city"]}"#,
      #"{"type":"OBJECT","properties":{"city":{"type":"STRING","description":"d","minLength":1,"format":"date"}},"required":["city"]}"#,
      false),
    Downward(#"{"type":"string","enum":["a","b"],"$schema":"x"}"#, #"{"type":"STRING","enum":["a","b"]}"#, false),
    // Null.
    Downward(#"{"type":["string","null"]}"#, #"{"type":"STRING","nullable":true}"#),
    Downward(
      #"{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}],"title":"T"}"#,
      #"{"title":"T","nullable":true,"type":"INTEGER","minimum":1}"#),
    Downward(#"{"type":["string","integer"]}"#, #"{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]}"#),
    Downward(#"{"enum":["a",null]}"#, #"{"type":"STRING","enum":["a"],"nullable":true}"#),
    // Constants and lists of values: texts only.
    Downward(#"{"const":"x"}"#, #"{"type":"STRING","enum":["x"]}"#),
    Downward(#"{"type":"integer","const":5}"#, #"{"type":"STRING","enum":["5"]}"#),
    Downward(#"{"type":"integer","enum":[1,2]}"#, #"{"type":"INTEGER"}"#), Downward(#"{"enum":[1.5]}"#, #"{"type":"NUMBER"}"#),
    // Choices.
    Downward(
      #"{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}"#,
      #"{"anyOf":[{"type":"STRING"},{"type":"ARRAY","items":{"type":"STRING"}}]}"#),
    // What has no place goes.
    Downward(
      #"{"type":"object","additionalProperties":false,"patternProperties":{},"properties":{"u":{"type":"string","format":"uuid"}}}"#,
      #"{"type":"OBJECT","properties":{"u":{"type":"STRING"}}}"#),
  ]

  static let references: [Downward] = [
    Downward(
      ##"{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"$ref":"#/$defs/B"}],"type":"object","$defs":{"B":{"properties":{"b":{"type":"integer"}},"required":["b"]}}}"##,
      #"{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"INTEGER"}},"required":["a","b"]}"#),
    Downward(
      ##"{"properties":{"a":{"$ref":"#/definitions/A~1B","description":"own"}},"definitions":{"A/B":{"type":"string","description":"theirs"}}}"##,
      #"{"type":"OBJECT","properties":{"a":{"type":"STRING","description":"own"}}}"#),
    // Those that lead back are cut, and so are those that lead elsewhere.
    Downward(
      ##"{"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}}}}}"##,
      #"{"type":"OBJECT","properties":{"next":{"type":"OBJECT"}}}"#),
    Downward(
      ##"{"type":"object","properties":{"me":{"$ref":"#"}}}"##,
      #"{"type":"OBJECT","properties":{"me":{"type":"OBJECT","properties":{"me":{"type":"OBJECT"}}}}}"#),
    Downward(#"{"items":{"$ref":"https://a.example/x"}}"#, #"{"type":"ARRAY","items":{"type":"OBJECT"}}"#),
  ]
}

/// A schema of the OpenAPI form, what becomes of it, and the reports.
private let upward: [(String, String, [String])] = [
  (
    #"{"type":"OBJECT","properties":{"n":{"type":"STRING","nullable":true},"type":{"type":"INTEGER"}},"required":["n"]}"#,
    #"{"type":"object","properties":{"n":{"type":["string","null"]},"type":{"type":"integer"}},"required":["n"]}"#, []
  ),
  (
    #"{"type":"OBJECT","properties":{"a":{"type":"OBJECT","property_ordering":["x"]}},"propertyOrdering":["a"]}"#,
    #"{"type":"object","properties":{"a":{"type":"object"}}}"#,
    ["s.properties.a.property_ordering:dropped", "s.propertyOrdering:dropped"]
  ),
  (
    #"{"type":"ARRAY","items":{"type":"NUMBER","example":1},"minItems":"2","max_items":3}"#,
    #"{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":3}"#, []
  ),
  (
    #"{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}],"nullable":true}"#,
    #"{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}"#, []
  ),
  (#"{"type":"TYPE_UNSPECIFIED","description":"d"}"#, #"{"description":"d"}"#, []),
  // JSON Schema comes out as it went in.
  (
    #"{"type":["string","null"],"enum":["a",null],"$defs":{"a_b":{"type":"string"}}}"#,
    #"{"type":["string","null"],"enum":["a",null],"$defs":{"a_b":{"type":"string"}}}"#, []
  ),
]

@Suite struct `A schema` {
  @Test(arguments: upward)
  func `of the OpenAPI form becomes a JSON Schema`(schema: String, expected: String, losses: [String]) throws {
    var found: [Loss] = []
    #expect(try SchemaConversion.jsonSchema(fromOpenAPI: .of(schema), at: "s", &found) == .of(expected))
    #expect(found.map(\.description) == losses)
  }

  @Test(arguments: Downward.plain + Downward.references)
  fileprivate func `becomes the OpenAPI form`(test: Downward) throws {
    let found = try SchemaConversion.openAPI(.of(test.schema))
    #expect(try found.schema == .of(test.expected), "\(found.schema)")
    #expect(found.isChanged == test.isChanged)
  }

  @Test func `does not grow without bounds`() throws {
    var levels: [(String, JSON)] = [("L40", ["type": "string"])]
    for level in 0..<40 {
      let next: JSON = ["$ref": JSON("#/$defs/L\(level + 1)")]
      levels.append(("L\(level)", ["type": "object", "properties": ["a": next, "b": next]]))
    }
    let found = SchemaConversion.openAPI(["$ref": "#/$defs/L0", "$defs": .object(levels)])
    #expect(found.isChanged && found.schema.bytes.count < 2_000_000)
  }

  @Test func `is closed in all its objects`() throws {
    let schema =
      #"{"type":"object","properties":{"a":{"type":"array","items":{"properties":{}}},"b":{"type":"object","additionalProperties":true}},"$defs":{"c":{"anyOf":[{"type":["object","null"]}]}}}"#
    let expected =
      #"{"type":"object","properties":{"a":{"type":"array","items":{"properties":{},"additionalProperties":false}},"b":{"type":"object","additionalProperties":true}},"$defs":{"c":{"anyOf":[{"type":["object","null"],"additionalProperties":false}]}},"additionalProperties":false}"#
    #expect(try SchemaConversion.closed(.of(schema)) == .of(expected))
  }
}
