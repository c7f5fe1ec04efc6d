package import Base

/// The bodies of Chat requests: a client's, read into the model, and an upstream's, written from it. Source: wire-formats §3.1, §5.
///
/// On the same wire a body goes through as splices (`RequestRules.apply`); this is for the pairs of wires that differ.
package enum ChatRequest {
  /// What a body asks for.
  ///
  /// Throws `.invalid` with the field's path: `invalid_type`, `missing_required_field`, `invalid_value`, and where no other wire has
  /// words for what is asked, `unsupported_parameter` and `unsupported_content`.
  package static func decode(_ body: JSON) throws(Fault) -> Chat {
    try ChatRequestCheck.check(.chat, body: body)
    var chat = Chat(wire: .chat, model: body["model"]?.string ?? "")
    var reader = ChatTurnReader()
    for (position, message) in (body["messages"] ?? .null).elements.enumerated() { try reader.read(message, position) }
    chat.messages = reader.messages
    chat.losses = reader.losses
    for (name, value) in body.members where !value.isNull {
      if !readSetting(name, value, &chat), try !readTools(name, value, &chat) { try readRest(name, value, &chat) }
    }
    // The first of the two names wins. Source: wire-formats §5.1.
    chat.settings.maxTokens = whole(body["max_completion_tokens"]) ?? whole(body["max_tokens"])
    if chat.settings.user == nil, let user = body["safety_identifier"]?.string {
      chat.settings.user = user
      chat.settings.userMember = "safety_identifier"
    }
    return chat
  }

  /// The body for an upstream, with what was lost on the way. The provider file's own rules come behind it.
  ///
  /// Throws `.invalid` with `unsupported_parameter` or `unsupported_content` for what the upstream can't be asked.
  package static func encode(_ chat: Chat, for model: TargetModel) throws(Fault) -> EncodedRequest {
    var encoder = ChatRequestEncoder(chat, for: model)
    return try encoder.encode()
  }

  /// A whole number, also one that is written as `1.0`.
  static func whole(_ value: JSON?) -> Int? {
    value?.int ?? value?.double.flatMap { Int(exactly: $0) }
  }

  /// Reads a member that is a limit or about sampling; false for others.
  private static func readSetting(_ name: String, _ value: JSON, _ chat: inout Chat) -> Bool {
    switch name {
    case "temperature": chat.settings.temperature = value
    case "top_p": chat.settings.topP = value
    case "top_k": chat.settings.topK = value
    case "stop":
      chat.settings.stop = value.string.map { [$0] } ?? value.elements.compactMap(\.string)
      chat.settings.isStopAlone = value.kind == .string
    case "n": chat.settings.candidates = whole(value)
    case "frequency_penalty": chat.settings.frequencyPenalty = value
    case "presence_penalty": chat.settings.presencePenalty = value
    case "seed": chat.settings.seed = value
    case "logprobs": chat.settings.logprobs = value.bool
    case "top_logprobs": chat.settings.topLogprobs = value
    case "logit_bias": chat.settings.logitBias = value
    case "user": chat.settings.user = value.string
    default: return false
    }
    return true
  }

  /// Reads what is left; a member without a place in the model is kept as it is.
  private static func readRest(_ name: String, _ value: JSON, _ chat: inout Chat) throws(Fault) {
    switch name {
    case "model", "messages", "max_tokens", "max_completion_tokens": break
    case "stream": chat.isStream = value.bool ?? false
    case "stream_options": chat.wantsUsage = value["include_usage"]?.bool ?? false
    case "response_format": chat.format = try format(value)
    case "reasoning_effort" where Thinking.Effort(rawValue: value.string ?? "") != nil:
      chat.thinking = Thinking(effort: value.string.flatMap(Thinking.Effort.init))
    case "safety_identifier" where chat.settings.user == nil: break
    default:
      if !BodyMembers.isUsual(name, value) { chat.extra.append((name, value)) }
    }
  }

  private static func format(_ value: JSON) throws(Fault) -> OutputFormat? {
    switch value["type"]?.string {
    case "text": return nil
    case "json_object": return .json
    case "json_schema":
      guard let schema = value["json_schema"] else { throw RequestShape.missing("response_format.json_schema") }
      try schemaShape.check(schema) { "response_format.json_schema" }
      return .schema(
        OutputFormat.Schema(
          name: schema["name"]?.string, schema: ChatRequest.present(schema["schema"]), description: schema["description"]?.string,
          strict: schema["strict"]?.bool))
    default:
      throw Fault(
        .invalid, "This model doesn't support this form of answers; use text, json_object or json_schema.", code: "unsupported_parameter",
        param: "response_format.type")
    }
  }

  /// A value that is there and not null.
  static func present(_ value: JSON?) -> JSON? { value?.isNull == false ? value : nil }

  private static let schemaShape = RequestShape(
    ["name": .string, "schema": .object, "description": .string, "strict": .boolean], required: ["name"])
}
