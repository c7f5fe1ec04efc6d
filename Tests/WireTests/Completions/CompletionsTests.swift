import Base
import Testing

@testable import Wire

private func decode(_ members: String) throws -> Chat {
  try CompletionsRequest.decode(JSON(parsing: #"{"model":"m",\#(members)}"#))
}

private func stream(_ events: [Event], showsUsage: Bool = false) throws -> (chunks: [JSON], losses: [String], text: String) {
  var encoder = CompletionsStreamEncoder(ReplyContext(model: "m", id: "cmpl-1", created: 7, showsUsage: showsUsage))
  var bytes: [UInt8] = []
  for event in events { encoder.encode(event, into: &bytes) }
  let text = String(decoding: bytes, as: UTF8.self)
  let chunks = try text.split(separator: "\n\n").map { String($0.dropFirst(6)) }.filter { $0 != "[DONE]" }.map { try JSON(parsing: $0) }
  return (chunks, encoder.losses.map(\.description), text)
}

private let place = Place(0, 0)
private let hi: [Event] = [.start(ReplyHead(id: "up")), .candidate(0), .open(place, .text("")), .delta(place, "hi"), .close(place)]

@Suite struct `A request of the legacy completions` {
  @Test func `is a chat of one message`() throws {
    let chat = try decode(#""prompt":"Say hi","stop":["\n"],"temperature":0,"echo":false,"best_of":1,"suffix":"","stream":true,"user":"u""#)
    #expect(chat.messages.count == 1 && chat.messages.first?.role == .user && chat.messages.first?.text() == "Say hi")
    #expect(chat.messages.first?.contents.first?.path.text() == "prompt")
    #expect(chat.settings.maxTokens == 16 && chat.settings.stop == ["\n"] && chat.settings.temperature == 0 && chat.settings.user == "u")
    #expect(chat.isStream && !chat.wantsUsage && chat.extra.isEmpty && chat.losses.isEmpty)
    #expect(try decode(#""prompt":["one"],"max_tokens":3,"n":2"#).settings.maxTokens == 3)
    #expect(try decode(#""prompt":"p","x":1"#).extra.map(\.path) == ["x"])
  }

  @Test func `goes up as a Chat body`() throws {
    let target = TargetModel(name: "up", dialect: .openai, capabilities: Capabilities(wire: .openaiChat))
    let encoded = try ChatRequest.encode(decode(#""prompt":"p","x":1"#), for: target)
    #expect(
      try JSON(parsing: encoded.body) == ["model": "up", "messages": [["role": "user", "content": "p"]], "max_completion_tokens": 16])
    #expect(encoded.losses == [Loss("x", .dropped)])
  }

  @Test(arguments: [
    (#""prompt":["a","b"]"#, "unsupported_parameter", "prompt"), (#""prompt":[1,2]"#, "unsupported_parameter", "prompt"),
    (#""prompt":[[1]]"#, "unsupported_parameter", "prompt"), (#""prompt":"p","echo":true"#, "unsupported_parameter", "echo"),
    (#""prompt":"p","suffix":"s""#, "unsupported_parameter", "suffix"), (#""prompt":"p","best_of":2"#, "unsupported_parameter", "best_of"),
    (#""prompt":"p","logprobs":0"#, "unsupported_parameter", "logprobs"), (#""prompt":7"#, "invalid_type", "prompt"),
    (#""x":7"#, "missing_required_field", "prompt"), (#""prompt":"p","stop":[1]"#, "invalid_type", "stop[0]"),
  ])
  func `is refused for what a chat can't do`(members: String, code: String, param: String) {
    let fault = #expect(throws: Fault.self) { try decode(members) }
    #expect(fault?.code == code && fault?.param == param)
  }
}

@Suite struct `A reply in the legacy completions` {
  @Test(
    arguments: [
      (.stop, "stop", []), (.length, "length", []), (.contextWindow, "length", []), (.filter, "content_filter", []),
      (.tool, "stop", ["finish_reason:downgraded"]), (.pause, "stop", ["stop_reason:downgraded"]),
    ] as [(FinishReason, String, [String])])
  func `ends with their words`(reason: FinishReason, word: String, losses: [String]) throws {
    let events = hi + [.finish(candidate: 0, reason), .usage(Usage(input: 2, output: 1)), .end]
    let (chunks, found, text) = try stream(events)
    #expect(
      chunks.map { $0["choices"] ?? .null } == [
        [["index": 0, "text": "hi", "logprobs": nil, "finish_reason": nil]],
        [["index": 0, "text": "", "logprobs": nil, "finish_reason": JSON(word)]],
      ])
    #expect(chunks.allSatisfy { $0["id"] == "cmpl-1" && $0["object"] == "text_completion" && $0["created"] == 7 && $0["model"] == "m" })
    #expect(text.hasSuffix("data: [DONE]\n\n") && found == losses)
    var encoder = CompletionsReplyEncoder(ReplyContext(model: "m", id: "cmpl-1", created: 7))
    let whole = try JSON(parsing: encoder.encode(Reply(events)))
    #expect(whole.at("choices[0]") == ["index": 0, "text": "hi", "logprobs": nil, "finish_reason": JSON(word)])
    #expect(whole.at("usage.total_tokens") == 3 && whole["object"] == "text_completion" && encoder.losses.map(\.description) == losses)
  }

  @Test func `tells usage to those who asked`() throws {
    let end: [Event] = [.finish(candidate: 0, .stop), .end]
    let (chunks, losses, _) = try stream(hi + end, showsUsage: true)
    #expect(chunks.last?["choices"] == [] && chunks.last?.at("usage.total_tokens") == 0 && losses == ["usage:synthesized"])
    #expect(chunks.first?["usage"]?.isNull == true)
  }

  @Test func `has text alone`() throws {
    let other = Place(0, 1)
    let more: [Event] = [
      .open(other, .call(ToolCall(id: "a", name: "f"))), .delta(other, "{}"), .close(other), .open(Place(0, 2), .refusal("no")),
      .open(Place(0, 3), .reasoning(Reasoning("hm"))), .delta(Place(0, 3), "hm"), .finish(candidate: 0, .tool), .end,
    ]
    let (chunks, losses, _) = try stream(hi + more)
    #expect(chunks.compactMap { $0.at("choices[0].text")?.string }.joined() == "hino")
    #expect(losses == ["content[1]:dropped", "content[3]:dropped", "finish_reason:downgraded"])
    var encoder = CompletionsReplyEncoder(ReplyContext(model: "m", created: 7))
    let whole = try JSON(parsing: encoder.encode(Reply(hi + more)))
    #expect(whole.at("choices[0].text") == "hino" && encoder.losses.map(\.description) == losses)
    #expect(whole["id"]?.string?.hasPrefix("cmpl-") == true)
  }

  @Test func `that broke off has no end`() throws {
    let (chunks, _, text) = try stream(hi + [.finish(candidate: 0, .stop)])
    #expect(chunks.allSatisfy { $0.at("choices[0].finish_reason")?.isNull == true } && !text.contains("[DONE]"))
  }
}
