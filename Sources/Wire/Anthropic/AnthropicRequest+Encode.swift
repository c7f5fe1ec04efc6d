package import Base

extension AnthropicRequest {
  /// Writes the body that asks a Messages model. `.invalid` for what would come back in another shape or answer something else.
  package static func encode(_ chat: Chat, for model: TargetModel) throws(Fault) -> EncodedRequest {
    let path = chat.wire.path(of: .candidates)
    if let candidates = chat.settings.candidates, candidates > 1 {
      throw Fault(.invalid, "This model gives one answer; '\(path)' can't be more than 1.", code: "unsupported_parameter", param: path)
    }
    var tools = AnthropicTools()
    try tools.read(chat, model.capabilities)
    let turns = try AnthropicTurns(chat, for: model, names: tools.names)
    guard !turns.turns.isEmpty else {
      let list = chat.wire.turns
      throw Fault(.invalid, "No message is left to answer.", code: "unsupported_content", param: list)
    }
    var options = AnthropicOptions(chat, model)
    options.read(after: turns.turns, isForced: tools.isForced)
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.member("model", model.name)
    writer.member("max_tokens", options.limit)
    let system = turns.system + options.system
    if !system.isEmpty { AnthropicBlock.write(content: system, name: "system", &writer) }
    writer.key("messages")
    writer.beginArray()
    for turn in turns.turns { turn.write(&writer) }
    writer.endArray()
    tools.write(&writer)
    options.write(&writer)
    if chat.isStream { writer.member("stream", true) }
    writer.endObject()
    let losses = chat.losses + tools.losses + turns.losses + options.losses
    return EncodedRequest(body: writer.bytes, losses: losses, tools: turns.names)
  }

  /// The addresses of images and documents that the gateway has to fetch before `encode`, each once.
  package static func addresses(_ chat: Chat, for model: TargetModel) -> [String] {
    let reader = AnthropicMedia(chat: chat.wire, model: model)
    var addresses: [String] = []
    func add(_ part: Part) {
      switch part {
      case .media(let media):
        if let address = reader.address(media), !addresses.contains(address) { addresses.append(address) }
      case .result(let result): for part in result.parts { add(part) }
      default: break
      }
    }
    for message in chat.messages {
      for content in message.contents { add(content.part) }
    }
    return addresses
  }
}

extension ClientWire {
  /// The member that holds the conversation.
  fileprivate var turns: String {
    switch self {
    case .chat, .messages: "messages"
    case .responses: "input"
    case .gemini: "contents"
    case .completions: "prompt"
    }
  }
}
