import Base
import Testing

@testable import Wire

@Suite struct `A call to a Responses client` {
  /// Status by name, in the order in which the stream closes the items.
  private func closed(_ events: [Event]) throws -> [String] {
    var encoder = ResponsesStreamEncoder(ReplyContext(model: "m", created: 7))
    var bytes: [UInt8] = []
    for event in events + [.end] { encoder.encode(event, into: &bytes) }
    return try frames(String(decoding: bytes, as: UTF8.self)).compactMap { frame in
      let json = try frame.json()
      guard json["type"]?.string == "response.output_item.done", let item = json["item"] else { return nil }
      return "\(item["name"]?.string ?? "") \(item["status"]?.string ?? "")"
    }
  }

  private func call(_ number: Int, _ name: String, _ arguments: String, _ kind: ToolCall.Kind = .function) -> [Event] {
    let place = Place(0, number)
    return [.open(place, .call(ToolCall(id: name, name: name, kind: kind))), .delta(place, arguments)]
  }

  @Test(
    arguments: [
      // The upstream tells that it was cut only behind the ends of the calls.
      ("{\"x\":1}", "{\"y\"", FinishReason.length, ["f completed", "g incomplete"]),
      ("", "", .length, ["f completed", "g incomplete"]), ("", "", .tool, ["f completed", "g completed"]),
      ("{\"x\":1}", "{\"y\":2}", .length, ["f completed", "g completed"]), ("{\"x\"", "{\"y\":2}", .tool, ["g completed", "f completed"]),
    ] as [(String, String, FinishReason, [String])])
  func `is incomplete when the limit cut it`(first: String, second: String, finish: FinishReason, expected: [String]) throws {
    let one = call(0, "f", first) + [.close(Place(0, 0))]
    let two = call(1, "g", second) + [.close(Place(0, 1))]
    #expect(try closed(one + two + [.finish(candidate: 0, finish)]) == expected)
  }
}
