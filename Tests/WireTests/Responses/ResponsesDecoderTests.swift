import Base
import Testing

@testable import Wire

/// The body of a response with these members beside the usual ones.
private func body(_ output: JSON, _ more: [(String, JSON)] = [("status", "completed")]) -> JSON {
  .object([("id", "resp_1"), ("object", "response"), ("created_at", 7), ("model", "m-1"), ("output", output)] + more)
}

private func decode(_ output: JSON, _ more: [(String, JSON)] = [("status", "completed")]) throws -> Reply {
  try ResponsesReplyDecoder().decode(body(output, more))
}

/// An event of a stream, named or not.
private func frame(_ type: String, _ members: [(String, JSON)], isNamed: Bool = true) -> String {
  let data = JSON.object((isNamed ? [("type", JSON(type))] : []) + members)
  return "event: \(type)\ndata: \(data)\n\n"
}

private func read(_ stream: String) -> RecordedReply { RecordedReply(.responses, Array(stream.utf8)) }

private let message: JSON = [
  "type": "message", "role": "assistant", "content": [["type": "output_text", "text": "Hi", "annotations": []]],
]

@Suite struct `An item of a Responses reply` {
  @Test(
    arguments: [
      (message, [.text("Hi")]),
      (["role": "assistant", "content": [["type": "text", "text": "Hi"]]], [.text("Hi")]),
      // Runs of text stay apart, empty ones are no parts.
      (
        [
          "type": "message",
          "content": [["type": "output_text", "text": "a"], ["type": "output_text", "text": ""], ["type": "refusal", "refusal": "no"]],
        ],
        [.text("a"), .refusal("no")]
      ),
      // The thought itself, else its summary.
      (["type": "reasoning", "summary": [["type": "summary_text", "text": "s"], ["text": "t"]]], [.reasoning(Reasoning("s\n\nt"))]),
      (
        ["type": "reasoning", "summary": [["text": "s"]], "content": [["type": "reasoning_text", "text": "all"]]],
        [.reasoning(Reasoning("all"))]
      ),
      (
        ["type": "reasoning", "summary": [], "encrypted_content": "gAAA"],
        [.reasoning(Reasoning(signature: Signature(.chatEncrypted, "gAAA")))]
      ),
      (
        ["type": "reasoning", "summary": [["text": "s"]], "encrypted_content": "apus1:anthropic:c2ln"],
        [.reasoning(Reasoning("s", signature: Signature(.anthropic, "c2ln")))]
      ),
      (["type": "reasoning", "summary": []], []),
      (
        ["type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"x\": 1.0}"],
        [.call(ToolCall(id: "call_1", name: "f", arguments: "{\"x\": 1.0}"))]
      ),
      (["type": "function_call", "id": "fc_1", "name": "f"], [.call(ToolCall(id: "fc_1", name: "f"))]),
      (
        ["type": "custom_tool_call", "call_id": "c", "name": "f", "input": "ls"],
        [.call(ToolCall(id: "c", name: "f", arguments: "ls", kind: .freeform))]
      ),
      (
        ["type": "image_generation_call", "result": "aGk=", "output_format": "webp"],
        [.media(Media(.image, .data("aGk=", mediaType: "image/webp")))]
      ),
      // What only the vendor knows is kept as it is.
      (["type": "web_search_call", "id": "ws_1"], [.opaque(vendor: .openAI, ["type": "web_search_call", "id": "ws_1"])]),
      (["type": "message", "content": [["type": "new"]]], [.opaque(vendor: .openAI, ["type": "new"])]),
    ] as [(JSON, [Part])])
  func `is parts of the reply`(item: JSON, parts: [Part]) throws {
    let reply = try decode([item])
    #expect(reply.candidates.map(\.parts) == [parts] && reply.isComplete)
    #expect(reply.head == ReplyHead(id: "resp_1", model: "m-1", created: 7))
  }

  @Test func `cites with ranges of the joined text`() throws {
    let cited: JSON = [
      "type": "output_text", "text": "söß",
      "annotations": [
        ["type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 1, "end_index": 3],
        ["type": "url_citation", "url": "https://b.example", "title": "", "start_index": 0, "end_index": 0],
        ["type": "url_citation", "url": "https://c.example", "start_index": 1, "end_index": 9_223_372_036_854_775_807],
        ["type": "file_citation", "file_id": "file_1"],
      ],
    ]
    let reply = try decode([["type": "message", "content": [["type": "output_text", "text": "日本"], cited]]])
    let citations = [
      Citation(url: "https://a.example", title: "A", range: 3..<5), Citation(url: "https://b.example"), Citation(url: "https://c.example"),
    ]
    #expect(reply.candidates.first?.parts.last == .text("söß", citations: citations))
    #expect(reply.losses == [Loss("content[1].annotations", .dropped)])
  }
}

@Suite struct `A Responses reply` {
  private static let call: JSON = ["type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"]
  private static let refusal: JSON = ["type": "message", "content": [["type": "refusal", "refusal": "no"]]]

  @Test(
    arguments: [
      ([message], [("status", "completed")], .stop), ([message], [], .stop), ([call], [("status", "completed")], .tool),
      ([refusal], [("status", "completed")], .filter),
      ([call], [("status", "incomplete"), ("incomplete_details", ["reason": "max_output_tokens"])], .length),
      ([message], [("status", "incomplete"), ("incomplete_details", ["reason": "content_filter"])], .filter),
      ([message], [("status", "incomplete"), ("incomplete_details", ["reason": "max_tool_calls"])], .length), ([], [], .stop),
    ] as [(JSON, [(String, JSON)], FinishReason)])
  func `ends as its state says`(output: JSON, more: [(String, JSON)], reason: FinishReason) throws {
    #expect(try decode(output, more).candidates.map(\.finish) == [reason])
  }

  @Test(
    arguments: [
      (body([], [("status", "failed"), ("error", ["code": "rate_limit_exceeded", "message": "Slow down"])]), .rateLimited),
      (body([], [("status", "failed"), ("error", ["code": "server_error", "message": "Oh"])]), .broken),
      (["error": ["message": "No such model", "code": "model_not_found"]], .notFound), (body([], [("status", "in_progress")]), .broken),
      (body([], [("status", "queued")]), .broken), (["id": "resp_1"], .broken), (["output": "text"], .broken), ([1], .broken),
    ] as [(JSON, Fault.Kind)])
  func `that failed or is not at its end is a fault`(body: JSON, kind: Fault.Kind) {
    let fault = #expect(throws: Fault.self) { try ResponsesReplyDecoder().decode(body) }
    #expect(fault?.kind == kind)
    let recorded = RecordedReply(.responses, Array(body.bytes))
    #expect(recorded.fault?.kind == kind && !recorded.reply.isComplete)
  }

  @Test(
    arguments: [
      (["input_tokens": 9, "output_tokens": 5, "total_tokens": 14], 0, 0, 0),
      (
        [
          "input_tokens": 9, "input_tokens_details": ["cached_tokens": 4, "cache_write_tokens": 2], "output_tokens": 5,
          "output_tokens_details": ["reasoning_tokens": 3],
        ], 4, 2, 3
      ), (["input_tokens": 9, "output_tokens": 5, "input_tokens_details": nil], 0, 0, 0),
    ] as [(JSON, Int, Int, Int)])
  func `tells its tokens`(usage: JSON, cached: Int, written: Int, reasoning: Int) throws {
    let found = try #require(try decode([message], [("usage", usage)]).usage)
    #expect(
      found.input == 9 && found.output == 5 && found.cacheRead == cached && found.cacheWrite == written && found.reasoning == reasoning)
  }

  @Test(arguments: [nil, [:], 7] as [JSON])
  func `without tokens tells none`(usage: JSON) throws {
    #expect(try decode([message], [("usage", usage)]).usage == nil)
  }
}

@Suite struct `A Responses stream` {
  private static let created = frame("response.created", [("response", body([], [("status", "in_progress")]))])
  private static let done = frame("response.output_item.done", [("output_index", 0), ("item", message)])

  @Test(arguments: [true, false])
  func `is the response that its end shows`(isNamed: Bool) {
    let noise = ": keep-alive\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n" + frame("response.new_thing", [("x", 1)])
    let end = frame("response.completed", [("response", body([message]))], isNamed: isNamed)
    let recorded = read(
      Self.created + noise + frame("response.output_text.delta", [("output_index", 0), ("delta", "Other")]) + noise + end)
    #expect(recorded.fault == nil && recorded.reply.isComplete && recorded.reply.candidates.first?.parts == [.text("Hi")])
    #expect(recorded.reply.candidates.first?.finish == .stop && recorded.reply.head.id == "resp_1")
  }

  @Test func `whose end shows nothing is its items`() {
    let call: JSON = ["type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"]
    let second = frame("response.output_item.done", [("output_index", 1), ("item", call)])
    let unnumbered =
      frame("response.output_item.added", [("item", ["type": "message"])]) + frame("response.output_item.done", [("item", message)])
    for output: JSON in [[], nil] {
      let end = frame(
        "response.incomplete",
        [("response", body(output, [("status", "incomplete"), ("incomplete_details", ["reason": "max_output_tokens"])]))])
      let recorded = read(Self.created + second + Self.done + end)
      #expect(recorded.reply.candidates.first?.parts == [.text("Hi"), .call(ToolCall(id: "c", name: "f", arguments: "{}"))])
      #expect(recorded.reply.candidates.first?.finish == .length && recorded.reply.isComplete && recorded.fault == nil)
      #expect(read(unnumbered + unnumbered + end).reply.candidates.first?.parts == [.text("Hi"), .text("Hi")])
    }
  }

  @Test(
    arguments: [
      ("", []), (done, [.text("Hi")]),
      (frame("response.output_text.delta", [("output_index", 0), ("delta", "H")]), [.text("H")]),
      (
        frame(
          "response.output_item.added",
          [("output_index", 0), ("item", ["type": "function_call", "call_id": "c", "name": "f", "arguments": ""])])
          + frame("response.function_call_arguments.delta", [("output_index", 0), ("delta", "{\"a")])
          + frame("response.function_call_arguments.delta", [("output_index", 0), ("delta", "\":")]),
        [.call(ToolCall(id: "c", name: "f", arguments: "{\"a\":"))]
      ),
      (
        frame("response.output_item.added", [("output_index", 0), ("item", ["type": "custom_tool_call", "call_id": "c", "name": "f"])])
          + frame("response.custom_tool_call_input.delta", [("delta", "ls")]),
        [.call(ToolCall(id: "c", name: "f", arguments: "ls", kind: .freeform))]
      ),
      (
        frame("response.reasoning_summary_text.delta", [("output_index", 0), ("summary_index", 0), ("delta", "a")])
          + frame("response.reasoning_summary_text.delta", [("output_index", 0), ("summary_index", 1), ("delta", "b")])
          + frame("response.output_text.delta", [("output_index", 1), ("content_index", 0), ("delta", "x")])
          + frame("response.refusal.delta", [("output_index", 1), ("content_index", 1), ("delta", "y")]),
        [.reasoning(Reasoning("a\n\nb")), .text("x"), .refusal("y")]
      ),
      (frame("response.reasoning_text.delta", [("output_index", 3), ("delta", "hm")]), [.reasoning(Reasoning("hm"))]),
    ] as [(String, [Part])])
  func `that broke off is what came`(stream: String, parts: [Part]) {
    let recorded = read(Self.created + stream)
    #expect(recorded.reply.candidates.map(\.parts) == [parts] && recorded.reply.candidates.first?.finish == nil)
    #expect(recorded.fault?.kind == .broken && !recorded.reply.isComplete && recorded.reply.head.model == "m-1")
  }

  @Test(
    arguments: [
      (
        frame(
          "response.failed", [("response", body([], [("status", "failed"), ("error", ["code": "rate_limit_exceeded", "message": "x"])]))]),
        .rateLimited
      ),
      (frame("response.failed", [("response", body([], [("status", "failed")]))]), .broken), (frame("response.cancelled", []), .broken),
      (frame("error", [("code", "insufficient_quota"), ("message", "x"), ("param", nil)]), .funds),
      ("data: {\"error\":{\"message\":\"x\",\"code\":\"model_not_found\"}}\n\n", .notFound), ("data: {oops\n\n", .broken),
    ] as [(String, Fault.Kind)])
  func `that fails is a fault and what came`(end: String, kind: Fault.Kind) {
    let recorded = read(Self.created + Self.done + end)
    #expect(recorded.fault?.kind == kind && !recorded.reply.isComplete)
    #expect(recorded.reply.candidates.first?.parts == [.text("Hi")])
  }
}
