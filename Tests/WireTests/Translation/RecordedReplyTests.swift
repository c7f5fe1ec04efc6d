import Base
import Testing

@testable import Wire

private func read(_ wire: ClientWire, _ text: String, status: Int = 200) -> RecordedReply {
  RecordedReply(wire, status: status, Array(text.utf8))
}

/// The texts of the first candidate.
private func said(_ recorded: RecordedReply) -> String {
  (recorded.reply.candidates.first?.parts ?? []).reduce("") { text, part in
    if case .text(let more, _) = part { text + more } else { text }
  }
}

/// A stream of events with these data.
private func sse(_ data: String...) -> String { data.map { "data: \($0)\n\n" }.joined() }

private func lines(_ lines: String...) -> String { lines.joined(separator: "\n") }

private let whole = #"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#
private let he = #"{"id":"c","choices":[{"index":0,"delta":{"content":"He"},"finish_reason":null}]}"#
private let hi = #"{"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#
private let stop = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
private let length = #"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#
private let other = #"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#
private let otherStop = #"{"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":"stop"}]}"#
private let block = #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#
private let turnEnd = #"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#
private let messageStop = #"{"type":"message_stop"}"#
private let gemini = #"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}"#
private let geminiStop = #"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}"#
private let blocked = #"{"promptFeedback":{"blockReason":"SAFETY"}}"#
private let overloaded = #"{"error":{"message":"overloaded","code":529}}"#

@Suite struct `A recorded reply` {
  private static let forms: [(ClientWire, String)] = [
    (.chat, whole), (.chat, "\u{FEFF}\r\n \(whole)\n"), (.chat, sse(hi, stop, "[DONE]")), (.chat, "data:\(hi)\r\n\r\ndata:\(stop)\r\n\r\n"),
    // Keep-alives of relays, chunks without choices, events that aren't known.
    (
      .chat,
      ": ping\n\nevent: ping\ndata: {}\n\nretry: 9\n\n\(sse(#"{"choices":[]}"#, hi)): OPENROUTER PROCESSING\n\n\(sse(#"{"x":1}"#, stop))"
    ),
    // Lines of JSON without field names.
    (.chat, lines(hi, stop, "")),
    (
      .completions, #"{"choices":[{"index":0,"text":"Hi","logprobs":{"tokens":["Hi"]},"finish_reason":"stop"}],"usage":{"total_tokens":3}}"#
    ),
    (.completions, sse(#"{"choices":[{"text":"H"}]}"#, #"{"choices":[{"text":"i","finish_reason":"stop"}]}"#, "[DONE]")),
    (.messages, #"{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}"#),
    (.messages, "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: new\n\(sse(#"{"type":"new"}"#, block, turnEnd, messageStop))"),
    (.gemini, geminiStop), (.gemini, sse(geminiStop)), (.gemini, "[\(geminiStop)]"),
    (
      .gemini,
      lines(
        #"[{"candidates": ["#, #"{"content": {"parts": [{"text": "Hi"}]}}"#, "]}", ",\r", blocked, ",",
        #"{"candidates":[{"finishReason":"STOP"}]}"#, "]")
    ),
  ]

  // The first bytes tell what it is.
  @Test(arguments: forms)
  func `is read whatever its form`(wire: ClientWire, text: String) {
    let recorded = read(wire, text)
    #expect(recorded.fault == nil && recorded.reply.isComplete && said(recorded) == "Hi")
    #expect(recorded.reply.candidates.map(\.finish) == [.stop])
  }

  private static let ends: [(ClientWire, String, Bool, FinishReason?)] = [
    (.chat, sse(hi, "[DONE]"), true, nil), (.completions, sse(hi, "[DONE]"), true, nil), (.chat, sse(hi), false, nil),
    (.chat, sse("[DONE]"), true, nil),
    (.chat, "\(sse(hi))data: \(length)", true, .length), (.chat, sse(hi, other, stop), true, .stop),
    (.chat, sse(hi, otherStop), false, nil),
    (.chat, "\(sse(hi, stop))data: {\"choices\":[],\"usa", true, .stop),
    (.messages, sse(block), false, nil), (.messages, sse(block, messageStop), true, nil), (.messages, sse(messageStop), true, nil),
    (.messages, "event: message_stop\ndata: {}\n\n", true, nil), (.messages, sse(block, turnEnd), true, .stop),
    (.gemini, "[\(gemini)", false, nil), (.gemini, "[\(gemini)]", false, nil), (.gemini, "[\(gemini),\(geminiStop)", true, .stop),
    (.gemini, "[\(blocked)]", true, .filter), (.gemini, sse(gemini), false, nil),
  ]

  // The first choice's finish is the end, or the mark; a reason that nobody told is none.
  @Test(arguments: ends)
  func `is complete when its own end came`(wire: ClientWire, text: String, isComplete: Bool, finish: FinishReason?) {
    let recorded = read(wire, text)
    #expect(recorded.reply.isComplete == isComplete && (recorded.fault == nil) == isComplete)
    #expect(recorded.reply.candidates.first?.finish == finish)
  }

  private static let failures: [(ClientWire, Int, String, Fault.Kind, String)] = [
    (.chat, 429, #"{"error":{"message":"Slow","code":"rate_limit_exceeded"}}"#, .rateLimited, ""),
    (.chat, 502, "<html>Bad gateway</html>", .broken, ""),
    (.gemini, 400, #"[{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"x"}}]"#, .invalid, ""),
    (.chat, 200, #"{"error":{"message":"x","code":"model_not_found"}}"#, .notFound, ""),
    (.chat, 200, sse(he, overloaded), .overloaded, "He"),
    (
      .messages, 200, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n",
      .overloaded, ""
    ),
    (.gemini, 200, "[\(gemini),{\"error\":{\"code\":503,\"message\":\"x\",\"status\":\"UNAVAILABLE\"}}]", .overloaded, "Hi"),
    (.chat, 200, "", .broken, ""), (.chat, 200, "{", .broken, ""), (.chat, 200, "Hello", .broken, ""), (.messages, 200, "{}", .broken, ""),
    (.chat, 200, sse(he, "{oops", stop), .broken, "He"), (.chat, 200, String(whole.dropLast(9)), .broken, ""),
    (.completions, 200, sse(#"{"error":{"message":"x","code":429}}"#), .rateLimited, ""),
  ]

  @Test(arguments: failures)
  func `that failed is a fault and what came`(wire: ClientWire, status: Int, text: String, kind: Fault.Kind, came: String) {
    let recorded = read(wire, text, status: status)
    #expect(recorded.fault?.kind == kind && !recorded.reply.isComplete && said(recorded) == came)
  }

  @Test func `with an event beyond the limit is what came before it`() {
    let long = "data: " + String(repeating: "a", count: JSON.Limits.standard.bytes + 1)
    let recorded = read(.chat, sse(he) + long)
    #expect(recorded.fault?.kind == .broken && said(recorded) == "He")
  }
}

/// Recorded exchanges of the shared cases.
@Suite struct `The recorded exchanges of the data sets` {
  private static let wires: [String: ClientWire] = [
    "openai_chat": .chat, "openai_responses": .responses, "anthropic_messages": .messages, "gemini_generate": .gemini,
  ]

  private static func bytes(_ response: JSON) -> [UInt8] {
    if let text = response["sse"]?.string { return Array(text.utf8) }
    if let chunks = response["chunks_b64"] { return chunks.elements.flatMap { Shared.bytes(base64: $0.string ?? "") } }
    return Array((response["body"] ?? .null).bytes)
  }

  /// The exchanges with what is expected of them: the reason of a refusal that all forms have in common, empty for none.
  private static func exchanges() throws -> [(name: String, recorded: JSON, reason: String)] {
    try Shared.files("formats/dataset-cases", suffix: ".json").flatMap { file -> [(name: String, recorded: JSON, reason: String)] in
      guard let json = try Shared.json("formats/dataset-cases/" + file) else { return [] }
      if let one = json["recorded"] { return [(file, one, json.at("expected.invalid_reason")?.string ?? "")] }
      return (json["recorded_sequence"] ?? .null).elements.map { (file, $0, "") }
    }
  }

  @Test func `are all understood`() throws {
    let exchanges = try Self.exchanges()
    #expect(exchanges.isEmpty || exchanges.count > 60)  // none where the shared facts are not there
    for (name, recorded, reason) in exchanges {
      guard let wire = recorded["client_format"]?.string.flatMap({ Self.wires[$0] }), let response = recorded["response"] else { continue }
      let reply = RecordedReply(wire, status: response["status"]?.int ?? 200, Self.bytes(response))
      let isRefused = reason == "upstream_error" || reason == "incomplete_stream"
      #expect((reply.fault != nil) == isRefused && reply.reply.isComplete != isRefused, "\(name): \(reply.fault?.description ?? "")")
      let request = RecordedRequest(wire, Array((recorded["request"] ?? .null).bytes))
      #expect(request.fault == nil && request.unread.isEmpty, "\(name): \(request.unread) \(request.fault?.description ?? "")")
    }
  }
}
