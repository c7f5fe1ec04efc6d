package import Base

extension AnthropicRelay {
  /// A whole reply on its way to the client.
  package struct Whole: Sendable {
    /// The body for the client.
    package var bytes: [UInt8]
    /// How many tokens it took, nil when the upstream told nothing.
    package var usage: Usage?
    /// Why the reply ended; empty for a count of tokens.
    package var finishes: [Int: FinishReason]
  }

  /// Hands a whole body of Messages or of `count_tokens` on: only the model's name changes, and stop reasons that the file translates.
  ///
  /// Throws what an error in a body with status 200 means, `.broken` for a body that is no reply.
  package static func whole(
    _ body: [UInt8], model: String, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = []
  ) throws(Fault) -> Whole {
    let answer = UpstreamAnswer(status: 200, headers: [], body: body)
    guard let json = answer.json, json.kind == .object else { throw broken("\(body.count) bytes that are no JSON object") }
    if let fault = AnthropicRules.fault(body: json, rules: rules) { throw fault }
    if json["content"] == nil, json["input_tokens"]?.wholeNumber != nil { return Whole(bytes: body, usage: nil, finishes: [:]) }
    guard json["content"]?.kind == .array else { throw broken("a body without content") }
    var counted = AnthropicUsage()
    counted.merge(json["usage"])
    var edit = JSONEdit(json)
    if let name = json["model"], name != JSON(model) { edit.replace(name, with: JSON(model)) }
    let word = json["stop_reason"]?.string ?? ""
    let reason = finishWords[word] ?? FinishReason(messages: word) ?? .stop
    if finishWords[word] != nil, let value = json["stop_reason"] {
      edit.replace(value, with: JSON(reason.messages(sequence: json["stop_sequence"]?.string)))
    }
    return Whole(bytes: edit.isEmpty ? body : edit.bytes(), usage: counted.total, finishes: [0: reason])
  }

  private static func broken(_ detail: String) -> Fault {
    Fault(.broken, "The upstream's answer is broken. Try again.", detail: detail)
  }
}
