import Base
import Testing

@testable import Wire

private let request: JSON = [
  "model": "m", "input": "x", "instructions": "I", "temperature": 0.5, "tool_choice": "required", "parallel_tool_calls": false,
  "tools": [["type": "function", "name": "f", "parameters": [:], "strict": nil]], "store": true, "previous_response_id": "r",
]

private func context(_ request: JSON? = nil) -> ReplyContext { ReplyContext(model: "m", id: "resp_1", created: 7, request: request) }

/// What a stream's events make: names in order, and data.
private struct Sent {
  var events: [JSON] = []
  var losses: [Loss] = []

  init(_ events: [Event], request: JSON? = nil, fault: Fault? = nil) throws {
    var encoder = ResponsesStreamEncoder(context(request))
    var bytes: [UInt8] = []
    for event in events { encoder.encode(event, into: &bytes) }
    if let fault { encoder.fail(fault, into: &bytes) }
    losses = encoder.losses
    var stream = EventStream(.standard)
    var frames: [Frame] = []
    try stream.feed(bytes[...], into: &frames)
    for frame in frames {
      let json = try frame.json()
      #expect(frame.event == json["type"]?.string && json["sequence_number"]?.int == self.events.count)
      self.events.append(json)
    }
  }

  /// The events in short: name, place in the output, and what they bring.
  var lines: [String] { events.dropFirst(2).map(Self.line) }

  private static func line(_ event: JSON) -> String {
    var line = String((event["type"]?.string ?? "").dropFirst("response.".count))
    if let index = event["output_index"]?.int { line += " \(index)" }
    if let index = (event["content_index"] ?? event["summary_index"])?.int { line += ".\(index)" }
    for name in ["delta", "text", "refusal", "arguments", "input"] {
      if let text = event[name]?.string { line += " \(text)" }
    }
    if let item = event["item"] { line += " \(item["type"]?.string ?? "") \(item["status"]?.string ?? "-")" }
    return line
  }

  var response: JSON { events.last?["response"] ?? .null }
}

private func text(_ number: Int, _ pieces: String...) -> [Event] {
  let place = Place(0, number)
  return [.open(place, .text(""))] + pieces.map { .delta(place, $0) } + [.close(place)]
}

private func thought(_ number: Int, _ text: String, _ signature: Signature? = nil) -> [Event] {
  let place = Place(0, number)
  var events: [Event] = [.open(place, .reasoning(Reasoning()))]
  if !text.isEmpty { events.append(.delta(place, text)) }
  if let signature { events.append(.signature(place, signature)) }
  return events + [.close(place)]
}

private func call(_ number: Int, _ arguments: String, _ kind: ToolCall.Kind = .function, signature: Signature? = nil) -> [Event] {
  let place = Place(0, number)
  let call = ToolCall(id: "c\(number)", name: "f", kind: kind, signature: signature)
  return [.open(place, .call(call))] + (arguments.isEmpty ? [] : [.delta(place, arguments)]) + [.close(place)]
}

private func finish(_ reason: FinishReason) -> [Event] { [.finish(candidate: 0, reason), .end] }

@Suite struct `A Responses client's stream` {
  @Test(
    arguments: [
      (
        text(0, "Hel", "lo") + finish(.stop),
        [
          "output_item.added 0 message in_progress", "content_part.added 0.0", "output_text.delta 0.0 Hel", "output_text.delta 0.0 lo",
          "output_text.done 0.0 Hello", "content_part.done 0.0", "output_item.done 0 message completed", "completed",
        ]
      ),
      // A thought, then a call.
      (
        thought(0, "hm", Signature(.anthropic, "s")) + call(1, "{}") + finish(.tool),
        [
          "output_item.added 0 reasoning in_progress", "reasoning_summary_part.added 0.0", "reasoning_summary_text.delta 0.0 hm",
          "reasoning_summary_text.done 0.0 hm", "reasoning_summary_part.done 0.0", "output_item.done 0 reasoning completed",
          "output_item.added 1 function_call in_progress", "function_call_arguments.delta 1 {}", "function_call_arguments.done 1 {}",
          "output_item.done 1 function_call completed", "completed",
        ]
      ),
      // A call without arguments says {}; free text stays as it is.
      (
        call(0, "") + call(1, "", .freeform) + call(2, "a b", .freeform) + finish(.tool),
        [
          "output_item.added 0 function_call in_progress", "function_call_arguments.delta 0 {}", "function_call_arguments.done 0 {}",
          "output_item.done 0 function_call completed", "output_item.added 1 custom_tool_call -", "custom_tool_call_input.done 1 ",
          "output_item.done 1 custom_tool_call -", "output_item.added 2 custom_tool_call -", "custom_tool_call_input.delta 2 a b",
          "custom_tool_call_input.done 2 a b", "output_item.done 2 custom_tool_call -", "completed",
        ]
      ),
      // A run of texts is one message; a refusal is one of its own.
      (
        text(0, "a") + text(1, "b") + [.open(Place(0, 2), .refusal("no")), .close(Place(0, 2))] + finish(.filter),
        [
          "output_item.added 0 message in_progress", "content_part.added 0.0", "output_text.delta 0.0 a", "output_text.done 0.0 a",
          "content_part.done 0.0", "content_part.added 0.1", "output_text.delta 0.1 b", "output_text.done 0.1 b", "content_part.done 0.1",
          "output_item.done 0 message completed", "output_item.added 1 message in_progress", "content_part.added 1.0",
          "refusal.delta 1.0 no", "refusal.done 1.0 no", "content_part.done 1.0", "output_item.done 1 message incomplete", "incomplete",
        ]
      ),
      // Reasoning behind text, and text behind that, are items of their own.
      (
        text(0, "a") + thought(1, "b") + text(2, "c") + finish(.stop),
        [
          "output_item.added 0 message in_progress", "content_part.added 0.0", "output_text.delta 0.0 a", "output_text.done 0.0 a",
          "content_part.done 0.0", "output_item.done 0 message completed", "output_item.added 1 reasoning in_progress",
          "reasoning_summary_part.added 1.0", "reasoning_summary_text.delta 1.0 b", "reasoning_summary_text.done 1.0 b",
          "reasoning_summary_part.done 1.0", "output_item.done 1 reasoning completed", "output_item.added 2 message in_progress",
          "content_part.added 2.0", "output_text.delta 2.0 c", "output_text.done 2.0 c", "content_part.done 2.0",
          "output_item.done 2 message completed", "completed",
        ]
      ),
      // Nothing at all: an empty text where the model was done, nothing where it was stopped.
      (
        finish(.stop),
        [
          "output_item.added 0 message in_progress", "content_part.added 0.0", "output_text.done 0.0 ", "content_part.done 0.0",
          "output_item.done 0 message completed", "completed",
        ]
      ),
      (finish(.length), ["incomplete"]), (finish(.filter), ["incomplete"]),
      (text(0) + call(1, "{}") + finish(.tool), Array(Self.oneCall)),
    ] as [([Event], [String])])
  func `tells of items as they come`(events: [Event], lines: [String]) throws {
    #expect(try Sent([.start(ReplyHead())] + events).lines == lines)
  }

  private static let oneCall = [
    "output_item.added 0 function_call in_progress", "function_call_arguments.delta 0 {}", "function_call_arguments.done 0 {}",
    "output_item.done 0 function_call completed", "completed",
  ]

  /// Source: wire-formats §7.2.
  @Test func `closes whole calls when another part opens, the others at its end`() throws {
    let places = (0..<4).map { Place(0, $0) }
    func open(_ number: Int) -> Event { .open(places[number], .call(ToolCall(id: "c\(number)", name: "f"))) }
    let sent = try Sent(
      [
        open(0), .delta(places[0], "{\"a\":"), open(1), .delta(places[1], "{}"), open(2), .delta(places[0], "1}"),
        .open(places[3], .text("t")), .delta(places[2], "{}"), .close(places[0]), .close(places[2]), .close(places[3]),
      ] + finish(.tool))
    #expect(
      sent.lines == [
        "output_item.added 0 function_call in_progress", "function_call_arguments.delta 0 {\"a\":",
        "output_item.added 1 function_call in_progress", "function_call_arguments.delta 1 {}", "function_call_arguments.done 1 {}",
        "output_item.done 1 function_call completed", "output_item.added 2 function_call in_progress",
        "function_call_arguments.delta 0 1}", "output_item.added 3 message in_progress", "content_part.added 3.0",
        "output_text.delta 3.0 t", "function_call_arguments.delta 2 {}", "function_call_arguments.done 0 {\"a\":1}",
        "output_item.done 0 function_call completed", "function_call_arguments.done 2 {}",
        "output_item.done 2 function_call completed", "output_text.done 3.0 t", "content_part.done 3.0",
        "output_item.done 3 message completed", "completed",
      ])
  }

  @Test func `shows the response with what the request said`() throws {
    let sent = try Sent(text(0, "a") + [.usage(Usage(input: 3, output: 4))] + finish(.stop), request: request)
    for (event, status) in [(sent.events[0], "in_progress"), (sent.events[1], "in_progress"), (sent.events.last ?? .null, "completed")] {
      let response = event["response"] ?? .null
      #expect(response["id"] == "resp_1" && response["object"] == "response" && response["created_at"] == 7 && response["model"] == "m")
      #expect(response["status"]?.string == status && response["error"]?.isNull == true && response["incomplete_details"]?.isNull == true)
      #expect(response["instructions"] == "I" && response["temperature"] == 0.5 && response["tool_choice"] == "required")
      #expect(response["tools"] == request["tools"] && response["parallel_tool_calls"] == false && response["top_p"] == nil)
      // Nothing is kept here, whatever was asked for.
      #expect(response["store"] == nil && response["previous_response_id"] == nil)
    }
    #expect(sent.events[0].at("response.output") == [] && sent.events[0].at("response.usage")?.isNull == true)
    #expect(
      sent.response["usage"] == [
        "input_tokens": 3, "input_tokens_details": ["cached_tokens": 0, "cache_write_tokens": 0], "output_tokens": 4,
        "output_tokens_details": ["reasoning_tokens": 0], "total_tokens": 7,
      ])
  }

  @Test func `has one line for each event, on however many lines the request was written`() throws {
    let body = try JSON(parsing: "{\"model\":\"m\",\n\"tools\":[\n{\"type\":\"function\",\n\"name\":\"f\"}\n],\"metadata\":{\r\n}}")
    let sent = try Sent(text(0, "a\nb") + finish(.stop), request: body)
    #expect(sent.response["tools"] == [["type": "function", "name": "f"]] && sent.response.at("output[0].content[0].text") == "a\nb")
  }

  @Test(
    arguments: [
      (.stop, "completed", nil), (.stopSequence, "completed", nil), (.tool, "completed", nil), (.pause, "completed", nil),
      (.length, "incomplete", "max_output_tokens"), (.contextWindow, "incomplete", "max_output_tokens"),
      (.filter, "incomplete", "content_filter"),
    ] as [(FinishReason, String, String?)])
  func `says how it ended`(reason: FinishReason, status: String, why: String?) throws {
    let sent = try Sent(text(0, "a") + finish(reason))
    #expect(sent.response["status"]?.string == status && sent.response.at("incomplete_details.reason")?.string == why)
    #expect(sent.events.last?["type"]?.string == "response." + status)
    #expect(sent.response.at("output[0].status")?.string == status)
  }

  @Test func `marks what the limit cut off`() throws {
    let whole = try Sent(text(0, "a") + call(1, "{}") + finish(.length))
    #expect(whole.response.at("output[0].status") == "completed" && whole.response.at("output[1].status") == "completed")
    let cut = try Sent(text(0, "a") + call(1, "{\"x\":") + finish(.length))
    #expect(cut.response.at("output[1].status") == "incomplete" && cut.response.at("output[1].arguments") == "{\"x\":")
    let empty = try Sent([.open(Place(0, 0), .call(ToolCall(id: "c", name: "f")))] + finish(.length))
    #expect(empty.response.at("output[0].status") == "incomplete" && empty.response.at("output[0].arguments") == "{}")
  }

  @Test func `tells a failure as its last event`() throws {
    let fault = Fault(.broken, "It broke.", detail: "secret")
    let sent = try Sent(thought(0, "b") + text(1, "Hel"), fault: fault)
    #expect(sent.events.last?["type"] == "response.failed" && sent.response["status"] == "failed")
    #expect(sent.response["error"] == ["code": "server_error", "message": "It broke."])
    // Only what is done stands in it.
    #expect(sent.response["output"]?.count == 1 && sent.response.at("output[0].type") == "reasoning")
    #expect(try Sent([], fault: Fault(.rateLimited, "Wait.")).response.at("error.code") == "rate_limit_exceeded")
    #expect(try Sent(text(0, "a") + finish(.stop), fault: fault).response["status"] == "completed")
    let late = try Sent(text(0, "a") + [.finish(candidate: 0, .stop)], fault: fault)
    #expect(late.events.allSatisfy { $0["type"] != "response.completed" } && late.response["status"] == "failed")
  }

  @Test func `waits for its end with a finish in hand`() {
    var encoder = ResponsesStreamEncoder(context())
    var bytes: [UInt8] = []
    for event in text(0, "a") { encoder.encode(event, into: &bytes) }
    #expect(!encoder.isHolding)
    encoder.encode(.finish(candidate: 0, .stop), into: &bytes)
    #expect(encoder.isHolding)
    encoder.encode(.end, into: &bytes)
    #expect(!encoder.isHolding)
    let count = bytes.count
    for event in text(1, "late") + [.end] { encoder.encode(event, into: &bytes) }
    #expect(bytes.count == count)
  }

  // MARK: Signatures. Source: wire-formats §2.7

  @Test(
    arguments: [
      (thought(0, "p", Signature(.anthropic, "s")) + text(1, "a"), ["reasoning:p:apus1:anthropic:s", "message"]),
      (thought(0, "", Signature(.anthropicRedacted, "d")), ["reasoning::apus1:anthropic-redacted:d"]),
      (thought(0, "p") + text(1, "a"), ["reasoning:p:-", "message"]), (thought(0, "") + text(1, "a"), ["message"]),
      // A call's signature closes the thought before it, or stands in an empty one.
      (thought(0, "p") + call(1, "{}", signature: Signature(.gemini, "s")), ["reasoning:p:apus1:gemini:next:s", "function_call"]),
      (
        thought(0, "p", Signature(.geminiNext, "s")) + call(1, "{}", signature: Signature(.geminiNext, "s")),
        ["reasoning:p:apus1:gemini:next:s", "function_call"]
      ),
      (text(0, "a") + call(1, "{}", signature: Signature(.gemini, "s")), ["message", "reasoning::apus1:gemini:next:s", "function_call"]),
      (
        thought(0, "p", Signature(.gemini, "t")) + call(1, "{}", signature: Signature(.gemini, "s")),
        ["reasoning:p:apus1:gemini:part:t", "reasoning::apus1:gemini:next:s", "function_call"]
      ),
      // Behind its thought.
      (thought(0, "p") + [.signature(Place(0, 0), Signature(.anthropic, "s"))], ["reasoning:p:apus1:anthropic:s"]),
      (
        thought(0, "p") + text(1, "a") + [.signature(Place(0, 0), Signature(.anthropic, "s"))],
        ["reasoning:p:-", "message", "reasoning::apus1:anthropic:s"]
      ),
    ] as [([Event], [String])])
  func `carries signatures with the reasoning`(events: [Event], output: [String]) throws {
    let sent = try Sent(events + finish(.tool))
    let items = (sent.response["output"] ?? .null).elements.map { item in
      let type = item["type"]?.string ?? ""
      guard type == "reasoning" else { return type }
      return "reasoning:\(item.at("summary[0].text")?.string ?? ""):\(item["encrypted_content"]?.string ?? "-")"
    }
    #expect(items == output)
  }

  // MARK: What stands beside the text

  @Test func `counts the places of citations in their own text`() throws {
    let cited: [Event] = [
      .open(Place(0, 0), .text("")), .delta(Place(0, 0), "日本"), .close(Place(0, 0)), .open(Place(0, 1), .text("")),
      .delta(Place(0, 1), "abc"), .citation(Place(0, 1), Citation(url: "https://a.example", title: "A", range: 2..<5)), .close(Place(0, 1)),
      .citation(Place(0, 1), Citation(url: "https://b.example")),
    ]
    let sent = try Sent(cited + finish(.stop))
    #expect(
      sent.response.at("output[0].content[1].annotations") == [
        ["type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3],
        ["type": "url_citation", "url": "https://b.example", "title": "", "start_index": 0, "end_index": 0],
      ])
    let late = try Sent(text(0, "a") + call(1, "{}") + [.citation(Place(0, 0), Citation(url: "u"))] + finish(.tool))
    #expect(late.losses.map(\.description) == ["annotations:dropped"])
  }

  @Test func `gives logprobs with the text they belong to`() throws {
    func logprobs(_ token: String) -> Event {
      let top: JSON = [["token": JSON(token), "logprob": -0.5, "bytes": nil]]
      return .logprobs(candidate: 0, ["content": [["token": JSON(token), "logprob": -0.50, "bytes": nil, "top_logprobs": top]]])
    }
    let place = Place(0, 0)
    let sent = try Sent(
      [logprobs("é"), .open(place, .text("")), .delta(place, "é"), logprobs("b"), .delta(place, "b"), .close(place)] + finish(.stop))
    let deltas = sent.events.filter { $0["type"] == "response.output_text.delta" }
    #expect(deltas[0].at("logprobs[0].token") == "é" && deltas[1].at("logprobs[0].token") == "b")
    #expect(deltas[0].at("logprobs[0]") == ["token": "é", "logprob": -0.5, "top_logprobs": [["token": "é", "logprob": -0.5]]])
    let whole = sent.response.at("output[0].content[0].logprobs")
    #expect(whole?.count == 2 && whole?[0]?["bytes"] == [195, 169] && whole?.at("[0].top_logprobs[0].bytes") == [195, 169])
    #expect(sent.events.first { $0["type"] == "response.output_text.done" }?["logprobs"]?.count == 2)
  }

  @Test func `shortens the ids that are too long for it, and fills in those that are missing`() throws {
    let long = String(repeating: "x", count: 80)
    let sent = try Sent(
      [
        .open(Place(0, 0), .call(ToolCall(id: long, name: "f"))), .close(Place(0, 0)),
        .open(Place(0, 1), .call(ToolCall(id: "", name: "f"))),
      ] + finish(.tool))
    #expect(
      sent.response.at("output[0].call_id")?.string?.count == 40
        && sent.response.at("output[1].call_id")?.string?.hasPrefix("call_") == true)
    #expect(sent.losses.map(\.description) == ["tool_calls[0].id:renamed", "tool_calls[1].id:synthesized"])
    #expect(sent.response.at("output[0].id") != sent.response.at("output[0].call_id"))
  }

  @Test func `gives a model's own image, and reports what has no place`() throws {
    let image = Part.media(Media(.image, .data("iVBO", mediaType: "image/png")))
    let sound = Part.media(Media(.audio, .data("UklG", mediaType: "audio/wav")))
    let sent = try Sent([
      .open(Place(0, 0), image), .close(Place(0, 0)), .open(Place(0, 1), sound), .close(Place(0, 1)), .candidate(1),
      .open(Place(1, 0), .text("b")), .delta(Place(1, 0), "c"), .finish(candidate: 1, .stop),
      .finish(candidate: 0, .stopSequence, sequence: "X"), .end,
    ])
    #expect(sent.response["output"]?.count == 1 && sent.response.at("output[0].type") == "image_generation_call")
    #expect(sent.response.at("output[0].result") == "iVBO" && sent.response.at("output[0].status") == "completed")
    #expect(sent.losses.map(\.description) == ["audio:dropped", "choices[1]:dropped", "stop_sequence:dropped"])
  }
}

@Suite struct `A whole Responses reply` {
  @Test func `is the object of its stream's last event`() throws {
    let events = thought(0, "p") + text(1, "a") + text(2, "b") + call(3, "{}") + [.usage(Usage(input: 1, output: 2))] + finish(.tool)
    var encoder = ResponsesReplyEncoder(context(request))
    let whole = try JSON(parsing: encoder.encode(Reply(events)))
    #expect(withoutIDs(whole) == withoutIDs(try Sent(events, request: request).response))
    #expect(encoder.losses.isEmpty)
  }

  @Test func `gives each text its logprobs`() throws {
    func token(_ text: String) -> JSON { ["token": JSON(text), "logprob": -1, "bytes": nil, "top_logprobs": []] }
    var reply = Reply(text(0, "ab") + call(1, "{}") + text(2, "c") + finish(.tool))
    reply.candidates[0].logprobs = [["content": [token("a"), token("b")]], ["content": [token("c")]]]
    var encoder = ResponsesReplyEncoder(context())
    let whole = try JSON(parsing: encoder.encode(reply))
    #expect(whole.at("output[0].content[0].logprobs")?.elements.map { $0["token"]?.string } == ["a", "b"])
    #expect(whole.at("output[2].content[0].logprobs")?.elements.map { $0["token"]?.string } == ["c"])
  }

  private func withoutIDs(_ response: JSON) -> [JSON] {
    (response["output"] ?? .null).elements.map { .object($0.members.filter { $0.name != "id" }.map { ($0.name, $0.value) }) }
      + response.members.filter { $0.name != "output" }.map { JSON.object([($0.name, $0.value)]) }
  }
}
