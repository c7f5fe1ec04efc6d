import Base
import Testing

@testable import Wire

@Suite struct `Ids of calls` {
  @Test func `fit a Responses client`() throws {
    let id = String(repeating: "x", count: 65)
    let shown = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_" + Digest.hex(Digest.sha256(Array(id.utf8)).prefix(4))
    var encoder = ResponsesReplyEncoder(ReplyContext(model: "m", created: 7))
    let events: [Event] = [.open(Place(0, 0), .call(ToolCall(id: id, name: "f"))), .close(Place(0, 0)), .finish(candidate: 0, .tool), .end]
    let body = try JSON(parsing: encoder.encode(Reply(events)))
    #expect(body["output"]?[0]?["call_id"]?.string == shown)
    #expect(encoder.losses.map(\.description) == ["tool_calls[0].id:renamed"])
  }

  // Those of a Chat client are shorter still; on the same wire they pass.
  @Test func `fit a Chat client`() throws {
    let id = String(repeating: "x", count: 41)
    let shown = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_" + Digest.hex(Digest.sha256(Array(id.utf8)).prefix(4))
    let events: [Event] = [.open(Place(0, 0), .call(ToolCall(id: id, name: "f"))), .close(Place(0, 0)), .finish(candidate: 0, .tool), .end]
    var encoder = ChatReplyEncoder(ReplyContext(model: "m", created: 7))
    #expect(try JSON(parsing: encoder.encode(Reply(events))).at("choices")?[0]?.at("message.tool_calls")?[0]?["id"]?.string == shown)
    #expect(encoder.losses.map(\.description) == ["tool_calls[0].id:renamed"])
    var stream = ChatStreamEncoder(ReplyContext(model: "m", created: 7))
    var bytes: [UInt8] = []
    for event in events { stream.encode(event, into: &bytes) }
    #expect(String(decoding: bytes, as: UTF8.self).contains(shown))
    var same = ChatReplyEncoder(model: "m", created: 7)
    #expect(try JSON(parsing: same.encode(Reply(events))).at("choices")?[0]?.at("message.tool_calls")?[0]?["id"]?.string == id)
  }
}
