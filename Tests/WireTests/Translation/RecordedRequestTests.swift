import Base
import Testing

@testable import Wire

@Suite struct `A recorded request` {
  private static let user = #"{"role":"user","content":"Hi"}"#

  private static let cases: [(ClientWire, String, [String], [String])] = [
    (.chat, #"{"model":"m","messages":[\#(user)]}"#, [], ["Hi"]),
    // A part, a message, a setting of one vendor.
    (
      .chat, #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"video_url","video_url":{}}]}]}"#,
      ["messages[0].content[1]"], ["Hi"]
    ),
    (.chat, #"{"model":"m","messages":[{"role":"root","content":"x"},\#(user)]}"#, ["messages[0].role", "messages[0]"], ["Hi"]),
    (
      .chat, #"{"model":"m","messages":[\#(user)],"temperature":"hot","response_format":{"type":"xml"}}"#,
      ["temperature", "response_format.type", "response_format"], ["Hi"]
    ),
    (.chat, #"{"model":"m","messages":[\#(user)],"tools":[{"type":"function"}]}"#, ["tools[0]"], ["Hi"]),
    (.responses, #"{"model":"m","input":"Hi","previous_response_id":"resp_1"}"#, ["previous_response_id"], ["Hi"]),
    (.responses, #"{"model":"m","input":[{"type":"compaction","id":"c"},\#(user)]}"#, ["input[0]"], ["Hi"]),
    (.messages, #"{"model":"m","max_tokens":9,"messages":[\#(user)],"thread":{"type":"new"}}"#, ["thread"], ["Hi"]),
    (.completions, #"{"model":"m","prompt":"Hi","echo":true,"logprobs":2}"#, ["echo", "logprobs"], ["Hi"]),
    (
      .gemini, #"{"contents":[{"parts":[{"text":"Hi"},{"newThing":{}},{"text":"!","newThing":{}}]}]}"#,
      ["contents[0].parts[1]", "contents[0].parts[1].newThing"], ["Hi!"]
    ),
  ]

  @Test(arguments: cases)
  func `is what of it can be understood`(wire: ClientWire, body: String, unread: [String], texts: [String]) {
    let request = RecordedRequest(wire, Array(body.utf8), model: "m")
    #expect(request.fault == nil && request.unread == unread)
    #expect(request.chat?.messages.map { $0.text() } == texts && request.chat?.model == "m")
  }

  @Test(arguments: [
    (ClientWire.chat, "{"), (.chat, "[]"), (.chat, "{}"), (.chat, #"{"model":"m","messages":[]}"#),
    (.chat, #"{"model":"m","messages":[{"role":"root"}]}"#),
    (.completions, #"{"model":"m","prompt":[1,2]}"#), (.messages, #"{"model":"m"}"#), (.responses, "7"), (.gemini, "{}"),
  ])
  func `of which nothing can be understood says why`(wire: ClientWire, body: String) {
    let request = RecordedRequest(wire, Array(body.utf8), model: "m")
    #expect(request.chat == nil && request.fault?.kind == .invalid)
  }

  @Test func `is given up where too much would have to be left out`() {
    for (count, isRead) in [(RecordedRequest.mostUnread, true), (RecordedRequest.mostUnread + 1, false)] {
      let parts = String(repeating: #"{"type":"video_url"},"#, count: count)
      let body = #"{"model":"m","messages":[{"role":"user","content":[\#(parts){"type":"text","text":"Hi"}]}]}"#
      let request = RecordedRequest(.chat, Array(body.utf8))
      #expect((request.chat != nil) == isRead && (request.fault == nil) == isRead)
    }
  }

  @Test func `is given up where too much would have to be read`() {
    let body = Array(#"{"model":"m","prompt":"Hi","echo":true}"#.utf8)
    for (limit, isRead) in [(2 * body.count, true), (2 * body.count - 1, false), (0, false)] {
      #expect((RecordedRequest(.completions, body, limit: limit).chat != nil) == isRead)
    }
    #expect(RecordedRequest(.completions, Array(#"{"model":"m","prompt":"Hi"}"#.utf8), limit: 0).chat != nil)
  }
}
