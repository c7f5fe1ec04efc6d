package import Base

/// Messages requests: read into a `Chat`, written from one, or changed in place where both sides speak Messages.
package enum AnthropicRequest {
  /// Reads a client's body. `.invalid` with the member's path for what can't be understood or can't travel to another wire.
  package static func decode(_ body: JSON, for endpoint: AnthropicRequestCheck.Endpoint = .messages) throws(Fault) -> Chat {
    try AnthropicRequestCheck.check(body, for: endpoint)
    var reader = AnthropicRequestReader(model: body["model"]?.string ?? "")
    try reader.readMessages(body)
    for (name, value) in body.members where !value.isNull { try reader.read(name, value) }
    try reader.checkToolChoice()
    return reader.chat
  }
}

/// Reads the members of a Messages body. Source: wire-formats §3.3, §5.3.
///
/// What no other wire can take is reported here: the result only goes to other wires.
struct AnthropicRequestReader {
  private(set) var chat: Chat
  private var hasLostTools = false

  init(model: String) {
    chat = Chat(wire: .messages, model: model)
  }

  /// Reads the system prompt and the turns.
  mutating func readMessages(_ body: JSON) throws(Fault) {
    var reader = AnthropicBlockReader()
    if let system = body["system"], !system.isNull {
      chat.messages.append(try reader.message(.system, system, at: SourcePath("system"), list: nil))
    }
    var position = 0
    for message in body["messages"]?.elements ?? JSON.null.elements {
      let role = Message.Role(rawValue: message["role"]?.string ?? "") ?? .user
      chat.messages.append(
        try reader.message(role, message["content"] ?? .null, at: SourcePath("messages", position), list: "content"))
      position += 1
    }
    chat.losses += reader.losses
  }

  /// Reads one other member.
  mutating func read(_ name: String, _ value: JSON) throws(Fault) {
    switch name {
    case "model", "messages", "system": break
    case "max_tokens": try limit(value)
    case "temperature": chat.settings.temperature = value
    case "top_p": chat.settings.topP = value
    case "top_k": chat.settings.topK = value
    case "stop_sequences": chat.settings.stop = value.elements.compactMap(\.string)
    case "stream": chat.isStream = value.bool ?? false
    case "metadata": metadata(value)
    case "thinking": thinking(value)
    case "output_config": try output(value)
    case "tools": tools(value)
    case "tool_choice": try toolChoice(value)
    case "service_tier" where value.string == "auto": break  // a hint that changes nothing
    case "thread": throw Self.unthreaded
    default: drop(name)
    }
  }

  /// A conversation that the vendor holds: what is sent is only its last piece. The official client's tool runner begins one unasked,
  /// and by this code alone it sends the whole conversation instead. Source: anthropic 2.13.0, `thread_unsupported_request_error.py`.
  private static var unthreaded: Fault {
    var fault = Fault(
      .invalid, "This model holds no threads: send the whole conversation in 'messages', without 'thread'.", code: "unsupported_parameter",
      param: "thread")
    fault.members = [("details", ["error_code": "thread_unsupported_request"])]
    return fault
  }

  private mutating func drop(_ path: String) { chat.losses.append(Loss(path, .dropped)) }

  /// A limit of 0 asks for nothing but a warm cache, which other wires don't have.
  private mutating func limit(_ value: JSON) throws(Fault) {
    let limit = value.wholeNumber ?? 0
    guard limit != 0 else {
      throw Fault(
        .invalid, "This model can't warm a cache: 'max_tokens' must be at least 1.", code: "unsupported_parameter", param: "max_tokens")
    }
    chat.settings.maxTokens = limit
  }

  private mutating func metadata(_ value: JSON) {
    chat.settings.user = value["user_id"]?.string
    for (name, value) in value.members where name != "user_id" && !value.isNull { drop("metadata.\(name)") }
  }

  private mutating func thinking(_ value: JSON) {
    var thinking = chat.thinking ?? Thinking()
    switch value["type"]?.string {
    case "enabled": thinking.budget = value["budget_tokens"]?.wholeNumber
    case "adaptive": thinking.isAdaptive = true
    case "disabled": thinking.isOff = true
    default: return drop("thinking")
    }
    if let display = value["display"]?.string { thinking.isShown = display != "omitted" }
    chat.thinking = thinking
  }

  private mutating func output(_ value: JSON) throws(Fault) {
    for (name, value) in value.members where !value.isNull {
      switch name {
      case "effort":
        guard let effort = Thinking.Effort(rawValue: value.string ?? "") else {
          drop("output_config.effort")
          continue
        }
        var thinking = chat.thinking ?? Thinking()
        thinking.effort = effort
        chat.thinking = thinking
      case "format": try format(value)
      default: drop("output_config.\(name)")
      }
    }
  }

  private mutating func format(_ value: JSON) throws(Fault) {
    guard value["type"]?.string == "json_schema" else {
      throw Fault(
        .invalid, "This model can't answer in that format; use 'json_schema'.", code: "unsupported_parameter", param: "output_config.format"
      )
    }
    // On this wire an answer always fits its schema exactly.
    chat.format = .schema(OutputFormat.Schema(schema: value["schema"], strict: true))
  }
}

extension AnthropicRequestReader {
  private mutating func tools(_ list: JSON) {
    chat.tools = []
    for (position, tool) in list.elements.enumerated() {
      let path = SourcePath("tools", position)
      guard AnthropicRequestCheck.isCustom(tool) else {
        hasLostTools = true
        drop(path.text())
        continue
      }
      let kind = Tool.Kind.function(parameters: tool["input_schema"], strict: tool["strict"]?.bool)
      chat.tools.append(Tool(tool["name"]?.string ?? "", description: tool["description"]?.string, kind, at: path))
      for (name, value) in tool.members where !value.isNull && value.bool != false && !Self.toolMembers.contains(name) {
        drop(path.text(name))
      }
    }
  }

  private static let toolMembers: Set<String> = ["type", "name", "description", "input_schema", "strict"]

  private mutating func toolChoice(_ value: JSON) throws(Fault) {
    switch value["type"]?.string {
    case "auto": chat.toolChoice = .auto
    case "any": chat.toolChoice = .required
    case "none": chat.toolChoice = ToolChoice.none
    case "tool": chat.toolChoice = .named(value["name"]?.string ?? "")
    default:
      throw Fault(.invalid, "This model doesn't know that tool choice.", code: "unsupported_parameter", param: "tool_choice.type")
    }
    if value["disable_parallel_tool_use"]?.bool == true { chat.parallelCalls = false }
  }

  /// Refuses a choice that can't be met because a tool of the vendor's own can't travel. Source: wire-formats §2.4.
  func checkToolChoice() throws(Fault) {
    guard hasLostTools else { return }
    switch chat.toolChoice {
    case .named(let name) where !chat.tools.contains(where: { $0.name == name }):
      throw Fault(
        .invalid, "The tool '\(name)' is Anthropic's own and can't be used with this model.", code: "unsupported_parameter",
        param: "tool_choice.name")
    case .required where chat.tools.isEmpty:
      throw Fault(
        .invalid, "A tool must be called, but all tools are Anthropic's own and can't be used with this model.",
        code: "unsupported_parameter", param: "tool_choice.type")
    default: return
    }
  }
}

extension JSON {
  /// The value of a whole number, also where it was written as `1.0`.
  var wholeNumber: Int? { int ?? double.flatMap { Int(exactly: $0) } }
}
