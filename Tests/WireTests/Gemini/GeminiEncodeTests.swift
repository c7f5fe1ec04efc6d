import Base
import Testing

@testable import Wire

private func path(_ position: Int) -> SourcePath { SourcePath("messages", position) }

/// A turn whose parts stand at `messages[i].content[j]`.
private func turn(_ position: Int, _ role: Message.Role, _ parts: Part...) -> Message {
  let contents = parts.enumerated().map { Message.Content($1, at: path(position).at("content", $0)) }
  return Message(role, contents, at: path(position))
}

private func model(_ change: (inout Capabilities) -> Void = { _ in }) -> TargetModel {
  var capabilities = Capabilities(wire: .gemini)
  change(&capabilities)
  return TargetModel(name: "gemini-x", capabilities: capabilities)
}

private func chat(_ messages: [Message] = [turn(0, .user, .text("a"))], wire: ClientWire = .chat, _ change: (inout Chat) -> Void = { _ in })
  -> Chat
{
  var chat = Chat(wire: wire, model: "m")
  chat.messages = messages
  change(&chat)
  return chat
}

private func encode(_ chat: Chat, _ model: TargetModel = model()) throws -> (body: JSON, losses: [String]) {
  let request = try GeminiRequest.encode(chat, for: model)
  return (try JSON(parsing: request.body), request.losses.map(\.description))
}

private func call(_ id: String, _ name: String = "f", _ arguments: String = "{}", _ signature: Signature? = nil) -> Part {
  .call(ToolCall(id: id, name: name, arguments: arguments, signature: signature))
}

private func result(_ id: String, _ parts: Part..., isError: Bool = false) -> Part {
  .result(ToolResult(id: id, parts: parts, isError: isError))
}

@Suite struct `A body for a Gemini upstream` {
  @Test func `has turns merged and systems in their places`() throws {
    let found = try encode(
      chat([
        turn(0, .system, .text("S")), turn(1, .system, .text("D")), turn(2, .user, .text("a"), .text("")), turn(3, .user, .text("b")),
        turn(4, .assistant, .text("c"), .refusal("d")), turn(5, .system, .text("late")), turn(6, .user, .text("e")),
      ]))
    #expect(found.body["systemInstruction"] == ["parts": [["text": "S"], ["text": "D"]]])
    #expect(
      found.body["contents"] == [
        ["role": "user", "parts": [["text": "a"], ["text": "b"]]], ["role": "model", "parts": [["text": "c"], ["text": "d"]]],
        ["role": "user", "parts": [["text": "<system>\nlate\n</system>"], ["text": "e"]]],
      ])
    #expect(found.losses == ["messages[5].role:downgraded"])
  }

  @Test func `has results in front, in the order of the calls`() throws {
    let found = try encode(
      chat([
        turn(0, .user, .text("a")), turn(1, .assistant, call("1", "f"), call("2", "g"), call("3", "h")),
        turn(2, .user, .text("now"), result("2", .text(#" {"t": 3}"#)), result("1", .text("12:00"))),
      ]))
    #expect(
      found.body.at("contents[2].parts") == [
        ["functionResponse": ["id": "1", "name": "f", "response": ["output": "12:00"]]],
        ["functionResponse": ["id": "2", "name": "g", "response": ["t": 3]]],
        ["functionResponse": ["id": "3", "name": "h", "response": ["error": "No result was provided for this tool call."]]],
        ["text": "now"],
      ])
  }

  @Test(
    arguments: [
      (result("1", .text("boom"), isError: true), #"{"error":"boom"}"#), (result("1", .text("[1]")), #"{"output":"[1]"}"#),
      (result("1", .text("{no")), #"{"output":"{no"}"#), (result("1", .text("a"), .text("b")), #"{"output":"a\nb"}"#),
      (result("1"), #"{"output":""}"#), (result("1", .text(#"{"a":1.50}"#)), #"{"a":1.50}"#),
    ] as [(Part, String)])
  func `has results as objects`(part: Part, expected: String) throws {
    let found = try encode(chat([turn(0, .assistant, call("1")), turn(1, .user, part)]))
    #expect(try found.body.at("contents[1].parts[0].functionResponse.response") == .of(expected))
  }

  @Test func `has images of results behind all results`() throws {
    let image = Part.media(Media(.image, .data("AA==", mediaType: "image/png")))
    let found = try encode(
      chat([turn(0, .assistant, call("1"), call("2")), turn(1, .user, result("1", image), result("2", .text("x")), .text("y"))]))
    let parts = try #require(found.body.at("contents[1].parts"))
    #expect(parts[0]?.at("functionResponse.response") == ["output": ""] && parts[1]?.at("functionResponse.id") == "2")
    #expect(parts[2] == ["inlineData": ["mimeType": "image/png", "data": "AA=="]] && parts[3] == ["text": "y"])
    #expect(found.losses == ["messages[1].content[0].content[0]:downgraded"])
  }

  @Test(
    arguments: [
      ("", "{}", nil), ("null", "{}", nil), (#"{"a": 1}"#, #"{"a":1}"#, nil), (#""{\"a\":1}""#, #"{"a":1}"#, nil),
      ("[1]", #"{"__raw_arguments":"[1]"}"#, "messages[0].content[0].function.arguments:emulated"),
    ] as [(String, String, String?)])
  func `has arguments as objects`(text: String, expected: String, loss: String?) throws {
    let found = try encode(chat([turn(0, .assistant, call("1", "f", text)), turn(1, .user, result("1", .text("x")))]))
    #expect(try found.body.at("contents[0].parts[0].functionCall.args") == .of(expected))
    #expect(found.losses == [loss].compactMap(\.self))
  }

  @Test func `leaves ids out where the model refuses them`() throws {
    let messages = [
      turn(0, .assistant, call("1", "f"), call("2", "g")), turn(1, .user, result("2", .text("x")), result("1", .text("y"))),
    ]
    let found = try encode(chat(messages), model { $0.functionIds = false })
    #expect(!found.body.description.contains(#""id""#))
    #expect(found.body.at("contents[1].parts[0].functionResponse.name") == "f")
  }
}

@Suite struct `Signatures on their way to Gemini` {
  private static func thought(_ text: String, _ origin: Signature.Origin, _ value: String) -> Part {
    .reasoning(Reasoning(text, signature: Signature(origin, value)))
  }

  @Test(
    arguments: [
      // `next` goes onto the call that follows, without the thought's text.
      ([thought("t", .geminiNext, "X"), call("1")], #"[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"X"}]"#, []),
      (
        [thought("t", .geminiNext, "X"), .text("a"), call("1")],
        #"[{"text":"a"},{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"X"}]"#, []
      ),
      // `part` restores the thought, in front of its turn.
      (
        [.text("a"), thought("t", .gemini, "X"), call("1")],
        #"[{"text":"t","thought":true,"thoughtSignature":"X"},{"text":"a"},{"functionCall":{"id":"1","name":"f","args":{}}}]"#, []
      ),
      // A call's own signature, told by the thought once more.
      (
        [thought("t", .geminiNext, "X"), call("1", "f", "{}", Signature(.gemini, "X"))],
        #"[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"X"}]"#, []
      ),
      // Two steps of one turn; more signatures than calls.
      (
        [thought("", .geminiNext, "X"), call("1"), thought("", .geminiNext, "Y"), call("2")],
        #"[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"X"},{"functionCall":{"id":"2","name":"f","args":{}},"thoughtSignature":"Y"}]"#,
        []
      ),
      (
        [thought("", .geminiNext, "X"), thought("", .geminiNext, "Y"), .text("a"), call("1")],
        #"[{"text":"a"},{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"Y"}]"#, ["messages[0].content[0]:dropped"]
      ),
      ([thought("", .geminiNext, "X"), .text("a")], #"[{"text":"a"}]"#, ["messages[0].content[0]:dropped"]),
      // Of other vendors, or unsigned.
      (
        [thought("t", .anthropic, "X"), thought("", .anthropicRedacted, "X"), .reasoning(Reasoning("u")), .text("a")], #"[{"text":"a"}]"#,
        ["messages[0].content[0]:dropped", "messages[0].content[1]:dropped", "messages[0].content[2]:dropped"]
      ),
    ] as [([Part], String, [String])])
  func `find their places`(parts: [Part], expected: String, losses: [String]) throws {
    let contents = parts.enumerated().map { Message.Content($1, at: path(0).at("content", $0)) }
    let answers = parts.compactMap { if case .call(let call) = $0 { result(call.id, .text("x")) } else { nil } }
    var messages = [Message(.assistant, contents, at: path(0))]
    if !answers.isEmpty { messages.append(Message(.user, answers.map { Message.Content($0, at: path(1)) }, at: path(1))) }
    let found = try encode(chat(messages))
    #expect(try found.body.at("contents[0].parts") == .of(expected))
    #expect(found.losses == losses)
  }

  @Test func `are made up for the first call where they are required`() throws {
    let messages = [
      turn(0, .assistant, .text("a"), call("1"), call("2")), turn(1, .user, result("1", .text("x")), result("2", .text("y"))),
      turn(2, .assistant, call("3", "f", "{}", Signature(.gemini, "S"))), turn(3, .user, result("3", .text("z"))),
    ]
    let found = try encode(chat(messages), model { $0.thoughtSignatures = .required })
    #expect(found.body.at("contents[0].parts[1].thoughtSignature") == "skip_thought_signature_validator")
    #expect(found.body.at("contents[0].parts[2].thoughtSignature") == nil)
    #expect(found.body.at("contents[2].parts[0].thoughtSignature") == "S")
    #expect(found.losses == ["messages[0].content[1].thought_signature:synthesized"])
  }
}

@Suite struct `Settings on their way to Gemini` {
  @Test func `have their own names`() throws {
    let found = try encode(
      chat {
        $0.settings.temperature = 1.5
        $0.settings.topP = 0.8
        $0.settings.topK = 20
        $0.settings.maxTokens = 256
        $0.settings.stop = ["A", "B", "C", "D", "E", "F", "G"]
        $0.settings.candidates = 2
        $0.settings.seed = 5
        $0.settings.frequencyPenalty = 0.3
        $0.settings.presencePenalty = -0.2
        $0.settings.logprobs = true
        $0.settings.topLogprobs = 2
        $0.settings.logitBias = ["1": 1]
        $0.settings.user = "u"
        $0.extra = [("metadata", ["a": "b"])]
      })
    let expected: JSON = [
      "temperature": 1.5, "topP": 0.8, "topK": 20, "maxOutputTokens": 256, "stopSequences": ["A", "B", "C", "D", "E"],
      "candidateCount": 2, "seed": 5, "frequencyPenalty": 0.3, "presencePenalty": -0.2, "responseLogprobs": true, "logprobs": 2,
    ]
    #expect(found.body["generationConfig"] == expected)
    #expect(found.body["model"] == nil)
    #expect(found.losses == ["stop[5]:truncated", "stop[6]:truncated", "logit_bias:dropped", "user:dropped", "metadata:dropped"])
  }

  @Test(
    arguments: [
      (Thinking(effort: .low), .level, #"{"thinkingLevel":"LOW","includeThoughts":true}"#, []),
      (Thinking(effort: .max), .level, #"{"thinkingLevel":"XHIGH","includeThoughts":true}"#, ["output_config.effort:downgraded"]),
      (Thinking(effort: Thinking.Effort.none), .level, #"{"thinkingBudget":0}"#, []),
      (Thinking(budget: 0), .level, #"{"thinkingBudget":0}"#, []),
      (Thinking(budget: 8000), .level, #"{"thinkingLevel":"MEDIUM","includeThoughts":true}"#, ["thinking.budget_tokens:downgraded"]),
      (Thinking(budget: -1), .level, nil, []),
      (Thinking(budget: 4000), .budget, #"{"thinkingBudget":4000,"includeThoughts":true}"#, []),
      (Thinking(effort: .xhigh, budget: 4000), .budget, #"{"thinkingBudget":32768,"includeThoughts":true}"#, []),
      (Thinking(effort: .high), .none, nil, ["output_config.effort:dropped"]),
      (Thinking(isShown: true), .level, nil, []),
    ] as [(Thinking, Capabilities.Thinking, String?, [String])])
  func `tell how much to think`(wish: Thinking, capability: Capabilities.Thinking, expected: String?, losses: [String]) throws {
    let found = try encode(chat(wire: .messages) { $0.thinking = wish }, model { $0.thinking = capability })
    #expect(try found.body.at("generationConfig.thinkingConfig") == expected.map { try .of($0) })
    #expect(found.losses == losses)
  }

  @Test func `tell the form of the answer`() throws {
    let json = try encode(chat { $0.format = .json })
    #expect(json.body["generationConfig"] == ["responseMimeType": "application/json"])
    let form = OutputFormat.schema(OutputFormat.Schema(name: "r", schema: ["type": "object", "additionalProperties": false], strict: true))
    let schema = try encode(chat { $0.format = form })
    #expect(schema.body.at("generationConfig.responseJsonSchema") == ["type": "object", "additionalProperties": false])
    #expect(schema.losses.isEmpty)
    let older = try encode(chat { $0.format = form }, model { $0.jsonSchema = false })
    #expect(older.body.at("generationConfig.responseSchema") == ["type": "OBJECT"])
    #expect(older.losses == ["response_format:downgraded"])
  }
}

@Suite struct `Tools on their way to Gemini` {
  private static let tools = [
    Tool("f", description: "d", .function(parameters: ["type": "object"], strict: true), at: SourcePath("tools", 0)),
    Tool("g", .function(parameters: nil, strict: nil), at: SourcePath("tools", 1)),
  ]

  @Test(
    arguments: [
      (.auto, #"{"mode":"AUTO"}"#, 2), (ToolChoice.none, #"{"mode":"NONE"}"#, 2), (.required, #"{"mode":"ANY"}"#, 2),
      (.named("f"), #"{"mode":"ANY","allowedFunctionNames":["f"]}"#, 2), (.allowed(["g"], isRequired: false), #"{"mode":"AUTO"}"#, 1),
      (.allowed(["f", "g"], isRequired: true), #"{"mode":"ANY","allowedFunctionNames":["f","g"]}"#, 2),
    ] as [(ToolChoice, String, Int)])
  func `are chosen`(choice: ToolChoice, expected: String, count: Int) throws {
    let found = try encode(
      chat {
        $0.tools = Self.tools
        $0.toolChoice = choice
      })
    #expect(try found.body.at("toolConfig.functionCallingConfig") == .of(expected))
    #expect(found.body.at("tools[0].functionDeclarations")?.count == count)
    #expect(found.losses.isEmpty)
  }

  @Test func `are declared in one list, with names that fit`() throws {
    let long = String(repeating: "x", count: 130)
    let body = chat([turn(0, .assistant, call("1", "9 lives")), turn(1, .user, result("1", .text("x")))]) {
      $0.tools = [
        Self.tools[0], Tool("9 lives", .freeform(format: nil), at: SourcePath("tools", 1)),
        Tool(long, .function(parameters: nil, strict: nil), at: SourcePath("tools", 2)),
      ]
      $0.parallelCalls = false
    }
    let found = try encode(body)
    let list = try #require(found.body.at("tools[0].functionDeclarations"))
    #expect(list[0] == ["name": "f", "description": "d", "parametersJsonSchema": ["type": "object"]])
    #expect(list[1]?["name"] == "__lives" && list[1]?.at("parametersJsonSchema.required") == ["input"])
    #expect(list[2]?["name"]?.string?.count == 64 && list[2]?["parametersJsonSchema"] == nil)
    #expect(found.body.at("contents[0].parts[0].functionCall.name") == "__lives")
    #expect(found.body.at("contents[1].parts[0].functionResponse.name") == "__lives")
    let expected = [
      "tools[1].function.name:renamed", "tools[1]:emulated", "tools[2].function.name:renamed", "parallel_tool_calls:dropped",
    ]
    #expect(found.losses == expected)
    let names = try GeminiRequest.encode(body, for: model()).tools
    #expect(names.originals["__lives"] == "9 lives" && names.freeform == ["9 lives"])
  }

  @Test func `have schemas of the older form where the model knows no other`() throws {
    let tool = Tool("f", .function(parameters: ["type": "object", "additionalProperties": false], strict: nil), at: SourcePath("tools", 0))
    let found = try encode(chat { $0.tools = [tool] }, model { $0.jsonSchema = false })
    #expect(found.body.at("tools[0].functionDeclarations[0].parameters") == ["type": "OBJECT"])
    #expect(found.losses == ["tools[0].function.parameters:downgraded"])
  }
}

@Suite struct `Media on their way to Gemini` {
  private static let cat = "https://a.example/cat.jpg"

  @Test func `are sent inline, fetched where they are addresses`() throws {
    let messages = [
      turn(
        0, .user, .media(Media(.image, .url(Self.cat), detail: "low")), .media(Media(.audio, .data("AA==", mediaType: "audio/mpeg"))),
        .media(Media(.document, .data("BB==", mediaType: "application/pdf"))))
    ]
    var target = model()
    #expect(GeminiRequest.addresses(chat(messages), for: target) == [Self.cat])
    #expect(fault { _ = try encode(chat(messages), target) }?.param == "messages[0].content[0]")
    target.fetched[Self.cat] = .data("CC==", mediaType: "image/jpeg")
    let found = try encode(chat(messages), target)
    #expect(
      found.body.at("contents[0].parts") == [
        ["inlineData": ["mimeType": "image/jpeg", "data": "CC=="]], ["inlineData": ["mimeType": "audio/mp3", "data": "AA=="]],
        ["inlineData": ["mimeType": "application/pdf", "data": "BB=="]],
      ])
    #expect(found.losses == ["messages[0].content[0].image_url.detail:dropped", "messages[0].content[0].image_url.url:fetched"])
  }

  @Test(arguments: [("image/JPG", "image/jpeg"), ("audio/x-wav", "audio/wav"), ("image/png; a=b", "image/png")])
  func `have the types that Gemini knows`(type: String, expected: String) throws {
    let kind = type.hasPrefix("audio") ? Media.Kind.audio : .image
    let found = try encode(chat([turn(0, .user, .media(Media(kind, .data("AA==", mediaType: type))))]))
    #expect(found.body.at("contents[0].parts[0].inlineData.mimeType") == JSON(expected))
  }

  @Test func `stay addresses where the model takes them`() throws {
    let found = try encode(chat([turn(0, .user, .media(Media(.image, .url(Self.cat))))]), model { $0.imageURL = true })
    #expect(found.body.at("contents[0].parts[0].fileData") == ["mimeType": "image/jpeg", "fileUri": JSON(Self.cat)])
  }

  @Test(
    arguments: [
      Media(.image, .file(id: "x", vendor: .openAI)), Media(.document, .url("ftp://a.example/x")),
      Media(.image, .url("file:///etc/passwd")),
      Media(.audio, .data("AA==", mediaType: "audio/wav")), Media(.document, .data("AA==", mediaType: "application/pdf")),
    ])
  func `are refused where they can't be read`(media: Media) {
    let target = model {
      $0.audio = false
      $0.documents = false
    }
    let found = fault { _ = try encode(chat([turn(0, .user, .media(media))]), target) }
    #expect(found?.code == "unsupported_content" && found?.param == "messages[0].content[0]")
  }

  @Test func `are needed, or words are: an empty conversation is refused`() {
    let found = fault { _ = try encode(chat([turn(0, .system, .text("S")), turn(1, .user, .text(""))])) }
    #expect(found?.code == "unsupported_content" && found?.param == "messages")
  }
}
