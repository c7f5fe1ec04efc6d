import Base
import Testing

@testable import Wire

/// Turns of a Chat client, in short.
private func user(_ parts: Part..., at position: Int = 0) -> Message { message(.user, parts, position) }
private func assistant(_ parts: Part..., at position: Int = 0) -> Message { message(.assistant, parts, position) }
private func system(_ texts: String..., at position: Int = 0) -> Message { message(.system, texts.map { .text($0) }, position) }

private func message(_ role: Message.Role, _ parts: [Part], _ position: Int) -> Message {
  let path = SourcePath("messages", position)
  return Message(role, parts.enumerated().map { Message.Content($1, at: path.at("content", $0)) }, at: path)
}

private func call(_ id: String, _ arguments: String = "{}", name: String = "f") -> Part {
  .call(ToolCall(id: id, name: name, arguments: arguments))
}
private func result(_ id: String, _ text: String = "r", isError: Bool = false) -> Part {
  .result(ToolResult(id: id, parts: text.isEmpty ? [] : [.text(text)], isError: isError))
}
private func tool(_ name: String = "f", _ kind: Tool.Kind = .function(parameters: nil, strict: nil)) -> Tool {
  Tool(name, kind, at: SourcePath("tools", 0))
}

private struct Encoded {
  var body: JSON
  var losses: [String]
  var tools: ToolNames
}

private func encode(
  _ messages: [Message], wire: ClientWire = .chat, limit: Int? = 100, _ change: (inout Chat) -> Void = { _ in },
  caps: (inout Capabilities) -> Void = { _ in }, fetched: [String: Media.Source] = [:]
) throws -> Encoded {
  var chat = Chat(wire: wire, model: "m")
  chat.messages = messages
  chat.settings.maxTokens = limit
  change(&chat)
  var model = TargetModel(name: "up", capabilities: Capabilities(wire: .anthropic), defaultMaxTokens: 4096)
  caps(&model.capabilities)
  model.fetched = fetched
  let request = try AnthropicRequest.encode(chat, for: model)
  return Encoded(body: try JSON(parsing: request.body), losses: request.losses.map(\.description), tools: request.tools)
}

private func fault(_ body: () throws -> Encoded) -> Fault? {
  do {
    _ = try body()
    return nil
  } catch { return error as? Fault }
}

private func json(_ text: String) throws -> JSON { try JSON(parsing: text) }

@Suite struct `A body for a Messages upstream` {
  @Test(
    arguments: [
      // Neighbours of one role are one turn, parts side by side; a single text is a string.
      ([user(.text("a"))], #"[{"role":"user","content":"a"}]"#, []),
      (
        [user(.text("a")), user(.text("b"), at: 1)],
        #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]"#, []
      ),
      // Empty texts vanish, and turns of nothing else.
      (
        [user(.text("a"), .text("")), assistant(.text(""), at: 1), user(.text("b"), at: 2)],
        #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]"#, ["messages[1]:dropped"]
      ),
      // Results stand in front, in the order given, then what the user said.
      (
        [assistant(call("a"), call("b")), user(.text("x"), result("b"), at: 1), user(result("a"), at: 2)],
        #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"r"},{"type":"tool_result","tool_use_id":"a","content":"r"},{"type":"text","text":"x"}]}]"#,
        []
      ),
      // What a system turn says between a call and its result comes behind the result.
      (
        [assistant(call("a")), system("s", at: 1), user(result("a"), at: 2)],
        #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"r"},{"type":"text","text":"<system>\ns\n</system>"}]}]"#,
        ["messages[1].role:downgraded"]
      ),
      // A call without result, a result without call.
      (
        [assistant(call("a")), user(.text("x"), at: 1)],
        #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"No result was provided for this tool call.","is_error":true},{"type":"text","text":"x"}]}]"#,
        ["messages[1]:synthesized"]
      ),
      ([user(result("z"))], #"[{"role":"user","content":"[tool result z]\nr"}]"#, ["messages[0].content[0]:emulated"]),
      (
        [assistant(call("a")), user(result("a", "", isError: true), at: 1)],
        #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","is_error":true}]}]"#,
        []
      ),
      // Two turns of the assistant with calls are one, and so are their results.
      (
        [assistant(call("a")), assistant(call("b"), at: 1), user(result("a"), at: 2), user(result("b"), at: 3)],
        #"[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"r"},{"type":"tool_result","tool_use_id":"b","content":"r"}]}]"#,
        []
      ),
      // A prefill loses the white space at its end, and all of it when there is nothing else.
      (
        [user(.text("a")), assistant(.text("{ \n"), at: 1)], #"[{"role":"user","content":"a"},{"role":"assistant","content":"{"}]"#,
        ["messages[1].content:truncated"]
      ),
      ([user(.text("a ")), assistant(.text(" \n"), at: 1)], #"[{"role":"user","content":"a "}]"#, ["messages[1].content:truncated"]),
      (
        [user(.text("a")), assistant(.refusal("no"), at: 1), user(.text("b"), at: 2)],
        #"[{"role":"user","content":"a"},{"role":"assistant","content":"no"},{"role":"user","content":"b"}]"#, []
      ),
    ] as [([Message], String, [String])])
  func `has its turns as the wire wants them`(messages: [Message], expected: String, lost: [String]) throws {
    let encoded = try encode(messages)
    #expect(encoded.body["messages"] == (try json(expected)))
    #expect(encoded.losses == lost)
  }

  @Test func `has leading system turns as the prompt, one as a string`() throws {
    #expect(try encode([system("a"), user(.text("x"), at: 1)]).body["system"] == "a")
    let two = try encode([system("a", "b"), system("c", at: 1), user(.text("x"), at: 2)])
    #expect(two.body["system"] == (try json(#"[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":"c"}]"#)))
  }

  @Test(
    arguments: [
      // Behind a user's turn and before an assistant's, or last.
      (
        [user(.text("a")), system("s", at: 1), assistant(.text("b"), at: 2), user(.text("c"), at: 3)],
        ["user", "system", "assistant", "user"]
      ),
      ([user(.text("a")), system("s", at: 1), system("t", at: 2)], ["user", "system"]),
      ([assistant(call("a")), user(result("a"), at: 1), system("s", at: 2)], ["assistant", "user", "system"]),
      // Else a user's words.
      ([user(.text("a")), system("s", at: 1), user(.text("b"), at: 2)], ["user"]),
      ([user(.text("a")), assistant(.text("b"), at: 1), system("s", at: 2), user(.text("c"), at: 3)], ["user", "assistant", "user"]),
    ] as [([Message], [String])])
  func `keeps later system turns where they are legal`(messages: [Message], roles: [String]) throws {
    let encoded = try encode(messages, caps: { $0.midSystem = true })
    #expect(encoded.body["messages"]?.elements.compactMap { $0["role"]?.string } == roles)
    #expect(encoded.losses.isEmpty == roles.contains("system"))
  }

  @Test func `brings Anthropic's own reasoning home, first in its turn`() throws {
    let turn = assistant(
      .text("b"), .reasoning(Reasoning("t", signature: Signature(.anthropic, "s"))), .reasoning(Reasoning("u")),
      .reasoning(Reasoning(signature: Signature(.anthropicRedacted, "d"))), .reasoning(Reasoning("v", signature: Signature(.gemini, "g"))),
      at: 1)
    let encoded = try encode([user(.text("a")), turn, user(.text("c"), at: 2)])
    #expect(
      encoded.body.at("messages[1].content")
        == (try json(
          #"[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"b"}]"#)))
    #expect(encoded.losses == ["messages[1].content[2]:dropped", "messages[1].content[4]:dropped"])
  }

  @Test(
    arguments: [
      (["functions.f:0"], ["functions_f_0"], ["renamed"]),
      (["a.b", "a:b"], ["a_b", "a_b_2"], ["renamed", "renamed"]),
      (["a", "a"], ["a", "a_2"], ["renamed"]),
      ([""], [nil], ["synthesized"]), (["", ""], [nil, nil], ["synthesized", "synthesized"]),
    ] as [([String], [String?], [String])])
  func `has ids that fit, and differ, for calls and results`(ids: [String], expected: [String?], actions: [String]) throws {
    var messages: [Message] = []
    for (number, id) in ids.enumerated() {
      messages += [assistant(call(id), at: 2 * number), user(result(id, "r\(number)"), at: 2 * number + 1)]
    }
    let encoded = try encode(messages)
    for (number, id) in expected.enumerated() {
      let sent = encoded.body.at("messages[\(2 * number)].content[0].id")?.string
      if let id { #expect(sent == id) } else { #expect(sent?.hasPrefix("toolu_") == true) }
      #expect(encoded.body.at("messages[\(2 * number + 1)].content[0].tool_use_id")?.string == sent)
      #expect(encoded.body.at("messages[\(2 * number + 1)].content[0].content")?.string == "r\(number)")
    }
    #expect(encoded.losses.map { String($0.split(separator: ":").last ?? "") } == actions)
  }

  @Test(
    arguments: [
      ("", "{}", false), (" ", "{}", false), ("null", "{}", false), (#"{"a":1.50}"#, #"{"a":1.50}"#, false),
      (#""{\"a\":1}""#, #"{"a":1}"#, false), ("{oops", #"{"__raw_arguments":"{oops"}"#, true), ("[1]", #"{"__raw_arguments":"[1]"}"#, true),
    ])
  func `has arguments as objects`(text: String, expected: String, isEmulated: Bool) throws {
    let encoded = try encode([assistant(call("a", text)), user(result("a"), at: 1)])
    #expect(encoded.body.at("messages[0].content[0].input") == (try json(expected)))
    #expect(encoded.losses == (isEmulated ? ["messages[0].content[0].function.arguments:emulated"] : []))
  }
}

@Suite struct `Media for a Messages upstream` {
  @Test(
    arguments: [
      (
        Media(.image, .data("AA==", mediaType: "image/JPG")),
        #"{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AA=="}}"#, []
      ),
      (
        Media(.image, .url("https://a/b"), detail: "low"), #"{"type":"image","source":{"type":"url","url":"https://a/b"}}"#,
        ["messages[0].content[0].image_url.detail:dropped"]
      ),
      (Media(.image, .url("https://a/b"), detail: "auto"), #"{"type":"image","source":{"type":"url","url":"https://a/b"}}"#, []),
      (
        Media(.document, .data("AA==", mediaType: "application/pdf"), title: "r.pdf"),
        #"{"type":"document","title":"r.pdf","source":{"type":"base64","media_type":"application/pdf","data":"AA=="}}"#, []
      ),
      (
        Media(.document, .data("aGk=", mediaType: "text/plain; charset=utf-8"), title: "n"),
        #"{"type":"document","title":"n","source":{"type":"text","media_type":"text/plain","data":"hi"}}"#, []
      ),
      (Media(.document, .url("https://a/b")), #"{"type":"document","source":{"type":"url","url":"https://a/b"}}"#, []),
    ] as [(Media, String, [String])])
  func `becomes blocks`(media: Media, expected: String, lost: [String]) throws {
    let encoded = try encode([user(.media(media), .text("?"))])
    #expect(encoded.body.at("messages[0].content[0]") == (try json(expected)))
    #expect(encoded.losses == lost)
  }

  @Test(arguments: [
    Media(.audio, .data("AA==", mediaType: "audio/wav")), Media(.video, .url("https://a/b")),
    Media(.image, .data("AA==", mediaType: "image/bmp")),
    Media(.image, .file(id: "f", vendor: .openAI)), Media(.image, .url("ftp://a/b")),
    Media(.document, .data("AA==", mediaType: "application/zip")),
    Media(.document, .data("/w==", mediaType: "text/plain")),
  ])
  func `is refused where no model can read it`(media: Media) throws {
    let fault = try #require(fault { try encode([user(.text("?"), .media(media))]) })
    #expect(fault.kind == .invalid && fault.code == "unsupported_content" && fault.param == "messages[0].content[1]")
  }

  @Test func `is fetched where the model takes no addresses`() throws {
    let image = user(.media(Media(.image, .url("https://a/b"))), .text("?"))
    let fetched = ["https://a/b": Media.Source.data("AA==", mediaType: "image/png")]
    let encoded = try encode([image], caps: { $0.imageURL = false }, fetched: fetched)
    #expect(encoded.body.at("messages[0].content[0].source.data") == "AA==")
    #expect(encoded.losses == ["messages[0].content[0].image_url.url:fetched"])
    #expect(fault { try encode([image], caps: { $0.imageURL = false }) }?.code == "unsupported_content")
  }

  @Test func `of a Gemini client is known only when it was fetched`() throws {
    let file = user(.media(Media(.document, .url("https://a/b", mediaType: "application/pdf"))), .text("?"))
    var chat = Chat(wire: .gemini, model: "m")
    chat.messages = [file, file]
    let model = TargetModel(name: "up", capabilities: Capabilities(wire: .anthropic))
    #expect(AnthropicRequest.addresses(chat, for: model) == ["https://a/b"])
    chat.wire = .responses
    #expect(AnthropicRequest.addresses(chat, for: model).isEmpty)
    let encoded = try encode([file], wire: .gemini, fetched: ["https://a/b": .data("AA==", mediaType: "application/pdf")])
    #expect(encoded.body.at("messages[0].content[0].source.type") == "base64")
    #expect(encoded.losses == ["messages[0].content[0].fileData.fileUri:fetched"])
  }

  @Test func `of text becomes text where the model takes no documents`() throws {
    let file = user(.media(Media(.document, .data("aGk=", mediaType: "text/plain"), title: "T")))
    let encoded = try encode([file], caps: { $0.documents = false })
    #expect(encoded.body.at("messages[0].content") == "<document title=\"T\">\nhi\n</document>")
    let pdf = user(.media(Media(.document, .data("AA==", mediaType: "application/pdf"))))
    #expect(fault { try encode([pdf], caps: { $0.documents = false }) }?.param == "messages[0].content[0]")
  }

  @Test func `stays inside a result`() throws {
    let answer = Part.result(ToolResult(id: "a", parts: [.text("t"), .media(Media(.image, .data("AA==", mediaType: "image/png")))]))
    let encoded = try encode([assistant(call("a")), user(answer, at: 1)])
    #expect(
      encoded.body.at("messages[1].content[0].content")
        == (try json(#"[{"type":"text","text":"t"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]"#)))
  }
}

@Suite struct `Options for a Messages upstream` {
  private func options(
    wire: ClientWire = .chat, limit: Int? = 100, _ messages: [Message] = [user(.text("x"))], _ change: (inout Chat) -> Void,
    caps: (inout Capabilities) -> Void = { _ in }
  ) throws -> Encoded {
    try encode(messages, wire: wire, limit: limit, change, caps: caps)
  }

  @Test(arguments: [(ClientWire.chat, "max_tokens"), (.responses, "max_output_tokens"), (.gemini, "maxOutputTokens")])
  func `hold a limit, whether the client gave one or not`(wire: ClientWire, name: String) throws {
    let encoded = try options(wire: wire, limit: nil) { _ in }
    #expect(encoded.body["max_tokens"] == 4096 && encoded.losses == ["\(name):synthesized"])
    #expect(encoded.body["stream"] == nil)
  }

  @Test(
    arguments: [
      // On adaptive models an effort; on older ones a budget.
      (.adaptive, Thinking(effort: .medium), 9000, #"{"type":"adaptive"}"#, "medium", []),
      (.adaptive, Thinking(effort: .minimal), 9000, #"{"type":"adaptive"}"#, "low", []),
      (.adaptive, Thinking(effort: Thinking.Effort.none), 9000, #"{"type":"disabled"}"#, nil, []),
      (.adaptive, Thinking(budget: 0), 9000, #"{"type":"disabled"}"#, nil, []),
      (.adaptive, Thinking(budget: 5000), 9000, #"{"type":"adaptive"}"#, "medium", ["reasoning_effort:downgraded"]),
      (.adaptive, Thinking(budget: -1), 9000, nil, nil, []),
      (.budget, Thinking(effort: .medium), 9000, #"{"type":"enabled","budget_tokens":8192}"#, nil, []),
      (.budget, Thinking(effort: .high), 9000, #"{"type":"enabled","budget_tokens":8999}"#, nil, ["reasoning_effort:clamped"]),
      (.budget, Thinking(effort: .high), 1024, nil, nil, ["reasoning_effort:dropped"]),
      (.budget, Thinking(budget: 500), 9000, #"{"type":"enabled","budget_tokens":1024}"#, nil, ["reasoning_effort:clamped"]),
      (.budget, Thinking(effort: Thinking.Effort.none), 9000, #"{"type":"disabled"}"#, nil, []),
      (.none, Thinking(effort: .high), 9000, nil, nil, ["reasoning_effort:dropped"]),
      (.none, Thinking(effort: Thinking.Effort.none), 9000, nil, nil, []),
    ] as [(Capabilities.Thinking, Thinking, Int, String?, String?, [String])])
  func `say how much to think`(
    kind: Capabilities.Thinking, wish: Thinking, limit: Int, expected: String?, effort: String?, lost: [String]
  ) throws {
    let encoded = try options(limit: limit) {
      $0.thinking = wish
    } caps: {
      $0.thinking = kind
    }
    #expect(encoded.body["thinking"] == (try expected.map { try json($0) }))
    #expect(encoded.body.at("output_config.effort")?.string == effort)
    #expect(encoded.losses == lost)
  }

  @Test func `show thoughts that a Gemini client asked for`() throws {
    var wish = Thinking(isShown: true)
    #expect(try options(wire: .gemini) { $0.thinking = wish }.body["thinking"] == ["type": "adaptive", "display": "summarized"])
    #expect(try options(wire: .responses) { $0.thinking = wish }.body["thinking"] == nil)
    wish.effort = .low
    #expect(try options(wire: .gemini) { $0.thinking = wish }.body["thinking"] == ["type": "adaptive", "display": "summarized"])
  }

  @Test func `leave thinking with a budget out where it is refused`() throws {
    func lost(_ messages: [Message], _ change: (inout Chat) -> Void = { _ in }) throws -> Encoded {
      try options(limit: 9000, messages) { chat in
        chat.thinking = Thinking(effort: .low)
        change(&chat)
      } caps: {
        $0.thinking = .budget
      }
    }
    let forced = try lost([user(.text("x"))]) { chat in
      chat.tools = [tool()]
      chat.toolChoice = .required
    }
    #expect(forced.body["thinking"] == nil && forced.losses == ["reasoning_effort:dropped"])
    let unsigned = try lost([assistant(.reasoning(Reasoning("t")), call("a")), user(result("a"), at: 1)])
    #expect(unsigned.body["thinking"] == nil && unsigned.losses.contains("reasoning_effort:dropped"))
    let signed = try lost([
      assistant(.reasoning(Reasoning("t", signature: Signature(.anthropic, "s"))), call("a")), user(result("a"), at: 1),
    ])
    #expect(signed.body.at("thinking.budget_tokens") == 2048)
  }

  @Test(
    arguments: [
      // Temperature, top_p, top_k as they are, up to 1.
      (nil, .full, #"{"temperature":0.70,"top_p":0.9,"top_k":5}"#, "0.70", "0.9", "5", []),
      (nil, .full, #"{"temperature":1.6}"#, "1", nil, nil, ["temperature:clamped"]),
      (
        nil, .none, #"{"temperature":0.7,"top_p":0.9,"top_k":5}"#, nil, nil, nil, ["temperature:dropped", "top_p:dropped", "top_k:dropped"]
      ),
      (nil, .none, #"{"temperature":1,"top_p":1}"#, nil, nil, nil, []),
      // Beside a budget only what is allowed.
      (
        8192, .full, #"{"temperature":0.4,"top_p":0.5,"top_k":5}"#, nil, nil, nil,
        ["temperature:dropped", "top_p:dropped", "top_k:dropped"]
      ),
      (8192, .full, #"{"temperature":1,"top_p":0.95}"#, "1", "0.95", nil, []),
    ] as [(Int?, Capabilities.Sampling, String, String?, String?, String?, [String])])
  func `hold the sampling that the model takes`(
    budget: Int?, sampling: Capabilities.Sampling, settings: String, temperature: String?, topP: String?, topK: String?, lost: [String]
  ) throws {
    let wanted = try json(settings)
    let encoded = try options(limit: 20000) { chat in
      chat.settings.temperature = wanted["temperature"]
      chat.settings.topP = wanted["top_p"]
      chat.settings.topK = wanted["top_k"]
      chat.thinking = budget.map { Thinking(budget: $0) }
    } caps: {
      $0.sampling = sampling
      $0.thinking = .budget
    }
    #expect(encoded.body["temperature"]?.numberText == temperature && encoded.body["top_p"]?.numberText == topP)
    #expect(encoded.body["top_k"]?.numberText == topK)
    #expect(encoded.losses == lost)
  }

  @Test func `leave out what the wire does not know`() throws {
    let encoded = try options { chat in
      chat.settings.frequencyPenalty = 0.5
      chat.settings.presencePenalty = 0
      chat.settings.seed = 7
      chat.settings.logprobs = true
      chat.settings.topLogprobs = 3
      chat.settings.logitBias = ["1": 2]
      chat.settings.user = "u"
      chat.settings.stop = ["END", " \n"]
      chat.extra = [("verbosity", "low")]
      chat.isStream = true
    }
    #expect(encoded.body["metadata"] == ["user_id": "u"] && encoded.body["stop_sequences"] == ["END"] && encoded.body["stream"] == true)
    #expect(
      encoded.losses == [
        "frequency_penalty:dropped", "seed:dropped", "logit_bias:dropped", "logprobs:dropped", "top_logprobs:dropped", "stop[1]:dropped",
        "verbosity:dropped",
      ])
  }

  @Test func `hold the form of the answer`() throws {
    let schema = try json(
      #"{"type":"object","properties":{"a":{"type":"array","items":{"type":["object","null"],"properties":{"properties":{"type":"string"}}}}}}"#
    )
    let plain = try options { $0.format = .schema(OutputFormat.Schema(name: "n", schema: schema, strict: true)) }
    #expect(plain.body["output_config"] == ["format": ["type": "json_schema", "schema": schema]] && plain.losses.isEmpty)
    let described = try options { $0.format = .schema(OutputFormat.Schema(name: "n", schema: schema, description: "D")) }
    #expect(described.body["output_config"] == plain.body["output_config"])
    #expect(described.losses == ["response_format.json_schema.description:dropped"])
    let open = try options { $0.format = .schema(OutputFormat.Schema(schema: schema, isFromOpenAPI: true)) }
    #expect(
      open.body.at("output_config.format.schema")
        == (try json(
          #"{"type":"object","properties":{"a":{"type":"array","items":{"type":["object","null"],"properties":{"properties":{"type":"string"}},"additionalProperties":false}}},"additionalProperties":false}"#
        )))
    let mode = try options([system("a"), user(.text("x"), at: 1)]) { $0.format = .json }
    #expect(mode.body.at("system[1].text") == "Respond with a single valid JSON object and nothing else.")
    #expect(mode.losses == ["response_format:emulated"])
  }

  @Test(
    arguments: [
      (nil, nil, ["f", "g"], nil), (.auto, nil, ["f", "g"], #"{"type":"auto"}"#), (.required, nil, ["f", "g"], #"{"type":"any"}"#),
      (.some(.none), nil, ["f", "g"], #"{"type":"none"}"#), (.named("g"), nil, ["f", "g"], #"{"type":"tool","name":"g"}"#),
      (.allowed(["g"], isRequired: false), nil, ["g"], #"{"type":"auto"}"#),
      (.allowed(["g"], isRequired: true), nil, ["g"], #"{"type":"any"}"#),
      // One call at a time is said with the choice, and not with none.
      (nil, false, ["f", "g"], #"{"type":"auto","disable_parallel_tool_use":true}"#), (nil, true, ["f", "g"], nil),
      (.required, false, ["f", "g"], #"{"type":"any","disable_parallel_tool_use":true}"#),
      (.some(.none), false, ["f", "g"], #"{"type":"none"}"#),
    ] as [(ToolChoice?, Bool?, [String], String?)])
  func `hold the choice of tools`(choice: ToolChoice?, parallel: Bool?, names: [String], expected: String?) throws {
    let encoded = try options { chat in
      chat.tools = [tool("f"), tool("g")]
      chat.toolChoice = choice
      chat.parallelCalls = parallel
    }
    #expect(encoded.body["tools"]?.elements.compactMap { $0["name"]?.string } == names)
    #expect(encoded.body["tool_choice"] == (try expected.map { try json($0) }))
    #expect(encoded.losses.isEmpty)
  }

  @Test func `leave the choice to a model that knows no forced one`() throws {
    for choice in [ToolChoice.required, .named("f")] {
      let encoded = try options { chat in
        chat.tools = [tool("f"), tool("g")]
        chat.toolChoice = choice
        chat.parallelCalls = false
      } caps: {
        $0.toolChoice = .autoOnly
      }
      #expect(encoded.body["tool_choice"] == ["type": "auto", "disable_parallel_tool_use": true])
      #expect(encoded.body["tools"]?.count == 2 && encoded.losses == ["tool_choice:downgraded"])
    }
  }

  @Test func `hold tools with schemas`() throws {
    let long = "a.b" + String(repeating: "x", count: 130)
    let encoded = try options { chat in
      chat.tools = [
        tool("f"), tool("g", .function(parameters: ["type": "object", "x": 1], strict: true)),
        tool("h", .function(parameters: ["properties": [:]], strict: nil)),
        tool("c", .freeform(format: nil)), tool(long),
      ]
      chat.toolChoice = .named(long)
    }
    let tools = try #require(encoded.body["tools"])
    #expect(tools[0] == ["name": "f", "input_schema": ["type": "object", "properties": [:]]])
    #expect(tools[1] == ["name": "g", "input_schema": ["type": "object", "x": 1], "strict": true])
    #expect(tools[2]?["input_schema"] == ["type": "object", "properties": [:]])
    #expect(tools[3]?.at("input_schema.required") == ["input"])
    let name = try #require(tools[4]?["name"]?.string)
    #expect(name.hasPrefix("a_bxxx") && name.utf8.count == 64 && encoded.body.at("tool_choice.name")?.string == name)
    #expect(encoded.losses == ["tools[0]:emulated", "tools[0].function.name:renamed"])
    var restorer = ToolRestorer(encoded.tools)
    let place = Place(0, 0)
    #expect(restorer.restore([.open(place, .call(ToolCall(id: "1", name: name)))]) == [.open(place, .call(ToolCall(id: "1", name: long)))])
  }

  @Test func `refuse what would answer something else`() throws {
    func param(_ change: (inout Chat) -> Void) -> String? { fault { try encode([user(.text("x"))], change) }?.param }
    #expect(param { $0.settings.candidates = 2 } == "n")
    #expect(param { $0.settings.candidates = 1 } == nil)
    #expect(param { $0.toolChoice = .named("f") } == "tool_choice")
    #expect(param { $0.toolChoice = .required } == "tool_choice")
    #expect(param { $0.messages = [system("s")] } == "messages")
    let prefill = [user(.text("a")), assistant(.text("b"), at: 1)]
    #expect(fault { try encode(prefill, caps: { $0.prefill = false }) }?.param == "messages[1]")
    #expect(try encode(prefill).losses.isEmpty)
  }
}
