package import Base

/// The bodies of the legacy `/v1/completions`, read into the model so that a chat's upstream can answer. Source: wire-formats §11.
package enum CompletionsRequest {
  /// What a body asks for: one user message with the prompt.
  ///
  /// Throws `.invalid` with the field's path: `invalid_type`, `missing_required_field`, and `unsupported_parameter` for what only the
  /// old models could do.
  package static func decode(_ body: JSON) throws(Fault) -> Chat {
    try ChatRequestCheck.check(.completions, body: body)
    var chat = Chat(wire: .completions, model: body["model"]?.string ?? "")
    let path = SourcePath("prompt")
    chat.messages = [Message(.user, [Message.Content(.text(try prompt(body["prompt"] ?? .null)), at: path)], at: path)]
    for (name, value) in body.members where !value.isNull { try read(name, value, &chat) }
    chat.settings.maxTokens = ChatRequest.whole(body["max_tokens"]) ?? Self.usualLimit
    return chat
  }

  /// The limit of an answer whose request names none.
  private static let usualLimit = 16

  private static func prompt(_ prompt: JSON) throws(Fault) -> String {
    if let text = prompt.string ?? (prompt.count == 1 ? prompt[0]?.string : nil) { return text }
    throw unsupported("prompt", "several prompts, and prompts of tokens; send one text")
  }

  private static func read(_ name: String, _ value: JSON, _ chat: inout Chat) throws(Fault) {
    switch name {
    case "model", "prompt", "max_tokens": break
    case "temperature": chat.settings.temperature = value
    case "top_p": chat.settings.topP = value
    case "n": chat.settings.candidates = ChatRequest.whole(value)
    case "stop":
      chat.settings.stop = value.string.map { [$0] } ?? value.elements.compactMap(\.string)
      chat.settings.isStopAlone = value.kind == .string
    case "frequency_penalty": chat.settings.frequencyPenalty = value
    case "presence_penalty": chat.settings.presencePenalty = value
    case "seed": chat.settings.seed = value
    case "logit_bias": chat.settings.logitBias = value
    case "user": chat.settings.user = value.string
    case "stream": chat.isStream = value.bool ?? false
    case "stream_options": chat.wantsUsage = value["include_usage"]?.bool ?? false
    case "echo": if value.bool == true { throw unsupported(name, "\"echo\"; put the prompt before the answer yourself") }
    case "suffix": if value.string?.isEmpty == false { throw unsupported(name, "\"suffix\"; leave it out") }
    case "best_of": if ChatRequest.whole(value) != 1 { throw unsupported(name, "\"best_of\"; leave it out") }
    case "logprobs": throw unsupported(name, "\"logprobs\"; leave it out")
    default: chat.extra.append((name, value))
    }
  }

  private static func unsupported(_ name: String, _ what: String) -> Fault {
    Fault(.invalid, "Behind /v1/completions this model doesn't support \(what).", code: "unsupported_parameter", param: name)
  }
}
