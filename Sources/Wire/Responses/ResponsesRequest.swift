package import Base

/// The bodies of Responses requests, read into the model. Responses is a wire of clients only. Source: wire-formats §3.2, §5.2.
package enum ResponsesRequest {
  /// What a body asks for.
  ///
  /// Throws `.invalid` with the field's path: `invalid_type`, `missing_required_field`, `invalid_value`, for what only a store could
  /// answer or no other wire has words for `unsupported_parameter`, and `unsupported_content` for such items and parts.
  package static func decode(_ body: JSON) throws(Fault) -> Chat {
    try ResponsesState.refuse(body)
    try ResponsesRequestCheck.check(body)
    var chat = Chat(wire: .responses, model: body["model"]?.string ?? "")
    chat.wantsUsage = true  // it stands in the last event, asked for or not
    try readInput(body, &chat)
    for (name, value) in body.members where !value.isNull {
      if !readSetting(name, value, &chat), try !readTools(name, value, &chat) { try readRest(name, value, &chat) }
    }
    if chat.settings.user == nil, let user = body["safety_identifier"]?.string {
      chat.settings.user = user
      chat.settings.userMember = "safety_identifier"
      chat.extra.removeAll { $0.path == "safety_identifier" }
    }
    return chat
  }

  /// A value that is there and not null.
  static func present(_ value: JSON?) -> JSON? { value?.isNull == false ? value : nil }

  private static func readInput(_ body: JSON, _ chat: inout Chat) throws(Fault) {
    var reader = ResponsesItemReader()
    if let text = body["instructions"]?.string {
      let path = SourcePath("instructions")
      reader.messages.append(Message(.system, [Message.Content(.text(text), at: path)], at: path))
    }
    if let text = body["input"]?.string {
      let path = SourcePath("input")
      reader.messages.append(Message(.user, [Message.Content(.text(text), at: path)], at: path))
    }
    for (position, item) in (body["input"] ?? .null).elements.enumerated() { try reader.read(item, position) }
    chat.messages = reader.messages
    chat.losses = reader.losses
  }

  /// Reads a member that is a limit or about sampling; false for others.
  private static func readSetting(_ name: String, _ value: JSON, _ chat: inout Chat) -> Bool {
    switch name {
    case "max_output_tokens": chat.settings.maxTokens = value.int ?? value.double.flatMap { Int(exactly: $0) }
    case "temperature": chat.settings.temperature = value
    case "top_p": chat.settings.topP = value
    case "top_logprobs":
      guard value.double != 0 else { return true }
      chat.settings.topLogprobs = value
      chat.settings.logprobs = true  // Chat wants the second with the first
    case "include":
      if value.elements.contains(where: { $0.string == "message.output_text.logprobs" }) { chat.settings.logprobs = true }
    case "user": chat.settings.user = value.string
    default: return false
    }
    return true
  }

  /// Reads what is left; a member without a place in the model is kept as it is.
  private static func readRest(_ name: String, _ value: JSON, _ chat: inout Chat) throws(Fault) {
    switch name {
    case "model", "input", "instructions": break
    case "stream": chat.isStream = value.bool ?? false
    case "text": try readText(value, &chat)
    case "reasoning": readReasoning(value, &chat)
    case "store", "stream_options": break  // satisfied by the gateway itself
    case "previous_response_id", "conversation", "prompt", "background", "context_management": break  // refused, or said nothing
    case "truncation" where value.string == "disabled": break
    default: chat.extra.append((name, value))
    }
  }

  private static func readText(_ text: JSON, _ chat: inout Chat) throws(Fault) {
    for (name, value) in text.members where !value.isNull {
      if name == "format" { chat.format = try format(value) } else { chat.extra.append(("text." + name, value)) }
    }
  }

  private static func format(_ format: JSON) throws(Fault) -> OutputFormat? {
    switch format["type"]?.string {
    case "text": return nil
    case "json_object": return .json
    case "json_schema":
      try schemaShape.check(format) { "text.format" }
      return .schema(
        OutputFormat.Schema(
          name: format["name"]?.string, schema: present(format["schema"]), description: format["description"]?.string,
          strict: format["strict"]?.bool))
    default:
      throw Fault(
        .invalid, "This model doesn't support this form of answers; use text, json_object or json_schema.", code: "unsupported_parameter",
        param: "text.format.type")
    }
  }

  private static func readReasoning(_ reasoning: JSON, _ chat: inout Chat) {
    var thinking = Thinking()
    for (name, value) in reasoning.members where !value.isNull {
      switch name {
      case "effort" where Thinking.Effort(rawValue: value.string ?? "") != nil:
        thinking.effort = value.string.flatMap(Thinking.Effort.init)
      case "summary", "generate_summary": thinking.isShown = true
      default: chat.extra.append(("reasoning." + name, value))
      }
    }
    if thinking != Thinking() { chat.thinking = thinking }
  }

  private static let schemaShape = RequestShape(
    ["name": .string, "schema": .object, "description": .string, "strict": .boolean], required: ["name", "schema"])
}
