import Testing

@testable import Base

@Suite struct `A JSON scan` {
  @Test(arguments: [
    ("{}", []), (" { } ", []), (#"{"a":1}"#, ["a=1"]),
    (
      #"{"id":"x","choices":[{"delta":{"content":"}],\""}}], "usage" : null }"#,
      ["id=\"x\"", #"choices=[{"delta":{"content":"}],\""}}]"#, "usage=null"]
    ),
    (#"{"a\"b":"\\","c":-1.5e3,"d":true}"#, [#"a\"b="\\""#, "c=-1.5e3", "d=true"]),
    (#"{"名":"汉\"字😀","é":["雨燕}"]}"#, [#"名="汉\"字😀""#, #"é=["雨燕}"]"#]),
    ("{\"a\" : [1, [2]] ,\n\"b\":{}}", ["a=[1, [2]]", "b={}"]),
  ])
  func `finds the members of the top level`(text: String, members: [String]) {
    var found: [String] = []
    let bytes = Array(text.utf8)
    let isObject = JSONScan.members(bytes.span) { name, value in
      found.append(String(decoding: bytes[name], as: UTF8.self) + "=" + String(decoding: bytes[value], as: UTF8.self))
    }
    #expect(isObject)
    #expect(found == members)
  }

  @Test(arguments: [
    "", "[]", "1", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":\"", "{\"a\":\"\\", "{\"a", "{\"a\\", "{\"a\":[1,2",
    "{\"a\":}", "{a:1}",
  ])
  func `refuses what is no object or ends early`(text: String) {
    let bytes = Array(text.utf8)
    #expect(!JSONScan.members(bytes.span) { _, _ in })
  }

  @Test func `never looks behind its part`() {
    let bytes = Array(#"{"a":"b","c":1}"#.utf8)
    for end in bytes.indices {
      var ranges: [Range<Int>] = []
      #expect(!JSONScan.members(bytes.span, in: 0..<end) { name, value in ranges += [name, value] })
      #expect(ranges.allSatisfy { $0.upperBound <= end })
    }
  }

  @Test func `goes into a part`() {
    let bytes = Array(#"{"usage":{"in":12,"out":3}}"#.utf8)
    var output = ""
    _ = JSONScan.members(bytes.span) { name, value in
      guard JSONScan.isEqual(bytes.span, name, "usage") else { return }
      _ = JSONScan.members(bytes.span, in: value) { name, value in
        if JSONScan.isEqual(bytes.span, name, "out") { output = String(decoding: bytes[value], as: UTF8.self) }
      }
    }
    #expect(output == "3")
  }
}
