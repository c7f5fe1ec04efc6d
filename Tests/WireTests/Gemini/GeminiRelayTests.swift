import Base
import Testing

@testable import Wire

private func run(_ text: String, form: GeminiStreamForm = .events, endMeansStop: Bool = false, size: Int = .max)
  -> (text: String, relay: GeminiRelay, fault: Fault?)
{
  var relay = GeminiRelay(model: "m", form: form, endMeansStop: endMeansStop)
  var bytes: [UInt8] = []
  let found = fault {
    for frame in try frames(text, size: size) { bytes += try relay.relay(frame) }
    bytes += try relay.end()
  }
  return (String(decoding: bytes, as: UTF8.self), relay, found)
}

private func data(_ json: String) -> String { "data: \(json)\n\n" }
private let hi = data(#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"m"}"#)
private let stop = data(
  #"{"candidates":[{"content":{},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}"#)

@Suite struct `A Gemini relay` {
  @Test(
    arguments: [
      // What needs no change goes through byte by byte, and line ends are line feeds.
      ([hi, stop], [hi, stop]),
      (["data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n"], ["data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n"]),
      // The model's name is the client's; one inside the text is not meant.
      (
        [data(#"{"candidates":[{"content":{"parts":[{"text":"\"modelVersion\":\"x\""}]}}],"modelVersion" : "up","new":1.50}"#), stop],
        [data(#"{"candidates":[{"content":{"parts":[{"text":"\"modelVersion\":\"x\""}]}}],"modelVersion" : "m","new":1.50}"#), stop]
      ),
      // The official client takes nothing but data.
      ([": hello\n\n", "event: x\n", hi, "id: 7\n", stop, "data: [DONE]\n\n"], [hi, stop]),
      (["data:\n\n", "data:{\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n"], [data(#"{"candidates":[{"finishReason":"STOP"}]}"#)]),
      (["data: {\"candidates\":\ndata: [{\"finishReason\":\"STOP\"}]}\n\n"], [data(#"{"candidates": [{"finishReason":"STOP"}]}"#)]),
      // The upstream may send one array.
      ([#"[{"candidates":[{"finishReason":"STOP"}]}"#, "\n]\n"], [data(#"{"candidates":[{"finishReason":"STOP"}]}"#)]),
    ] as [([String], [String])])
  func `changes only what it must, however the bytes are cut`(input: [String], output: [String]) {
    for size in [Int.max, 1, 7] {
      let found = run(input.joined(), size: size)
      #expect(found.fault == nil)
      #expect(found.text == output.joined())
    }
  }

  @Test func `writes one array where the client asked for no events`() throws {
    let found = run(hi + stop, form: .array)
    let list = try JSON.of(found.text)
    #expect(list.count == 2 && list.at("[0].candidates[0].content.parts[0].text") == "Hi")
  }

  @Test func `reads usage and finish on the side`() {
    let found = run(hi + stop)
    #expect(found.relay.usage == Usage(input: 3, output: 2) && found.relay.finishes == [0: .stop] && found.relay.isUseful)
    let call = run(data(#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}"#) + stop)
    #expect(call.relay.finishes == [0: .tool])
    let blocked = run(data(#"{"promptFeedback":{"blockReason":"SAFETY"}}"#))
    #expect(blocked.fault == nil && blocked.relay.finishes == [0: .filter])
  }

  @Test(arguments: [
    (#"{"candidates":[{"content":{"parts":[{"text":""}]}}]}"#, false), (#"{"usageMetadata":{"promptTokenCount":1}}"#, false),
    (#"{"candidates":[{"content":{"parts":[{"text":"a","thought":true}]}}]}"#, true),
    (#"{"candidates":[{"content":{"parts":[{"inlineData":{}}]}}]}"#, true),
  ])
  func `knows useful content`(chunk: String, isUseful: Bool) {
    #expect(run(data(chunk)).relay.isUseful == isUseful)
  }

  @Test(
    arguments: [
      ([hi], .broken), ([], .broken), (["data: [DONE]\n\n"], .broken), ([data("nonsense")], .broken),
      ([hi, data(#"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#)], .overloaded),
      ([data(#"[{"error":{"code":429,"message":"x"}}]"#)], .rateLimited),
      ([data(#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#)], .broken),
      ([data(#"{"candidates":[{"index":1,"content":{"parts":[{"text":"x"}]}}]}"#), stop], .broken),
    ] as [([String], Fault.Kind)])
  func `never calls a broken stream complete`(input: [String], kind: Fault.Kind) {
    #expect(run(input.joined()).fault?.kind == kind)
  }

  @Test func `writes the finish where the bare end means stop`() {
    let found = run(hi, endMeansStop: true)
    #expect(found.text == hi + data(#"{"candidates":[{"index":0,"finishReason":"STOP"}],"modelVersion":"m"}"#))
  }

  @Test func `changes the model's name of a whole body`() throws {
    let body =
      #"{ "candidates":[{"content":{"parts":[{"text":"Hi","thoughtSignature":"S"}]}}],"modelVersion":"up","responseId":"r","usageMetadata":{"promptTokenCount":1}}"#
    let found = try GeminiRelay.whole(Array(body.utf8), model: "m")
    #expect(String(decoding: found.bytes, as: UTF8.self) == body.replacing(#""up""#, with: #""m""#))
    #expect(found.finish == .stop && found.usage?.input == 1)
    for other in [#"{"totalTokens":3}"#, #"{"embedding":{"values":[1]}}"#, #"{"embeddings":[]}"#] {
      #expect(try GeminiRelay.whole(Array(other.utf8), model: "m").bytes == Array(other.utf8))
    }
  }

  @Test(arguments: ["", "<html>", "[]", "{}", #"{"candidates":[{"finishReason":"OTHER"}]}"#, #"{"error":{"message":"x"}}"#])
  func `refuses a whole body that is no reply`(body: String) {
    #expect(throws: Fault.self) { try GeminiRelay.whole(Array(body.utf8), model: "m") }
  }
}
