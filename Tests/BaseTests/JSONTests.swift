import Testing

@testable import Base

@Suite struct `A JSON value` {
  let chat: JSON

  init() throws {
    chat = try JSON(parsing: #"{"model":"m","n":3,"choices":[{"delta":{"content":"Hi"}},null],"k\u0065y":true,"n":4}"#)
  }

  @Test func `gives its members and elements`() {
    #expect(chat["model"]?.string == "m")
    #expect(chat["key"]?.bool == true)
    #expect(chat["missing"] == nil)
    #expect(chat["choices"]?[0]?["delta"]?["content"]?.string == "Hi")
    #expect(chat["choices"]?[1]?.isNull == true)
    #expect(chat["choices"]?[2] == nil)
    #expect(chat["choices"]?[-1] == nil)
    #expect(chat["model"]?["x"] == nil)
    #expect(chat.members.map(\.name) == ["model", "n", "choices", "key", "n"])
    #expect(chat.count == 5)
    #expect(chat["choices"]?.count == 2)
    #expect(chat["choices"]?.elements.map(\.kind) == [.object, .null])
    #expect(chat["model"]?.elements.map(\.kind) == [])
  }

  @Test func `gives the last of duplicate members`() {
    #expect(chat["n"]?.int == 4)
  }

  @Test(arguments: [
    ("model", "m"), ("choices[0].delta.content", "Hi"), ("choices[2]", nil), ("choices[x]", nil), ("choices.delta", nil),
    ("model[0]", nil), ("choices[0].none.content", nil), ("choices[0", nil), ("choices[]", nil), ("choices[-1]", nil),
    ("choices[0]..delta", nil),
    ("choices[99999999999999999999]", nil), ("[0]", nil),
  ])
  func `is found by its path`(path: String, found: String?) {
    #expect(chat.at(path)?.string == found)
  }

  @Test func `knows where it stands`() throws {
    let text = #"{"a": [1, "b"] }"#
    let json = try JSON(parsing: text)
    let range = try #require(json.memberRange("a"))
    #expect(range.key == 1..<4)
    #expect(range.value == 6..<14)
    #expect(json["a"]?.range == 6..<14)
    #expect(json["a"].map { String(decoding: $0.bytes, as: UTF8.self) } == #"[1, "b"]"#)
    #expect(json.memberRange("b") == nil)
  }

  @Test(
    arguments: [
      ("0", 0, 0), ("-0", 0, 0), ("42", 42, 42), ("-7", -7, -7), ("9223372036854775807", .max, 9.223372036854775807e18),
      ("-9223372036854775808", .min, -9.223372036854775808e18), ("9223372036854775808", nil, 9.223372036854775808e18),
      ("1.0", nil, 1), ("1e3", nil, 1000), ("0.1", nil, 0.1), ("1e999", nil, nil), ("3e-300", nil, 3e-300),
    ] as [(String, Int?, Double?)])
  func `gives exact numbers`(text: String, int: Int?, double: Double?) throws {
    let json = try JSON(parsing: text)
    #expect(json.int == int)
    #expect(json.double == double)
    #expect(json.numberText == text)
  }

  @Test(arguments: [
    (#""a\n\t\"\\\/""#, "a\n\t\"\\/"), (#""\u0041\u00e9\u6c49""#, "Aé汉"), (#""\ud83d\ude00!""#, "😀!"),
    (#""\ud83d""#, "\u{FFFD}"), (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
    (#""\\u0041""#, "\\u0041"), (#""\b\f\r""#, "\u{8}\u{c}\r"),
  ])
  func `decodes its escapes`(text: String, string: String) throws {
    let json = try JSON(parsing: text)
    #expect(json.string == string)
    #expect(json.bytes == ArraySlice(text.utf8))
  }

  @Test(arguments: [
    (#"{"a":1,"b":[true,null]}"#, #"{ "b":[ true,null ], "a":1 }"#, true), (#""\u0041""#, #""A""#, true), ("1", "1.0", false),
    ("[1,2]", "[2,1]", false), ("[1]", "[1,2]", false), (#"{"a":1}"#, #"{"a":1,"b":2}"#, false), (#"{"a":1}"#, #"{"a":0,"a":1}"#, true),
    (#"{"a":1}"#, #"{"b":1}"#, false), ("null", "false", false), ("true", "false", false), ("\"\"", "null", false),
  ])
  func `equals what means the same`(left: String, right: String, same: Bool) throws {
    #expect(try (JSON(parsing: left) == JSON(parsing: right)) == same)
  }

  @Test func `is made of literals`() throws {
    let json: JSON = ["text": "a\"b\n\u{1}", "n": -3, "x": 0.5, "yes": true, "no": nil, "list": [1, "é", [:], []]]
    #expect(json.description == #"{"text":"a\"b\n\u0001","n":-3,"x":0.5,"yes":true,"no":null,"list":[1,"é",{},[]]}"#)
    #expect(JSON(.infinity as Double).isNull)
    #expect(try json == JSON(parsing: json.description))
    #expect(JSON("\u{1f}\\").string == "\u{1f}\\")
  }

  @Test func `prints itself without white space`() throws {
    #expect(try JSON(parsing: " { \"a\" : [ 1 , 1.50 ] } ").description == #"{"a":[1,1.50]}"#)
  }
}

@Suite struct `A JSON writer` {
  @Test func `puts the commas`() throws {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("a", 1)
    writer.member("b", "x")
    writer.key("c")
    writer.beginArray()
    writer.value(true)
    writer.null()
    writer.beginObject()
    writer.endObject()
    writer.value(2.5)
    writer.endArray()
    try writer.member("d", JSON(parsing: "[1,  2]"))
    writer.member("e", false)
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":1,"b":"x","c":[true,null,{},2.5],"d":[1,  2],"e":false}"#)
  }
}
