import Base
import HTTP
import Upstream
import Wire

/// A call on its way, and how its reply is to be read.
struct Underway {
  let sent: Upstream.Sent
  let reader: ReplyReader
}

/// A chat that was read, in a box: it is large, and most exchanges have none.
final class ReadChat {
  let chat: Chat

  init(_ chat: Chat) {
    self.chat = chat
  }
}

/// What goes up.
extension Exchange {
  /// Reads what is asked: checks the body in the client's wire, keeps the call, gives the model's name.
  @inline(never)
  func read(_ asked: Asked, _ bytes: [UInt8], _ key: Keys.Key) throws(Fault) -> String {
    let body = try JSON(parsing: bytes)
    try Self.check(body, asked.endpoint, asked.wire)
    let isStream = asked.isStream || asked.wire != .gemini && body["stream"]?.bool ?? false
    trace.isStream = isStream
    call = Call(
      asked.endpoint, asked.wire, body: body, isStream: isStream,
      features: asked.wire == .messages ? request.head.headers[.anthropicBeta] : nil, isSingle: asked.isSingle, form: form)
    reasoning = try reasoningOutput(key)
    return asked.model ?? body["model"]?.string ?? ""
  }

  /// The form of a Gemini stream: one array where no events are asked for.
  var form: GeminiStreamForm {
    wire == .gemini && Query.value(of: "alt", in: request.head.query) != Array("sse".utf8) ? .array : .events
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
    guard let word = request.head.headers[.apusReasoning] else { return key.reasoning ?? setup.config.reasoning }
    guard let output = ReasoningOutput(rawValue: word) else {
      let known = ReasoningOutput.allCases.map(\.rawValue).joined(separator: ", ")
      throw Fault(.invalid, "x-apus-reasoning is one of \(known).", code: "invalid_value", param: "x-apus-reasoning")
    }
    return output
  }

  /// Sends the call up as it is, but for splices.
  @inline(never)
  func ask(_ offer: Offer, _ pick: KeyRing.Pick, _ call: Call, _ key: Keys.Key) throws(Fault) -> Underway {
    note(offer)
    let prepared = try offer.provider.prepare(call, offer, pick, own: clientCredentials(offer.provider))
    return submit(prepared, offer, call, key, isSame: true)
  }

  /// Sends the call up in another wire; files that it names by address are fetched before, where the model takes none.
  @inline(never)
  func askTranslated(_ offer: Offer, _ pick: KeyRing.Pick, _ call: Call, _ key: Keys.Key) async throws(Fault) -> Underway {
    let addresses = try addresses(call, offer)
    return try submitTranslated(offer, pick, call, key, addresses.isEmpty ? [:] : try await fetch(addresses))
  }

  @inline(never)
  private func addresses(_ call: Call, _ offer: Offer) throws(Fault) -> [String] {
    note(offer)
    if call.endpoint == .embeddings, offer.provider.has(.embeddings) { return [] }
    return offer.provider.file.wire.addresses(try chat(of: call), for: offer.target)
  }

  @inline(never)
  private func submitTranslated(
    _ offer: Offer, _ pick: KeyRing.Pick, _ call: Call, _ key: Keys.Key, _ fetched: [String: Media.Source]
  ) throws(Fault) -> Underway {
    let provider = offer.provider
    let own = clientCredentials(provider)
    let prepared =
      call.endpoint == .embeddings && provider.has(.embeddings)
      ? try provider.prepareEmbeddings(call, offer, pick, own: own)
      : try provider.prepare(try chat(of: call), call, offer, pick, own: own, fetched: fetched)
    return submit(prepared, offer, call, key, isSame: false)
  }

  func note(_ offer: Offer) {
    trace.provider = offer.provider.name
    trace.model = offer.model.upstream
  }

  @inline(never)
  private func submit(_ prepared: Provider.Prepared, _ offer: Offer, _ call: Call, _ key: Keys.Key, isSame: Bool) -> Underway {
    trace.losses = prepared.losses
    let sent = upstream.send(prepared, to: offer.provider)
    cancelWithClient(key) { sent.stream.cancel() }
    return Underway(
      sent: sent, reader: ReplyReader(call, offer, prepared.tools, isSame: isSame, reasoning, model: trace.asked))
  }

  /// The call in no wire's words. Throws `invalid` for an endpoint that isn't a chat.
  func chat(of call: Call) throws(Fault) -> Chat {
    if let chat { return chat.chat }
    guard call.endpoint == .chat || call.endpoint == .completions || call.endpoint == .countTokens else {
      throw Fault(
        .invalid, "The model “\(trace.asked)” has no endpoint for this request (\(call.endpoint.rawValue)).",
        code: "unsupported_endpoint", param: "model")
    }
    let chat = try call.wire.decode(call.body, model: trace.asked, isStream: call.isStream, isCount: call.endpoint == .countTokens)
    self.chat = ReadChat(chat)
    return chat
  }
}

// MARK: - Counts

extension Exchange {
  /// Answers a count of tokens by an estimate where the upstream can't be asked in the client's wire; false where it can.
  @inline(never)
  func estimates(_ call: Call, _ offer: Offer) throws(Fault) -> Bool {
    guard call.endpoint == .countTokens, !call.passes(to: offer.provider) else { return false }
    note(offer)
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
  @inline(never)
  func fetch(_ addresses: [String]) async throws(Fault) -> [String: Media.Source] {
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    return try await upstream.fetcher.fetch(addresses)
  }
}
