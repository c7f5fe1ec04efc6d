import Base
import Testing
import Wire

@testable import Archive

@Suite struct `What a record's bytes mean` {
  private static let request = #"{"model":"fast","messages":[{"role":"user","content":"Hi"}]}"#
  private static let reply =
    #"{"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#
  private static let stream =
    "data: {\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
  private static let cut = "data: {\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"

  /// A reply that passed by path, as the gateway saw it end.
  private static func passed(_ path: String, _ request: String, _ response: String, status: Int = 200) -> Record {
    var record = Record(id: "1", time: 1)
    (record.endpoint, record.path, record.status, record.isComplete) = ("proxy", "/a.example" + path, status, true)
    record.request = Record.Body(Array(request.utf8))
    record.response = Record.Body(Array(response.utf8))
    return record
  }

  private func row(_ record: Record) -> Row { EntryReader(record).entry().row }

  struct Case: Sendable {
    var path = "/v1/chat/completions"
    var request = `What a record's bytes mean`.request
    var response: String
    var status = 200
    // What is read.
    var wire = "openai-chat"
    var model = "fast"
    var served = "up"
    var finish = "stop"
    var isComplete = true
    var error = ""
    var turns = 2
  }

  @Test(arguments: [
    // A wire is known by the end of the path, behind any prefix.
    Case(response: reply), Case(path: "/compatible-mode/v1/chat/completions", response: reply), Case(response: stream),
    Case(
      path: "/v1beta/models/gemini-x:generateContent", request: #"{"contents":[{"parts":[{"text":"Hi"}]}]}"#,
      response: #"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}],"modelVersion":"up"}"#,
      wire: "gemini", model: "gemini-x"),
    Case(
      path: "/anthropic/v1/messages", request: #"{"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#,
      response: #"{"type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"}"#,
      wire: "anthropic"),
    // A vendor that has the model in the path wants none in the body.
    Case(
      path: "/openai/deployments/gpt-x/chat/completions", request: #"{"messages":[{"role":"user","content":"Hi"}]}"#, response: reply,
      model: "gpt-x"),
    // What is no chat has its wire and its model, and no turns.
    Case(path: "/v1/embeddings", request: #"{"model":"fast","input":"Hi"}"#, response: #"{"data":[]}"#, served: "", finish: "", turns: 0),
    Case(path: "/v1/audio/speech", response: "RIFF", wire: "", model: "", served: "", finish: "", turns: 0),
    // What broke off and what failed is never complete, however the connection ended.
    Case(response: cut, finish: "", isComplete: false, error: "broken"),
    Case(response: "", served: "", finish: "", isComplete: false, error: "broken", turns: 1),
    Case(response: "<html>", served: "", finish: "", isComplete: false, error: "broken", turns: 1),
    Case(
      response: #"{"error":{"message":"slow down"}}"#, status: 429, served: "", finish: "", isComplete: false, error: "rate_limited",
      turns: 1),
    Case(
      path: "/v1/files", response: "no", status: 404, wire: "", model: "", served: "", finish: "", isComplete: false, error: "not_found",
      turns: 0),
    // A request that can't be read is kept as bytes.
    Case(request: "{", response: reply, model: "", turns: 0), Case(request: "[1]", response: reply, model: "", turns: 0),
    Case(request: #"{"model":7,"messages":[{"role":"user","content":"Hi"}]}"#, response: reply, model: "", turns: 2),
  ])
  func `is read by path, body and status`(expected: Case) {
    let entry = EntryReader(Self.passed(expected.path, expected.request, expected.response, status: expected.status)).entry()
    let record = entry.row.record
    #expect(record.clientWire == expected.wire)
    #expect(record.model == expected.model)
    #expect(record.modelServed == expected.served)
    #expect(record.finish == expected.finish)
    #expect(record.isComplete == expected.isComplete)
    #expect(record.error == expected.error)
    #expect(entry.turns.count == expected.turns)
    #expect(entry.request?.bytes == Array(expected.request.utf8))
    #expect(entry.response?.bytes == Array(expected.response.utf8))
  }

  @Test func `of what is too long to be kept stays as the gateway saw it end`() {
    var record = Self.passed("/v1/chat/completions", Self.request, Self.cut)
    record.response.isCut = true
    #expect(row(record).record.isComplete)
    #expect(row(record).record.error == "")
  }

  @Test(arguments: ["gzip", "GZIP, identity"])
  func `is read through its coding, and kept with it`(coding: String) throws {
    var record = Self.passed("/v1/chat/completions", Self.request, "")
    record.response = Record.Body(Self.packed, type: "application/json", coding: coding)
    let entry = EntryReader(record).entry()
    #expect(entry.row.record.finish == "stop")
    #expect(entry.row.record.isComplete)
    #expect(entry.response?.bytes == Self.packed)
    #expect(entry.response?.coding == coding)
  }

  /// `{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}` in gzip without packing.
  private static let packed: [UInt8] = {
    let text = Array(#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#.utf8)
    let count = UInt16(text.count)
    var check: UInt32 = 0xFFFF_FFFF
    for byte in text {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ 0xEDB8_8320 : check >> 1 }
    }
    func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    // Source: RFC 1952 §2.3, RFC 1951 §3.2.4.
    let stored = [1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + stored + text + little(~check) + little(UInt32(text.count))
  }()

  @Test(arguments: ["snappy", "gzip"])
  func `in a coding that can't be taken off is left as the gateway saw it`(coding: String) {
    var record = Self.passed("/v1/chat/completions", Self.request, "no such coding")
    record.response.coding = coding
    let entry = EntryReader(record).entry()
    #expect(entry.row.record.isComplete)
    #expect(entry.turns.count == 1)
    #expect(entry.response?.bytes == Array("no such coding".utf8))
  }

  @Test func `is not looked at where only metadata is kept`() {
    var record = Self.passed("/v1/chat/completions", "", "")
    record.keeps = .metadata
    let entry = EntryReader(record).entry()
    #expect(entry.row.record.isComplete)
    #expect(entry.turns.isEmpty && entry.request == nil && entry.response == nil)
  }

  @Test func `on the gateway's own endpoints does not change what the gateway knows`() {
    var record = Self.passed("/v1/chat/completions", Self.request, Self.cut)
    (record.endpoint, record.clientWire, record.model, record.modelServed) = ("chat", "openai-chat", "alias", "other")
    (record.finish, record.isComplete) = ("length", true)
    let row = row(record)
    #expect((row.record.model, row.record.modelServed, row.record.finish) == ("alias", "other", "length"))
    #expect(row.record.isComplete)
  }

  @Test func `tells tools that are offered and tools that are called`() {
    let request =
      #"{"model":"m","messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"a","parameters":{}}}]}"#
    let reply =
      #"{"choices":[{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"a","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#
    let row = row(Self.passed("/v1/chat/completions", request, reply))
    #expect(row.hasTools && row.hasCalls && row.isUnderstood)
    let plain = self.row(Self.passed("/v1/chat/completions", Self.request, Self.reply))
    #expect(!plain.hasTools && !plain.hasCalls && plain.isUnderstood)
  }

  // Whatever comes, the bytes are kept and nothing stops.
  @Test(arguments: [
    String(repeating: "[", count: 100_000), #"{"messages":"# + String(repeating: #"[{"content":"#, count: 5000),
    #"{"model":"\ud800","messages":[]}"#,
    #"{"model":"a","model":"b","messages":[{"role":"user","content":"\u0000"}]}"#, "\u{0}\u{1}\u{2}",
    #"{"messages":[{"role":"user","content":{"a":1}}]}"#,
    #"{"messages":{"role":"user"}}"#, #"{"messages":[null,1,"x",[]],"stream":"yes"}"#,
  ])
  func `may be anything`(text: String) {
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1beta/models/m:generateContent"] {
      let entry = EntryReader(Self.passed(path, text, text)).entry()
      #expect(entry.request?.bytes == Array(text.utf8))
      #expect(!entry.row.record.isComplete)
    }
  }
}

@Suite struct `The pieces that bodies share` {
  private static let long = String(repeating: "x", count: 70)

  @Test(
    arguments: [
      ("{}", []), (#"{"a":"short"}"#, []), ("[1]", []),
      // Long values are pieces, short ones stay.
      (#"{"a":1,"b":"\#(long)"}"#, [#""\#(long)""#]),
      // Of a list each element that is long enough.
      (#"{"m":["\#(long)",1,"\#(long)y"],"n":2}"#, [#""\#(long)""#, #""\#(long)y""#]),
      // A list that is not much longer than one piece is one.
      (#"{"m":["\#(long)",1]}"#, [#"["\#(long)",1]"#]),
      (#"{"o":{"p":["\#(long)","\#(long)"]}}"#, [#"{"p":["\#(long)","\#(long)"]}"#]),
    ] as [(String, [String])])
  func `are its long values`(text: String, pieces: [String]) throws {
    let bytes = Array(text.utf8)
    let ranges = SharedPieces.ranges(in: try JSON(parsing: bytes))
    #expect(ranges.map { String(decoding: bytes[$0], as: UTF8.self) } == pieces)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
  }

  @Test func `stand at their places also behind white space`() throws {
    let text = "\n  {\"a\" : \"\(Self.long)\" }  "
    let bytes = Array(text.utf8)
    let ranges = SharedPieces.ranges(in: try JSON(parsing: bytes))
    #expect(ranges.map { String(decoding: bytes[$0], as: UTF8.self) } == ["\"\(Self.long)\""])
  }
}
