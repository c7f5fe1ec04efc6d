package import Base

/// Responses requests, which only clients make: read into a `Chat`. Source: wire-formats §3.2, §5.2.
package enum ResponsesRequest {
  /// Reads a client's body. `.invalid` with the member's path for what can't be understood, and for what needs a store.
  package static func decode(_ body: JSON) throws(Fault) -> Chat {
    try ResponsesRequestCheck.check(body)
    var reader = ResponsesRequestReader(model: body["model"]?.string ?? "")
    try reader.readState(body)
    if let text = body["instructions"]?.string, !text.isEmpty { reader.instruct(text) }
    try reader.readInput(body["input"] ?? .null)
    for (name, value) in body.members where !value.isNull { try reader.read(name, value) }
    try reader.checkToolChoice()
    return reader.chat
  }
}

/// Reads the members of a Responses body.
struct ResponsesRequestReader {
  private(set) var chat: Chat
  private var hasLostTools = false

  init(model: String) {
    chat = Chat(wire: .responses, model: model)
  }

  /// Refuses what only a store of earlier responses could answer. Source: wire-formats §2.4.
  func readState(_ body: JSON) throws(Fault) {
    for name in ["previous_response_id", "conversation", "prompt"] {
      if let value = body[name], !value.isNull { throw Self.unsupported(name) }
    }
    if body["background"]?.bool == true { throw Self.unsupported("background") }
  }

  private static func unsupported(_ name: String) -> Fault {
    Fault(
      .invalid, "The gateway keeps no responses, so '\(name)' can't be used; send the whole conversation.",
      code: "unsupported_parameter", param: name)
  }

  mutating func instruct(_ text: String) {
    let path = SourcePath("instructions")
    chat.messages.append(Message(.system, [Message.Content(.text(text), at: path)], at: path))
  }

  /// Adds to the conversation: to the assistant's turn in progress, else as a turn of its own.
  mutating func append(_ role: Message.Role, _ contents: [Message.Content], _ path: SourcePath) {
    if role == .assistant, let last = chat.messages.indices.last, chat.messages[last].role == .assistant {
      chat.messages[last].contents += contents
    } else {
      chat.messages.append(Message(role, contents, at: path))
    }
  }

  /// Reports what was left out.
  mutating func lose(_ path: String) { chat.losses.append(Loss(path, .dropped)) }

  /// Reads one other member.
  mutating func read(_ name: String, _ value: JSON) throws(Fault) {
    switch name {
    case "model", "input", "instructions", "store", "include", "stream_options", "background": break
    case "previous_response_id", "conversation", "prompt": break
    case "max_output_tokens": chat.settings.maxTokens = value.wholeNumber
    case "temperature": chat.settings.temperature = value
    case "top_p": chat.settings.topP = value
    case "top_logprobs":
      chat.settings.topLogprobs = value
      chat.settings.logprobs = true
    case "parallel_tool_calls": chat.parallelCalls = value.bool
    case "user": chat.settings.user = value.string
    case "safety_identifier": chat.settings.user = chat.settings.user ?? value.string
    case "stream": chat.isStream = value.bool ?? false
    case "tools": readTools(value)
    case "tool_choice": try readToolChoice(value)
    case "text": readText(value)
    case "reasoning": readReasoning(value)
    case "truncation" where value.string == "disabled": break
    case "service_tier" where value.string == "auto": break
    case "metadata" where value.count == 0: break
    default: chat.extra.append((name, value))
    }
  }

  private mutating func readText(_ text: JSON) {
    for (name, value) in text.members where !value.isNull {
      switch name {
      case "format": chat.format = Self.format(value)
      case "verbosity" where value.string == "medium": break
      default: chat.extra.append(("text." + name, value))
      }
    }
  }

  private static func format(_ value: JSON) -> OutputFormat? {
    switch value["type"]?.string {
    case "json_object": .json
    case "json_schema":
      .schema(
        OutputFormat.Schema(
          name: value["name"]?.string, schema: value["schema"], description: value["description"]?.string,
          strict: value["strict"]?.bool))
    default: nil
    }
  }

  private mutating func readReasoning(_ reasoning: JSON) {
    for (name, value) in reasoning.members where !value.isNull {
      switch name {
      case "effort":
        if let effort = Thinking.Effort(rawValue: value.string ?? "") {
          chat.thinking = Thinking(effort: effort)
        } else {
          chat.losses.append(Loss("reasoning.effort", .dropped))
        }
      default: chat.extra.append(("reasoning." + name, value))
      }
    }
  }
}

// MARK: - Tools

extension ResponsesRequestReader {
  private mutating func readTools(_ list: JSON) {
    for (position, tool) in list.elements.enumerated() {
      let path = SourcePath("tools", position)
      let name = tool["name"]?.string ?? ""
      let description = tool["description"]?.string
      switch tool["type"]?.string {
      case "function":
        let parameters = tool["parameters"]?.present
        let kind = Tool.Kind.function(parameters: parameters, strict: tool["strict"]?.bool)
        chat.tools.append(Tool(name, description: description, kind, at: path))
      case "custom":
        chat.tools.append(Tool(name, description: description, .freeform(format: tool["format"].map(Self.nested)), at: path))
      default:
        hasLostTools = true
        chat.losses.append(Loss(path.text(), .dropped))
      }
    }
  }

  /// A grammar stands flat here and in an object of its own in Chat, whose form the model of a chat has. Source: wire-formats §3.1, §3.2.
  private static func nested(_ format: JSON) -> JSON {
    guard format["type"]?.string == "grammar", format["grammar"] == nil else { return format }
    let members = format.members.filter { $0.name != "type" }.map { ($0.name, $0.value) }
    return .object([("type", "grammar"), ("grammar", .object(members))])
  }

  private mutating func readToolChoice(_ value: JSON) throws(Fault) {
    switch value["type"]?.string ?? value.string {
    case "none": chat.toolChoice = ToolChoice.none
    case "auto": chat.toolChoice = .auto
    case "required": chat.toolChoice = .required
    case "function", "custom": chat.toolChoice = .named(value["name"]?.string ?? "")
    case "allowed_tools":
      let names = (value["tools"] ?? .null).elements.compactMap { $0["name"]?.string }
      chat.toolChoice = .allowed(names, isRequired: value["mode"]?.string == "required")
    default:
      throw Fault(
        .invalid, "This model can't be made to use that tool.", code: "unsupported_parameter", param: "tool_choice")
    }
  }

  /// A choice can't be met when its tool runs at the vendor and can't travel.
  func checkToolChoice() throws(Fault) {
    var missing: String?
    if case .named(let name) = chat.toolChoice, !chat.tools.contains(where: { $0.name == name }) { missing = name }
    guard missing != nil || (hasLostTools && chat.tools.isEmpty && chat.toolChoice == .required) else { return }
    throw Fault(
      .invalid, "The tool that is to be called can't be used with this model.", code: "unsupported_parameter", param: "tool_choice")
  }
}
