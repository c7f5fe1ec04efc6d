package import Base

extension ChatRelay {
  /// A whole reply on its way to the client.
  package struct Whole: Sendable {
    /// The body for the client.
    package var bytes: [UInt8]
    /// How many tokens it took, nil when the upstream told nothing.
    package var usage: Usage?
    /// Why the first choice ended; nil for embeddings and rerank.
    package var finish: FinishReason?
  }

  /// Hands a whole body of chat, completions, embeddings or rerank on: only the top-level model's name changes.
  ///
  /// Throws what an error in a body with status 200 means, `.broken` for a body that is no JSON object.
  package static func whole(
    _ body: [UInt8], model: String, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = []
  ) throws(Fault) -> Whole {
    let scan = try scan(body, rules)
    if scan.isOdd || hasNamelessCall(scan, body) { return try translated(body, model, finishWords, rules) }
    var edits = RelayEdits()
    if let name = scan.model {
      var text: [UInt8] = []
      JSONWriter.escape(model, into: &text)
      if !body[name].elementsEqual(text) { edits.replace(name, with: text) }
    }
    var usage = scan.usage
    var finish: FinishReason?
    if let first = scan.first {
      finish = try self.finish(of: first, body, finishWords, &edits)
      usage = usage ?? first.usage
    }
    for choice in scan.more {
      _ = try self.finish(of: choice, body, finishWords, &edits)
      usage = usage ?? choice.usage
    }
    var reply = Whole(bytes: [], usage: usage.flatMap { Usage(chat: body.span, in: $0) }, finish: finish)
    if edits.isEmpty { reply.bytes = body } else { edits.append(body[...], to: &reply.bytes) }
    return reply
  }

  /// Whether a call has no id.
  private static func hasNamelessCall(_ scan: ChunkScan, _ body: [UInt8]) -> Bool {
    for choice in [scan.first].compactMap(\.self) + scan.more {
      guard let range = choice.calls, let list = try? JSON(parsing: Array(body[range])) else { continue }  // nil is right: it passes
      for call in list.elements where call["id"]?.string?.isEmpty != false { return true }
    }
    return false
  }

  /// A body that has its text or reasoning in a place that Chat clients don't look at.
  private static func translated(
    _ body: [UInt8], _ model: String, _ finishWords: [String: FinishReason], _ rules: [ErrorRule]
  ) throws(Fault) -> Whole {
    let reply = try ChatReplyDecoder(finishWords: finishWords, rules: rules).decode(try JSON(parsing: body))
    var encoder = ChatReplyEncoder(model: model, created: 0)
    return Whole(bytes: encoder.encode(reply), usage: reply.usage, finish: reply.candidates.first?.finish)
  }

  /// Why a choice ended; translates its word where the provider file says so.
  private static func finish(
    of choice: ChunkScan.Choice, _ body: [UInt8], _ words: [String: FinishReason], _ edits: inout RelayEdits
  ) throws(Fault) -> FinishReason {
    guard let range = choice.finish else { return .stop }
    if words.isEmpty, body[range].elementsEqual("stop".utf8) { return .stop }
    let word = String(decoding: body[range], as: UTF8.self)
    let reason = try reason(word, words, hasContent: choice.isVisible)
    if words[word] != nil, reason.chat != word { edits.replace(range, with: Array(reason.chat.utf8)) }
    return reason
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
