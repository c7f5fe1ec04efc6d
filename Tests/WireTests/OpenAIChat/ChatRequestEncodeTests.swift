import Base
import Testing

@testable import Wire

private func target(_ dialect: Dialect = .openai, _ change: (inout Capabilities) -> Void = { _ in }) -> TargetModel {
  var capabilities = Capabilities(wire: .openaiChat)
  change(&capabilities)
  return TargetModel(name: "up", dialect: dialect, capabilities: capabilities)
}

private func preset(_ name: String) throws -> Dialect { try #require(Dialect.named(name)) }

/// A chat with one question of the user's.
private func chat(_ wire: ClientWire, _ change: (inout Chat) -> Void = { _ in }) -> Chat {
  var chat = Chat(wire: wire, model: "m")
  chat.messages = [Message(.user, [Message.Content(.text("q"), at: path(0, 0))], at: path(0))]
  change(&chat)
  return chat
}

private func path(_ position: Int, _ inner: Int? = nil) -> SourcePath {
  let path = SourcePath("messages", position)
  return inner.map { path.at("content", $0) } ?? path
}

/// A turn at a place, of these parts.
private func turn(_ role: Message.Role, _ position: Int, _ parts: Part...) -> Message {
  Message(role, parts.enumerated().map { Message.Content($1, at: path(position, $0)) }, at: path(position))
}

private func encode(_ chat: Chat, _ target: TargetModel = target()) throws -> (body: JSON, losses: [String]) {
  let encoded = try ChatRequest.encode(chat, for: target)
  return (try JSON(parsing: encoded.body), encoded.losses.map(\.description))
}

private func json(_ text: String) throws -> JSON { try JSON(parsing: text) }

private func call(_ id: String, _ name: String = "f", _ arguments: String = "{}") -> Part {
  .call(ToolCall(id: id, name: name, arguments: arguments))
}

private let tool = Tool("f", .function(parameters: ["type": "object"], strict: nil), at: SourcePath("tools", 0))
private let free = Tool("sql", description: "run", .freeform(format: ["type": "text"]), at: SourcePath("tools", 1))

/// A change of a chat, and the members and losses that come of it.
private struct Setting: Sendable {
  let dialect: String
  let wire: ClientWire
  let members: String
  let losses: [String]
  let change: @Sendable (inout Chat) -> Void

  init(
    _ dialect: String, _ wire: ClientWire, _ members: String = "", _ losses: [String] = [],
    _ change: @escaping @Sendable (inout Chat) -> Void
  ) {
    self.dialect = dialect
    self.wire = wire
    self.members = members
    self.losses = losses
    self.change = change
  }

  static let all: [Setting] = [
    // The limit takes the dialect's name.
    Setting("openai", .messages, #""max_completion_tokens":5"#) { $0.settings.maxTokens = 5 },
    Setting("deepseek", .messages, #""max_tokens":5"#) { $0.settings.maxTokens = 5 },
    Setting("ernie", .messages, #""max_completion_tokens":5"#) { $0.settings.maxTokens = 5 },
    // top_k goes where it is known.
    Setting("qwen", .gemini, #""top_k":4"#) { $0.settings.topK = 4 },
    Setting("openai", .gemini, "", ["generationConfig.topK:dropped"]) { $0.settings.topK = 4 },
    Setting("openai", .messages, "", ["top_k:dropped"]) { $0.settings.topK = 4 },
    // Stop sequences beyond the dialect's number are cut, told in the client's words.
    Setting(
      "openai", .messages, #""stop":["a","b","c","d"]"#, ["stop_sequences[4]:truncated", "stop_sequences[5]:truncated"]
    ) { $0.settings.stop = ["a", "b", "c", "d", "e", "f"] },
    Setting("openai", .gemini, #""stop":["a","b","c","d"]"#, ["generationConfig.stopSequences[4]:truncated"]) {
      $0.settings.stop = ["a", "b", "c", "d", "e"]
    },
    // Numbers go as they were written; logprobs are asked for where only their number was given.
    Setting("openai", .gemini, #""logprobs":true,"top_logprobs":2"#) { $0.settings.topLogprobs = 2 },
    Setting("openai", .messages, #""user":"u""#) { $0.settings.user = "u" },
    // Streams always tell their usage, unless the dialect can't be asked.
    Setting("openai", .gemini, #""stream":true,"stream_options":{"include_usage":true}"#) { $0.isStream = true },
    Setting("glm", .gemini, #""stream":true"#) { $0.isStream = true },
    // Thinking: an effort as its word, a budget as the effort it comes to.
    Setting("openai", .messages, #""reasoning_effort":"medium""#, ["thinking.budget_tokens:downgraded"]) {
      $0.thinking = Thinking(budget: 8000)
    },
    Setting("openai", .messages, #""reasoning_effort":"max""#) { $0.thinking = Thinking(effort: .max, budget: 9) },
    Setting("openai", .messages) {
      $0.thinking = Thinking()
      $0.thinking?.isOff = true
    },
    Setting("openai", .messages) {
      $0.thinking = Thinking()
      $0.thinking?.isAdaptive = true
    },
    Setting("openai", .responses, #""reasoning_effort":"none""#) { $0.thinking = Thinking(effort: Thinking.Effort.none) },
    Setting("openai", .gemini, #""reasoning_effort":"low""#, ["generationConfig.thinkingConfig.thinkingBudget:downgraded"]) {
      $0.thinking = Thinking(budget: 100)
    },
    Setting("openai", .gemini, "", ["generationConfig.thinkingConfig.thinkingBudget:dropped"]) { $0.thinking = Thinking(budget: 0) },
    Setting("openai", .gemini) { $0.thinking = Thinking(budget: -1) },
    Setting("openai", .gemini, #""reasoning_effort":"minimal""#) { $0.thinking = Thinking(effort: .minimal) },
    Setting("openai", .responses, "", ["reasoning.summary:dropped"]) { $0.thinking = Thinking(isShown: true) },
    // The form of the answer.
    Setting("openai", .gemini, #""response_format":{"type":"json_object"}"#) { $0.format = .json },
    Setting(
      "openai", .messages,
      #""response_format":{"type":"json_schema","json_schema":{"name":"output","schema":{"type":"object"},"strict":true}}"#
    ) { $0.format = .schema(OutputFormat.Schema(schema: ["type": "object"])) },
    Setting(
      "openai", .gemini, #""response_format":{"type":"json_schema","json_schema":{"name":"output","schema":{"type":"object"}}}"#
    ) { $0.format = .schema(OutputFormat.Schema(schema: ["type": "object"])) },
    // What the model has no place for goes where it is known, else it is told.
    Setting("openai", .responses, #""verbosity":"low","metadata":{"a":"b"},"service_tier":"auto""#, ["truncation:dropped"]) {
      $0.extra = [("text.verbosity", "low"), ("metadata", ["a": "b"]), ("truncation", "auto"), ("service_tier", "auto"), ("store", false)]
    },
    Setting("deepseek", .responses, "", ["text.verbosity:dropped", "metadata:dropped"]) {
      $0.extra = [("text.verbosity", "low"), ("metadata", ["a": "b"]), ("service_tier", "auto")]
    },
    Setting("openai", .messages, "", ["service_tier:dropped", "container:dropped"]) {
      $0.extra = [("service_tier", "standard_only"), ("container", "c")]
    },
    Setting("openai", .gemini, "", ["safetySettings:dropped"]) { $0.extra = [("safetySettings", [1])] },
    Setting("openai", .chat, #""store":true,"x":1"#) { $0.extra = [("store", true), ("x", 1)] },
    Setting("deepseek", .chat, #""x":1"#, ["store:dropped", "prompt_cache_key:dropped"]) {
      $0.extra = [("store", true), ("prompt_cache_key", "k"), ("x", 1)]
    },
  ]
}

@Suite struct `A Chat body for an upstream` {
  @Test(arguments: Setting.all)
  fileprivate func `has the settings in its dialect's words`(setting: Setting) throws {
    let (body, found) = try encode(chat(setting.wire, setting.change), target(preset(setting.dialect)))
    let rest = setting.members.isEmpty ? "" : "," + setting.members
    #expect(body == (try json(#"{"model":"up","messages":[{"role":"user","content":"q"}]\#(rest)}"#)))
    #expect(found == setting.losses)
  }

  @Test func `leaves out what a model refuses by its capabilities`() throws {
    let asked = chat(.messages) {
      $0.settings.temperature = 0.5
      $0.settings.topP = 1
      $0.thinking = Thinking(effort: .high)
    }
    let (body, losses) = try encode(
      asked,
      target {
        $0.sampling = .none
        $0.thinking = .none
      })
    #expect(body["temperature"] == nil && body["top_p"] == nil && body["reasoning_effort"] == nil)
    #expect(losses == ["temperature:dropped", "output_config.effort:dropped"])
  }

  // MARK: Tools

  @Test(
    arguments: [
      ("openai", .responses, nil, nil, ""), ("openai", .responses, .auto, true, #","tool_choice":"auto","parallel_tool_calls":true"#),
      ("openai", .messages, .required, false, #","tool_choice":"required","parallel_tool_calls":false"#),
      ("openai", .gemini, .named("f"), nil, #","tool_choice":{"type":"function","function":{"name":"f"}}"#),
      ("openai", .responses, .named("sql"), nil, #","tool_choice":{"type":"custom","custom":{"name":"sql"}}"#),
      (
        "openai", .responses, .allowed(["f", "gone"], isRequired: true), nil,
        #","tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}"#
      ),
    ] as [(String, ClientWire, ToolChoice?, Bool?, String)])
  func `has the tools and the choice among them`(dialect: String, wire: ClientWire, choice: ToolChoice?, parallel: Bool?, members: String)
    throws
  {
    let asked = chat(wire) {
      $0.tools = [tool, free]
      $0.toolChoice = choice
      $0.parallelCalls = parallel
    }
    let (body, losses) = try encode(asked, target(preset(dialect)))
    let tools = #"""
      [{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},
       {"type":"custom","custom":{"name":"sql","description":"run","format":{"type":"text"}}}]
      """#
    #expect(body == (try json(#"{"model":"up","messages":[{"role":"user","content":"q"}],"tools":\#(tools)\#(members)}"#)))
    #expect(losses.isEmpty)
  }

  @Test(
    arguments: [
      // Where only `auto` is known, a forced choice is softened and `none` leaves the tools out.
      ("glm", .chat, .required, #"["f"] "auto""#, ["tool_choice:downgraded"]),
      ("glm", .messages, .named("f"), #"["f"] "auto""#, ["tool_choice:downgraded"]),
      ("glm", .gemini, ToolChoice.none, "[] null", ["toolConfig.functionCallingConfig.mode:emulated"]),
      ("glm", .chat, .auto, #"["f"] "auto""#, []),
      // Others than the official API get only the tools that are allowed.
      ("deepseek", .responses, .allowed(["f"], isRequired: true), #"["f"] "required""#, []),
      ("deepseek", .responses, .allowed(["f"], isRequired: false), #"["f"] "auto""#, []),
      ("openai", .gemini, .allowed(["f"], isRequired: true), #"["f"] {"type":"function","function":{"name":"f"}}"#, []),
    ] as [(String, ClientWire, ToolChoice, String, [String])])
  func `does what its dialect can with a choice`(dialect: String, wire: ClientWire, choice: ToolChoice, expected: String, losses: [String])
    throws
  {
    let asked = chat(wire) {
      $0.tools = [tool]
      $0.toolChoice = choice
      if dialect == "glm" { $0.parallelCalls = true }
    }
    let (body, found) = try encode(asked, target(preset(dialect)))
    let names = JSON.array((body["tools"] ?? []).elements.compactMap { $0.at("function.name") })
    #expect("\(names) \(body["tool_choice"] ?? .null)" == expected)
    #expect(found == losses && body["parallel_tool_calls"] == nil)
  }

  @Test(arguments: [ToolChoice.named("gone"), .required, .allowed(["gone"], isRequired: false)])
  func `is refused when the choice names a tool that doesn't travel`(choice: ToolChoice) {
    let asked = chat(.responses) {
      $0.tools = choice == .required ? [] : [tool]
      $0.toolChoice = choice
    }
    let fault = #expect(throws: Fault.self) { try encode(asked) }
    #expect(fault?.code == "unsupported_parameter" && fault?.param == "tool_choice")
  }

  @Test func `drops the choice with the last tool`() throws {
    let asked = chat(.responses) {
      $0.toolChoice = .auto
      $0.parallelCalls = false
    }
    let (body, losses) = try encode(asked)
    #expect(body["tool_choice"] == nil && body["parallel_tool_calls"] == nil && losses.isEmpty)
  }

  @Test func `makes functions of freeform tools where they are not known, and remembers it`() throws {
    var asked = chat(.responses) {
      $0.tools = [free]
      $0.toolChoice = .named("sql")
    }
    asked.messages += [
      turn(.assistant, 1, .call(ToolCall(id: "a", name: "sql", arguments: "say \"x\"", kind: .freeform))),
      turn(.user, 2, .result(ToolResult(id: "a", parts: [.text("1")]))),
    ]
    let encoded = try ChatRequest.encode(asked, for: target(.compatible))
    let body = try JSON(parsing: encoded.body)
    #expect(
      body.at("tools[0]")
        == (try json(
          #"{"type":"function","function":{"name":"sql","description":"run","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}"#
        )))
    #expect(body["tool_choice"] == ["type": "function", "function": ["name": "sql"]])
    #expect(body.at("messages[1].tool_calls[0].function.arguments") == #"{"input":"say \"x\""}"#)
    #expect(encoded.losses == [Loss("tools[1]", .emulated)])
    var restorer = ToolRestorer(encoded.tools)
    let place = Place(0, 0)
    let events = restorer.restore([
      .open(place, .call(ToolCall(id: "b", name: "sql"))), .delta(place, #"{"input":"#), .delta(place, #""go"}"#), .close(place),
    ])
    #expect(events == [.open(place, .call(ToolCall(id: "b", name: "sql", kind: .freeform))), .delta(place, "go"), .close(place)])
  }

  @Test func `changes names and ids that don't fit everywhere alike`() throws {
    let name = "a.b c"
    let id = String(repeating: "x", count: 50)
    var asked = chat(.gemini) {
      $0.tools = [Tool(name, .function(parameters: nil, strict: nil), at: SourcePath("tools", 0))]
      $0.toolChoice = .named(name)
    }
    asked.messages += [turn(.assistant, 1, call(id, name)), turn(.user, 2, .result(ToolResult(id: id, parts: [.text("1")])))]
    let encoded = try ChatRequest.encode(asked, for: target())
    let body = try JSON(parsing: encoded.body)
    #expect(body.at("tools[0].function") == ["name": "a_b_c"])
    #expect(body.at("tool_choice.function.name") == "a_b_c" && body.at("messages[1].tool_calls[0].function.name") == "a_b_c")
    let sent = try #require(body.at("messages[1].tool_calls[0].id")?.string)
    #expect(sent.utf8.count == 40 && body.at("messages[2].tool_call_id")?.string == sent)
    #expect(encoded.losses.map(\.description) == ["messages[1].content[0].functionCall.id:renamed", "tools[0].name:renamed"])
    #expect(encoded.tools.originals == ["a_b_c": name])
  }

  // MARK: Messages

  @Test(
    arguments: [
      // System turns stay in their places; one text is a string, more are parts.
      (
        [turn(.system, 0, .text("a"), .text("b")), turn(.user, 1, .text("q")), turn(.system, 2, .text("c")), turn(.user, 3, .text("r"))],
        #"""
        [{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"user","content":"q"},
         {"role":"system","content":"c"},{"role":"user","content":"r"}]
        """#, []
      ),
      // Results come before the user's own parts; a failure is told in words.
      (
        [
          turn(.assistant, 0, .text("t"), call("a", "f", #"{"x":1}"#), call("b", "f", "")),
          turn(
            .user, 1, .text("And?"), .result(ToolResult(id: "b", parts: [.text("no")], isError: true)),
            .result(ToolResult(id: "a", parts: [.text("1"), .text("2")]))),
        ],
        #"""
        [{"role":"assistant","content":"t","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
          {"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"b","content":"Error: no"},{"role":"tool","tool_call_id":"a","content":"1\n2"},
         {"role":"user","content":"And?"}]
        """#, ["messages[1].content[1].is_error:emulated"]
      ),
      // A call without a result gets one, a result without a call is told as text.
      (
        [turn(.assistant, 0, call("a")), turn(.user, 1, .result(ToolResult(id: "z", parts: [.text("1")])))],
        #"""
        [{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"a","content":"Error: No result was provided for this tool call."},
         {"role":"user","content":"[tool result z]\n1"}]
        """#, ["messages[1].content[0]:emulated", "messages[1]:synthesized"]
      ),
      // Images in results follow in the next user message.
      (
        [
          turn(.assistant, 0, call("a"), call("b")),
          turn(
            .user, 1, .result(ToolResult(id: "a", parts: [.text("see"), .media(Media(.image, .data("QQ==", mediaType: "image/png")))])),
            .result(ToolResult(id: "b", parts: [.media(Media(.image, .url("https://a.example/i")))])), .text("And?")),
        ],
        #"""
        [{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
          {"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"a","content":"see"},{"role":"tool","tool_call_id":"b","content":"[image attached below]"},
         {"role":"user","content":[{"type":"text","text":"[image from tool result a]"},
          {"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}},{"type":"text","text":"[image from tool result b]"},
          {"type":"image_url","image_url":{"url":"https://a.example/i"}},{"type":"text","text":"And?"}]}]
        """#, ["messages[1].content[0].content[1]:emulated", "messages[1].content[1].content[0]:emulated"]
      ),
      // Foreign reasoning and a turn of nothing else vanish; what one vendor alone knows does too.
      (
        [
          turn(.user, 0, .text("q")), turn(.assistant, 1, .reasoning(Reasoning("hm", signature: Signature(.anthropic, "s")))),
          turn(.assistant, 2, .opaque(vendor: .anthropic, [:]), .text("a")), turn(.user, 3, .text("")),
        ],
        #"[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]"#,
        ["messages[3]:dropped", "messages[1].content[0]:dropped", "messages[2].content[0]:dropped"]
      ),
      (
        [turn(.user, 0, .text("q")), turn(.assistant, 1, .refusal("no"))],
        #"[{"role":"user","content":"q"},{"role":"assistant","content":null,"refusal":"no"}]"#, []
      ),
    ] as [([Message], String, [String])])
  func `has the turns as messages`(messages: [Message], expected: String, losses: [String]) throws {
    let (body, found) = try encode(chat(.messages) { $0.messages = messages })
    #expect(body["messages"] == (try json(expected)))
    #expect(found == losses)
  }

  @Test func `gives every turn of the assistant its reasoning where the dialect insists on it`() throws {
    let asked = chat(.messages) {
      $0.messages = [
        turn(.user, 0, .text("q")),
        turn(.assistant, 1, .reasoning(Reasoning("a", signature: Signature(.anthropic, "s"))), .reasoning(Reasoning("b")), call("c")),
        turn(.user, 2, .result(ToolResult(id: "c", parts: [.text("1")]))),
        turn(.assistant, 3, .text("t"), .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "x")))),
        turn(.user, 4, .text("r")), turn(.assistant, 5, .reasoning(Reasoning("only"))),
      ]
    }
    let (body, losses) = try encode(asked, target(preset("deepseek")))
    #expect(body.at("messages[1].reasoning_content") == "ab" && body.at("messages[3].reasoning_content") == "")
    #expect(body.at("messages[5]") == ["role": "assistant", "content": "", "reasoning_content": "only"])
    #expect(losses == ["messages[3].content[1]:dropped"])
  }

  @Test func `gives a Chat upstream its own signatures back`() throws {
    let asked = chat(.responses) {
      $0.messages.append(turn(.assistant, 1, .reasoning(Reasoning("a", signature: Signature(.chat, "s"))), .text("t")))
    }
    let (body, losses) = try encode(asked, target(preset("openrouter")))
    #expect(
      body.at("messages[1].reasoning_details") == [["type": "reasoning.text", "text": "a", "signature": "s", "index": 0]] && losses.isEmpty)
    let official = try encode(asked)
    #expect(
      official.body.at("messages[1]") == ["role": "assistant", "content": "t"] && official.losses == ["messages[1].content[0]:dropped"])
  }

  @Test func `tells a Gemini result's object as text`() throws {
    let asked = chat(.gemini) {
      $0.messages = [
        turn(.assistant, 0, call("a"), call("b"), call("c")),
        turn(
          .user, 1, .result(ToolResult(id: "a", parts: [.text("3")], object: ["output": "3"])),
          .result(ToolResult(id: "b", parts: [], object: JSON.object([("temp", 18), ("city", "Malmö")]))),
          .result(ToolResult(id: "c", parts: [.text("x")], isError: true, object: ["error": "x"]))),
      ]
    }
    let (body, losses) = try encode(asked)
    #expect((1...3).map { body.at("messages[\($0)].content")?.string } == ["3", #"{"temp":18,"city":"Malmö"}"#, #"{"error":"x"}"#])
    #expect(losses.isEmpty)
    #expect(ArgumentText.compact(try json(#"{ "a\u00e9": ["\u00fc\n", 1.0e3, "\ud800"] }"#)) == #"{"aé":["ü\n",1.0e3,"\ud800"]}"#)
  }

  // MARK: Media

  @Test(
    arguments: [
      (
        .messages, Media(.image, .data("QQ==", mediaType: "image/png"), detail: "low"),
        #"{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ==","detail":"low"}}"#, []
      ),
      (
        .gemini, Media(.audio, .data("QQ==", mediaType: "audio/mpeg")),
        #"{"type":"input_audio","input_audio":{"data":"QQ==","format":"mp3"}}"#, []
      ),
      (
        .gemini, Media(.document, .data("QQ==", mediaType: "application/pdf")),
        #"{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,QQ=="}}"#, []
      ),
      (
        .messages, Media(.document, .data("cGxhaW4=", mediaType: "text/plain"), title: "Notes"),
        #"{"type":"text","text":"<document title=\"Notes\">\nplain\n</document>"}"#, ["messages[0].content[1]:downgraded"]
      ),
      (
        .messages, Media(.document, .url("https://a.example/d")),
        #"{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,RA=="}}"#,
        ["messages[0].content[1].source.url:fetched"]
      ),
      (.responses, Media(.document, .file(id: "f", vendor: .openAI)), #"{"type":"file","file":{"file_id":"f"}}"#, []),
    ] as [(ClientWire, Media, String, [String])])
  func `has media in Chat's parts`(wire: ClientWire, media: Media, part: String, losses: [String]) throws {
    let asked = chat(wire) { $0.messages = [turn(.user, 0, .text("x"), .media(media))] }
    var target = target()
    target.fetched = ["https://a.example/d": .data("RA==", mediaType: "application/pdf")]
    let (body, found) = try encode(asked, target)
    #expect(body.at("messages[0].content[1]") == (try json(part)))
    #expect(found == losses)
  }

  @Test(
    arguments: [
      (.messages, Media(.video, .data("QQ==", mediaType: "video/mp4"))), (.gemini, Media(.audio, .data("QQ==", mediaType: "audio/ogg"))),
      (.gemini, Media(.document, .data("QQ==", mediaType: "text/csv"))), (.messages, Media(.document, .url("https://a.example/unknown"))),
      (.gemini, Media(.image, .url("gs://bucket/x"))), (.messages, Media(.image, .file(id: "f", vendor: .anthropic))),
      (.messages, Media(.document, .data("/w==", mediaType: "text/plain"))),
    ] as [(ClientWire, Media)])
  func `is refused when the upstream can't read a part`(wire: ClientWire, media: Media) {
    let asked = chat(wire) { $0.messages = [turn(.user, 0, .text("x"), .media(media))] }
    let fault = #expect(throws: Fault.self) { try encode(asked) }
    #expect(fault?.code == "unsupported_content" && fault?.param == "messages[0].content[1]")
  }

  @Test func `is refused when nothing is left to say`() {
    let fault = #expect(throws: Fault.self) { try encode(chat(.gemini) { $0.messages = [turn(.user, 0, .text(""))] }) }
    #expect(fault?.code == "unsupported_content" && fault?.param == "contents")
  }

  @Test func `names the addresses that must be fetched first`() throws {
    let image = Media(.image, .url("https://a.example/i"))
    let document = Media(.document, .url("https://a.example/d"))
    let asked = chat(.responses) {
      $0.messages = [
        turn(.assistant, 0, call("a")),
        turn(.user, 1, .result(ToolResult(id: "a", parts: [.media(image)])), .media(document), .media(image)),
      ]
    }
    #expect(ChatRequest.addresses(asked, for: target()) == ["https://a.example/d"])
    var inline = target { $0.imageURL = false }
    #expect(ChatRequest.addresses(asked, for: inline) == ["https://a.example/i", "https://a.example/d", "https://a.example/i"])
    inline.fetched = [
      "https://a.example/i": .data("SQ==", mediaType: "image/gif"), "https://a.example/d": .data("RA==", mediaType: "application/pdf"),
    ]
    let (body, losses) = try encode(asked, inline)
    #expect(body.at("messages[2].content[1].image_url.url") == "data:image/gif;base64,SQ==")
    #expect(losses.contains("messages[1].content[2].image_url:fetched") && losses.contains("messages[1].content[1].file_url:fetched"))
  }
}
