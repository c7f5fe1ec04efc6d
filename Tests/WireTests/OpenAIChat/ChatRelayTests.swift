import Base
import Testing

@testable import Wire

/// What a client gets for the bytes of a stream; the relay for what it saw; the fault that ended it.
private func run(
  _ text: String, showsUsage: Bool = false, endMeansStop: Bool = false, words: [String: FinishReason] = [:], size: Int = .max
) -> (text: String, relay: ChatRelay, fault: Fault?) {
  var relay = ChatRelay(model: "m", showsUsage: showsUsage, finishWords: words, endMeansStop: endMeansStop)
  var stream = EventStream()
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  do throws(Fault) {
    var frames: [Frame] = []
    while !rest.isEmpty {
      try stream.feed(rest.prefix(size), into: &frames)
      rest = rest.dropFirst(size)
    }
    try stream.end(into: &frames)
    for frame in frames { bytes += try relay.relay(frame) }
    bytes += try relay.end()
    return (String(decoding: bytes, as: UTF8.self), relay, nil)
  } catch {
    return (String(decoding: bytes, as: UTF8.self), relay, error)
  }
}

private func data(_ json: String) -> String { "data: \(json)\n\n" }
private let stop = data(#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#)
private let hi = data(#"{"model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#)
private let end = "data: [DONE]\n\n"

@Suite struct `A Chat relay` {
  @Test(
    arguments: [
      // What needs no change goes through byte by byte, comments too.
      ([": hello\n\n", hi, stop, end], [": hello\n\n", hi, stop, end]),
      // The end marker is ours: it comes once, also where the upstream has none.
      ([hi, stop], [hi, stop, end]),
      // The model's name is the client's, whatever white space stands around it; a model inside the content is not meant.
      ([data(#"{"id":"1", "model" : "up\"x","choices":[]}"#), stop], [data(#"{"id":"1", "model" : "m","choices":[]}"#), stop, end]),
      (
        [data(#"{"choices":[{"delta":{"content":"\"model\":\"x\""}}]}"#), stop],
        [data(#"{"choices":[{"delta":{"content":"\"model\":\"x\""}}]}"#), stop, end]
      ),
      // Usage that was not asked for goes: the chunk of its own, and the member in others, wherever it stands.
      ([hi, stop, data(#"{"choices":[],"usage":{"prompt_tokens":1}}"#)], [hi, stop, end]),
      ([data(#"{"usage":{"a":1},"choices":[{"finish_reason":"stop"}]}"#)], [data(#"{"choices":[{"finish_reason":"stop"}]}"#), end]),
      ([data(#"{"choices":[{"finish_reason":"stop"}] , "usage":{}}"#)], [data(#"{"choices":[{"finish_reason":"stop"}] }"#), end]),
      (
        [data(#"{"choices":[{"finish_reason":"stop"}],"usage":null}"#)],
        [data(#"{"choices":[{"finish_reason":"stop"}],"usage":null}"#), end]
      ),
      // Heartbeats vanish, and what is no plain event of the standard is written anew.
      (["data:\n\nevent: ping\ndata: {}\n\n", hi, stop], [hi, stop, end]),
      (
        ["data: {\"choices\":\ndata: [{\"finish_reason\":\"stop\"}]}\n\n"],
        ["data: {\"choices\":\ndata: [{\"finish_reason\":\"stop\"}]}\n\n", end]
      ),
      (
        ["data: {\"model\":\ndata: 1,\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n"],
        [data(#"{"model": "m","choices":[{"finish_reason":"stop"}]}"#), end]
      ),
      ([#"{"choices":[{"finish_reason":"stop"}]}"#, "\n"], [data(#"{"choices":[{"finish_reason":"stop"}]}"#), end]),
      (["event: chunk\n", hi, stop], [hi, stop, end]),
      // An upstream that sends the end marker has said itself that it is done.
      ([hi, end], [hi, end]),
    ] as [([String], [String])])
  func `changes only what it must, however the bytes are cut`(input: [String], output: [String]) {
    for size in [Int.max, 1, 7] {
      let result = run(input.joined(), size: size)
      #expect(result.fault == nil)
      #expect(result.text == output.joined())
    }
  }

  @Test func `hands usage on when the client asked, and reads the last total`() {
    let usage = data(#"{"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9}}"#)
    let running = data(#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#)
    let result = run(running + stop + usage + end, showsUsage: true)
    #expect(result.text == running + stop + usage + end)
    #expect(result.relay.usage == Usage(input: 3, output: 9))
    let inChoice = data(#"{"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":2}}]}"#)
    let moved = run(hi + inChoice, showsUsage: true)
    #expect(moved.text == hi + inChoice + data(#"{"id":"1","model":"m","choices":[],"usage":{"prompt_tokens":2}}"#) + end)
  }

  @Test(arguments: [
    (#"{"role":"assistant","content":""}"#, false), (#"{"content":null,"tool_calls":[]}"#, false), (#"{}"#, false),
    (#"{"content":"a"}"#, true), (#"{"content":[{"type":"text","text":"x"}]}"#, true), (#"{"reasoning_content":"a"}"#, true),
    (#"{"tool_calls":[{"index":0,"id":"a"}]}"#, true), (#"{"refusal":"no"}"#, true),
  ])
  func `knows useful content`(delta: String, isUseful: Bool) {
    #expect(run("data: {\"choices\":[{\"index\":0,\"delta\":\(delta)}]}\n\n").relay.isUseful == isUseful)
  }

  @Test(
    arguments: [
      // Cut off: no finish, a finish for one choice of two, an end marker behind nothing.
      ([hi], .broken), ([end], .broken), ([], .broken),
      ([data(#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#), stop], .broken),
      // Errors in the stream, of any shape.
      ([hi, data(#"{"error":{"message":"busy","code":429}}"#)], .rateLimited),
      ([hi, data(#"{"code":"InvalidApiKey","message":"x"}"#)], .authExpired),
      ([data("nonsense")], .broken), ([data(#"{"choices":["#)], .broken),
      // The upstream gave up before anything came.
      ([data(#"{"choices":[{"index":0,"delta":{},"finish_reason":"network_error"}]}"#)], .broken),
    ] as [([String], Fault.Kind)])
  func `never calls a broken stream complete`(input: [String], kind: Fault.Kind) {
    let result = run(input.joined())
    #expect(result.fault?.kind == kind)
    #expect(!result.text.contains("[DONE]"))
  }

  @Test func `writes the finish where the bare end means stop`() {
    let result = run(hi, endMeansStop: true)
    #expect(result.text == hi + data(#"{"model":"m","choices":[{"index":0,"delta":{},"text":"","finish_reason":"stop"}]}"#) + end)
    #expect(run(": hi\n\n", endMeansStop: true).fault?.kind == .broken)
  }

  @Test func `translates the provider file's finish words`() {
    let result = run(data(#"{"choices":[{"index":2,"finish_reason":"cut"}]}"#), words: ["cut": .length])
    #expect(result.text == data(#"{"choices":[{"index":2,"finish_reason":"length"}]}"#) + end)
    #expect(result.relay.finishes == [2: .length])
  }

  @Test(arguments: [
    (
      #"{"model":"up","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
      3
    ),
    (#"{"object":"list","data":[{"embedding":[0.1],"model":"up"}],"model":"up","usage":{"prompt_tokens":4,"total_tokens":4}}"#, 4),
    (#"{"model":"up","results":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":7}}"#, 7),
  ])
  func `changes the model's name of a whole body`(body: String, total: Int) throws {
    let reply = try ChatRelay.whole(Array(body.utf8), model: "the \"one\"")
    #expect(try JSON(parsing: reply.bytes)["model"]?.string == "the \"one\"")
    #expect(reply.bytes.count == body.utf8.count + 9)
    #expect(reply.usage?.total == total)
  }

  @Test(arguments: [
    // Text in other places, and reasoning under another name. Source: wire-formats §4.
    (#"{"text":"Hi"}"#, "content", "Hi"), (#"{"message":{"content":"Hi"}}"#, "content", "Hi"),
    (#"{"message":{"text":"Hi"}}"#, "content", "Hi"), (#"{"content":[{"type":"text","text":"Hi"}]}"#, "content", "Hi"),
    (#"{"reasoning":"hm"}"#, "reasoning_content", "hm"),
    (#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#, "reasoning_content", "hm"),
  ])
  func `puts odd texts where clients look for them`(delta: String, member: String, text: String) throws {
    let result = run(data(#"{"id":"1","model":"up","choices":[{"index":0,"delta":\#(delta)}]}"#) + stop + end)
    #expect(result.fault == nil)
    #expect(result.text.contains(#""\#(member)":"\#(text)""#))
    #expect(result.text.contains(#""finish_reason":"stop""#) && result.text.hasSuffix(end))
    let body = #"{"id":"1","model":"up","choices":[{"index":0,"message":\#(delta),"finish_reason":"stop"}]}"#
    let whole = try ChatRelay.whole(Array(body.utf8), model: "m")
    let message = try JSON(parsing: whole.bytes).at("choices[0].message")
    #expect(message?[member]?.string == text && whole.finish == .stop)
  }

  @Test(arguments: [
    #"[{"index":0,"type":"function","function":{"name":"f","arguments":"{}"}}]"#,
    #"[{"index":0,"id":"","function":{"name":"f","arguments":"{}"}}]"#, #"[{"function":{"name":"f","arguments":"{}"}}]"#,
  ])
  func `gives calls without an id one`(calls: String) throws {
    let finish = data(#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#)
    let result = run(data(#"{"id":"1","choices":[{"index":0,"delta":{"tool_calls":\#(calls)}}]}"#) + finish + end)
    #expect(result.text.contains(#""id":"call_"#) && result.text.contains(#""finish_reason":"tool_calls""#))
    let body = #"{"id":"1","choices":[{"index":0,"message":{"content":null,"tool_calls":\#(calls)},"finish_reason":"tool_calls"}]}"#
    let whole = try ChatRelay.whole(Array(body.utf8), model: "m")
    #expect(try JSON(parsing: whole.bytes).at("choices[0].message.tool_calls[0].id")?.string?.hasPrefix("call_") == true)
  }

  @Test(arguments: ["", "<html>", "[]", "{}", #"{"choices":["#, #"{"error":{"message":"x"}}"#])
  func `refuses a whole body that is no reply`(body: String) {
    #expect(throws: Fault.self) { try ChatRelay.whole(Array(body.utf8), model: "m") }
  }
}
