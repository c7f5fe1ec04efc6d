package import Base

extension ChatRelay {
  /// A whole reply on its way to the client.
  package struct Whole: Sendable {
    /// The body for the client.
    package var bytes: [UInt8]
    /// How many tokens it took, nil when the upstream told nothing.
    package var usage: Usage?
    /// Why each choice ended; empty for embeddings and rerank.
    package var finishes: [Int: FinishReason]
  }

  /// Hands a whole body of chat, completions, embeddings or rerank on: only the top-level model's name changes.
  ///
  /// Throws what an error in a body with status 200 means, `.broken` for a body that is no JSON object.
  package static func whole(
    _ body: [UInt8], model: String, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = []
  ) throws(Fault) -> Whole {
    let scan = try scan(body, rules)
    var edits = RelayEdits()
    var reply = Whole(bytes: body, usage: nil, finishes: [:])
    if let name = scan.model {
      var text: [UInt8] = []
      JSONWriter.escape(model, into: &text)
      if !body[name].elementsEqual(text) { edits.replace(name, with: text) }
    }
    var usage = scan.usage
    for choice in [scan.first].compactMap(\.self) + scan.more {
      usage = usage ?? choice.usage
      guard let range = choice.finish else {
        reply.finishes[choice.index] = .stop
        continue
      }
      let word = String(decoding: body[range], as: UTF8.self)
      let reason = try reason(word, finishWords, hasContent: choice.isVisible)
      if finishWords[word] != nil, reason.chat != word { edits.replace(range, with: Array(reason.chat.utf8)) }
      reply.finishes[choice.index] = reason
    }
    reply.usage = usage.flatMap { try? JSON(parsing: Array(body[$0])) }.flatMap { Usage(chat: $0) }  // nil is right: usage breaks no reply
    guard !edits.isEmpty else { return reply }
    reply.bytes = []
    edits.append(body[...], to: &reply.bytes)
    return reply
  }

  private static func scan(_ body: [UInt8], _ rules: [ErrorRule]) throws(Fault) -> ChunkScan {
    if rules.isEmpty, let scan = ChunkScan(body.span), !scan.hasError, scan.hasChoices || scan.hasResults { return scan }
    let answer = UpstreamAnswer(status: 200, headers: [], body: body)
    if let fault = UpstreamError.fault(inside: answer, rules: rules) { throw fault }
    guard answer.json != nil, let scan = ChunkScan(body.span) else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "\(body.count) bytes that are no JSON object")
    }
    guard scan.hasChoices || scan.hasResults else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "a body without choices, data or results")
    }
    return scan
  }
}
