import Base
import Testing

@testable import Wire

/// What a coding agent sends: a long system prompt with cache marks, twenty tools, thinking, parallel calls, an image in a result.
private let body: JSON = {
  let tools = (0..<20).map { number in
    JSON.object([
      ("name", JSON("Tool\(number)")), ("description", "What it does."),
      (
        "input_schema", ["type": "object", "properties": ["path": ["type": "string"]], "required": ["path"], "additionalProperties": false]
      ),
      number == 19 ? ("cache_control", ["type": "ephemeral"]) : ("eager_input_streaming", true),
    ])
  }
  let image: JSON = ["type": "image", "source": ["type": "base64", "media_type": "image/png", "data": "AA=="]]
  return [
    "model": "claude-opus-5-5", "max_tokens": 32000, "stream": true, "temperature": 1,
    "metadata": ["user_id": "user_1_session_2"], "thinking": ["type": "adaptive"],
    "output_config": ["effort": "high"], "context_management": ["edits": []],
    "system": [
      ["type": "text", "text": "You are a coding agent.", "cache_control": ["type": "ephemeral"]],
      ["type": "text", "text": "Rules.", "cache_control": ["type": "ephemeral", "ttl": "1h"]],
    ],
    "tools": .array(tools),
    "messages": [
      [
        "role": "user",
        "content": [["type": "text", "text": "<system-reminder>x</system-reminder>"], ["type": "text", "text": "Fix it."]],
      ],
      [
        "role": "assistant",
        "content": [
          ["type": "thinking", "thinking": "Look first.", "signature": ""], ["type": "text", "text": "Looking."],
          ["type": "tool_use", "id": "call_a", "name": "Tool0", "input": ["path": "a.png"]],
          ["type": "tool_use", "id": "call_b", "name": "Tool1", "input": [:]],
        ],
      ],
      [
        "role": "user",
        "content": [
          ["type": "tool_result", "tool_use_id": "call_a", "content": [["type": "text", "text": "seen"], image]],
          [
            "type": "tool_result", "tool_use_id": "call_b", "content": "No such file", "is_error": true,
            "cache_control": ["type": "ephemeral"],
          ],
        ],
      ],
    ],
  ]
}()

@Suite struct `A coding agent's Messages request` {
  @Test func `is read whole, for another wire`() throws {
    let chat = try AnthropicRequest.decode(body)
    #expect(chat.messages.map(\.role) == [.system, .user, .assistant, .user] && chat.messages[0].contents.count == 2)
    #expect(chat.tools.count == 20 && chat.thinking?.isAdaptive == true && chat.thinking?.effort == .high)
    let calls = chat.messages[2].contents.compactMap { if case .call(let call) = $0.part { call.arguments } else { nil } }
    #expect(calls == [#"{"path":"a.png"}"#, "{}"])
    guard case .reasoning(let thought) = chat.messages[2].contents[0].part else { throw Fault(.internal, "no reasoning") }
    #expect(thought == Reasoning("Look first."))
    guard case .result(let seen) = chat.messages[3].contents[0].part else { throw Fault(.internal, "no result") }
    #expect(seen.parts.count == 2 && seen.text == "seen")
    let losses = chat.losses.map(\.description)
    for path in ["system[0].cache_control", "system[1].cache_control", "messages[2].content[1].cache_control", "tools[19].cache_control"] {
      #expect(losses.filter { $0 == path + ":dropped" }.count == 1)
    }
    #expect(losses.contains("context_management:dropped") && losses.contains("tools[0].eager_input_streaming:dropped"))
    #expect(losses.count == 4 + 19 + 1)
  }

  @Test func `goes to Anthropic as it came, but for reasoning that Anthropic never signed`() throws {
    let model = TargetModel(name: "up", capabilities: Capabilities(wire: .anthropic))
    let (bytes, losses) = try AnthropicRequest.splice(body, for: model)
    let sent = try JSON(parsing: bytes)
    #expect(losses.map(\.description) == ["messages[1].content[0]:dropped"])
    for name in ["system", "tools", "thinking", "output_config", "metadata", "context_management"] {
      #expect(sent[name]?.bytes == body[name]?.bytes)
    }
    #expect(sent.at("messages[1].content")?.count == 3 && sent.at("messages[2]")?.bytes == body.at("messages[2]")?.bytes)
  }

  @Test func `is counted without a limit`() throws {
    let members = body.members.filter { !["max_tokens", "stream", "temperature"].contains($0.name) }
    let counted = JSON.object(members.map { ($0.name, $0.value) })
    #expect(try AnthropicRequest.decode(counted, for: .countTokens).messages.count == 4)
    let model = TargetModel(name: "up", capabilities: Capabilities(wire: .anthropic))
    #expect(try JSON(parsing: AnthropicRequest.splice(counted, for: model).body)["max_tokens"] == nil)
  }
}

@Suite struct `A thread that the vendor holds` {
  private static let start = #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"thread":{"type":"create"}}"#
  private static let paused = #"{"model":"m","max_tokens":9,"messages":[],"thread":{"type":"continue","previous_message_id":"msg_1"}}"#

  @Test(arguments: [start, paused])
  func `is refused on another wire, in the words that make the client send everything`(text: String) throws {
    let body = try JSON(parsing: Array(text.utf8))
    let fault = #expect(throws: Fault.self) { try AnthropicRequest.decode(body) }
    let error = try JSON(parsing: ErrorShape.anthropic.body(try #require(fault)))
    #expect(error.at("error.details.error_code") == "thread_unsupported_request")
    #expect(error.at("error.type") == "invalid_request_error")
  }

  @Test(arguments: [start, paused])
  func `passes on its own wire`(text: String) throws {
    let body = try JSON(parsing: Array(text.utf8))
    try AnthropicRequestCheck.check(body)
    let spliced = try AnthropicRequest.splice(body, for: TargetModel(name: "m", capabilities: Capabilities(wire: .anthropic)))
    #expect(String(decoding: spliced.body, as: UTF8.self) == text)
  }
}
