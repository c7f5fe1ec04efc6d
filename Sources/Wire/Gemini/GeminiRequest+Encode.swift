package import Base

extension GeminiRequest {
  /// The body that goes up for a chat of another wire; the model's name and whether to stream belong into the path.
  ///
  /// `.invalid` with the client's path for what a Gemini model can't take. Source: wire-formats §2, §5.
  package static func encode(_ chat: Chat, for model: TargetModel) throws(Fault) -> EncodedRequest {
    var tools = try GeminiTools(chat, model)
    let turns = try GeminiTurns(chat, for: model, names: tools.names)
    tools.names = turns.names
    let options = GeminiOptions(chat, model)
    guard !turns.contents.isEmpty else {
      throw unsupported("No message is left to answer.", list(of: chat.wire))
    }
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    turns.write(&writer)
    tools.write(&writer)
    options.write(&writer)
    writer.endObject()
    let losses = chat.losses + turns.losses + tools.losses + options.losses
    return EncodedRequest(body: writer.bytes, losses: losses, tools: tools.names)
  }

  /// What the gateway has to fetch before `encode`: addresses of files where the model takes none. Each once.
  package static func addresses(_ chat: Chat, for model: TargetModel) -> [String] {
    var seen: Set<String> = []
    var addresses: [String] = []
    func add(_ part: Part) {
      switch part {
      case .media(let media):
        if let url = GeminiMedia.address(media, model.capabilities), seen.insert(url).inserted { addresses.append(url) }
      case .result(let result): for part in result.parts { add(part) }
      default: break
      }
    }
    for message in chat.messages {
      for content in message.contents { add(content.part) }
    }
    return addresses
  }

  /// What a client's wire calls the list of its messages.
  static func list(of wire: ClientWire) -> String {
    switch wire {
    case .chat, .messages: "messages"
    case .responses: "input"
    case .gemini: "contents"
    case .completions: "prompt"
    }
  }
}
