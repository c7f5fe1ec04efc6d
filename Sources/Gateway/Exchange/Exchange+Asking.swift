import Base
import HTTP
import Upstream
import Wire

/// A call on its way, and how its reply is to be read.
struct Underway {
  let sent: Upstream.Sent
  let reader: ReplyReader
}

/// What goes up.
extension Exchange {
  /// Reads what is asked: checks the body in the client's wire, keeps the call, gives the model's name.
  @inline(never)
  func read(_ asked: Asked, _ bytes: [UInt8], _ key: Keys.Key) throws(Fault) -> String {
    let body = try JSON(parsing: bytes)
    try Self.check(body, asked.endpoint, asked.wire)
    let isStream = asked.isStream || asked.wire != .gemini && body["stream"]?.bool ?? false
    var call = Call(asked.endpoint, asked.wire, body: body, isStream: isStream)
    call.isSingle = asked.isSingle
    if asked.wire == .gemini, Query.value(of: "alt", in: request.head.query) != Array("sse".utf8) { call.form = .array }
    if asked.wire == .messages { call.features = request.head.headers["anthropic-beta"] }
    self.call = call
    reasoning = try reasoningOutput(key)
    return asked.model ?? body["model"]?.string ?? ""
  }

  /// Checks a body by the rules of its wire.
  static func check(_ body: JSON, _ endpoint: EndpointName, _ wire: ClientWire) throws(Fault) {
    switch wire {
    case .chat, .completions:
      if let kind = ChatRequestCheck.Endpoint(rawValue: endpoint.rawValue) { try ChatRequestCheck.check(kind, body: body) }
    case .responses: try ResponsesRequestCheck.check(body)
    case .messages: try AnthropicRequestCheck.check(body, for: endpoint == .countTokens ? .countTokens : .messages)
    case .gemini: if endpoint == .chat { try GeminiRequestCheck.check(body) }
    }
  }

  /// The request's own wish, else the key's, else the config's.
  private func reasoningOutput(_ key: Keys.Key) throws(Fault) -> ReasoningOutput {
    guard let word = request.head.headers["x-apus-reasoning"] else { return key.reasoning ?? setup.config.reasoning }
    guard let output = ReasoningOutput(rawValue: word) else {
      let known = ReasoningOutput.allCases.map(\.rawValue).joined(separator: ", ")
      throw Fault(.invalid, "x-apus-reasoning is one of \(known).", code: "invalid_value", param: "x-apus-reasoning")
    }
    return output
  }

  /// Sends the call up, in the upstream's wire.
  @inline(never)
  func ask(_ offer: Offer, _ pick: KeyRing.Pick, _ call: Call, _ key: Keys.Key) async throws(Fault) -> Underway {
    let provider = offer.provider
    trace.provider = provider.name
    trace.model = offer.model.upstream
    let own = clientCredentials(provider)
    if call.passes(to: provider.file) { return submit(try provider.prepare(call, offer, pick, own: own), offer, call, key, isSame: true) }
    if call.endpoint == .embeddings, provider.has(.embeddings) {
      return submit(try provider.prepareEmbeddings(call, offer, pick, own: own), offer, call, key, isSame: false)
    }
    let chat = try chat(of: call)
    let fetched = try await fetch(provider.file.wire.addresses(chat, for: offer.target))
    let prepared = try provider.prepare(chat, call, offer, pick, own: own, fetched: fetched)
    return submit(prepared, offer, call, key, isSame: false)
  }

  @inline(never)
  private func submit(_ prepared: Provider.Prepared, _ offer: Offer, _ call: Call, _ key: Keys.Key, isSame: Bool) -> Underway {
    trace.losses = prepared.losses
    let sent = upstream.send(prepared, to: offer.provider)
    cancelWithClient(sent.stream, key)
    return Underway(
      sent: sent, reader: ReplyReader(call, offer, prepared.tools, isSame: isSame, reasoning, model: trace.asked))
  }

  /// The call in no wire's words. Throws `invalid` for an endpoint that isn't a chat.
  func chat(of call: Call) throws(Fault) -> Chat {
    if let chat { return chat }
    guard call.endpoint == .chat || call.endpoint == .completions || call.endpoint == .countTokens else {
      throw Fault(
        .invalid, "The model “\(trace.asked)” has no endpoint for this request (\(call.endpoint.rawValue)).",
        code: "unsupported_endpoint", param: "model")
    }
    let chat = try call.wire.decode(call.body, model: trace.asked, isStream: call.isStream, isCount: call.endpoint == .countTokens)
    self.chat = chat
    return chat
  }
}

// MARK: - Counts

extension Exchange {
  /// Answers a count of tokens by an estimate where the upstream can't be asked in the client's wire; false where it can.
  func estimates(_ call: Call, _ offer: Offer) throws(Fault) -> Bool {
    guard call.endpoint == .countTokens, !call.passes(to: offer.provider.file) else { return false }
    trace.provider = offer.provider.name
    trace.model = offer.model.upstream
    respond(estimate: try chat(of: call))
    return true
  }

  /// Answers with an estimate, and says that it is one.
  func respond(estimate chat: Chat) {
    let estimate = TokenEstimate(chat)
    trace.losses.append(TokenEstimate.loss(for: wire))
    respond(json: wire == .gemini ? estimate.geminiReply : estimate.messagesReply)
  }

  /// Fetches the files that a request names by address, for a model that takes none.
  func fetch(_ addresses: [String]) async throws(Fault) -> [String: Media.Source] {
    guard !addresses.isEmpty else { return [:] }
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    return try await upstream.fetcher.fetch(addresses)
  }
}
