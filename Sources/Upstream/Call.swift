package import Base
package import HTTP
package import Wire

/// What a client asks of a model, before it is known who answers. An object, because it is handed on by reference.
package final class Call: Sendable {
  /// What is asked for.
  package let endpoint: EndpointName
  /// The wire of the body.
  package let wire: ClientWire
  /// The client's body, checked.
  package let body: JSON
  /// Whether the client wants a stream.
  package let isStream: Bool
  /// Features of the wire that the client turns on by header, for an upstream of the same wire (`anthropic-beta`).
  package let features: String?
  /// Whether one text is to be embedded, not a list of requests (Gemini's `embedContent`).
  package let isSingle: Bool
  /// The form of a Gemini stream: events, or one array.
  package let form: GeminiStreamForm

  package init(
    _ endpoint: EndpointName, _ wire: ClientWire, body: JSON, isStream: Bool, features: String? = nil, isSingle: Bool = false,
    form: GeminiStreamForm = .events
  ) {
    self.endpoint = endpoint
    self.wire = wire
    self.body = body
    self.isStream = isStream
    self.features = features
    self.isSingle = isSingle
    self.form = form
  }

  /// Whether an upstream of that wire takes the body as it is, but for splices.
  package func passes(to provider: Provider) -> Bool {
    wire.isSpoken(by: provider.file.wire) && provider.has(endpoint)
  }
}

extension Provider {
  /// A call as it goes up to this provider.
  package struct Prepared {
    /// What is sent.
    package let request: ClientRequest
    /// Where it is sent.
    package let origin: Origin
    /// Whether the upstream is asked for a stream.
    package let isStream: Bool
    /// What of the client's request the upstream's wire can't say.
    package let losses: [Loss]
    /// How the reply's calls get their own names and form back.
    package let tools: ToolNames
  }

  /// Makes the request of a call in the client's own wire: splices, address, credential. `own`: the client's credential,
  /// instead. Throws `invalid` for what the provider refuses, or when it has no such endpoint.
  @inline(never)  // its locals would lie in the frame of every waiting request
  package func prepare(_ call: Call, _ offer: Offer, _ pick: KeyRing.Pick, own: CredentialSet?) throws(Fault) -> Prepared {
    let isStream = call.isStream || call.endpoint == .chat && file.request.alwaysStreams
    let spliced = try splice(call, offer, isStream: isStream)
    return try prepared(spliced, call, offer, pick, own, isStream)
  }

  /// Makes the request of a chat that comes from another wire.
  @inline(never)
  package func prepare(
    _ chat: Chat, _ call: Call, _ offer: Offer, _ pick: KeyRing.Pick, own: CredentialSet?, fetched: [String: Media.Source]
  ) throws(Fault) -> Prepared {
    var model = offer.target
    model.fetched = fetched
    var chat = chat
    chat.isStream = call.isStream || file.request.alwaysStreams
    var encoded = try file.wire.encode(chat, for: model)
    if file.wire == .openaiChat {
      let body = try JSON(parsing: encoded.body)
      var edit = JSONEdit(body)
      try file.request.apply(
        to: body, dialect: offer.model.dialect, stream: chat.isStream, set: offer.model.set, edit: &edit, losses: &encoded.losses)
      if !edit.isEmpty { encoded.body = edit.bytes() }
    } else {
      try applyRules(offer, &encoded)
    }
    let asked = Call(.chat, call.wire, body: call.body, isStream: call.isStream)
    return try prepared(encoded, asked, offer, pick, own, chat.isStream)
  }

  /// Makes the request of embeddings that come from another wire.
  @inline(never)
  package func prepareEmbeddings(_ call: Call, _ offer: Offer, _ pick: KeyRing.Pick, own: CredentialSet?) throws(Fault) -> Prepared {
    let body =
      file.wire == .gemini
      ? try GeminiEmbeddings.encode(call.body, for: offer.target)
      : try GeminiEmbeddings.decode(call.body, isBatch: !call.isSingle, for: offer.target)
    return try prepared(Self.plain(body), Call(.embeddings, call.wire, body: call.body, isStream: false), offer, pick, own, false)
  }

  private func prepared(
    _ encoded: EncodedRequest, _ call: Call, _ offer: Offer, _ pick: KeyRing.Pick, _ own: CredentialSet?, _ isStream: Bool
  ) throws(Fault) -> Prepared {
    let head = own == nil ? try self.head(call.endpoint, pick, stream: isStream) : try self.head(call.endpoint, own, stream: isStream)
    var headers = head.headers
    if let features = call.features { headers.append("anthropic-beta", features) }
    let target = file.wire == .gemini ? Self.path(head.path, of: offer.model.upstream, call, stream: isStream) : head.path
    return Prepared(
      request: ClientRequest(method: "POST", target: target, headers: headers, body: encoded.body, timeouts: timeouts),
      origin: head.origin, isStream: isStream, losses: encoded.losses, tools: encoded.tools)
  }

  /// Gemini's path names the model, and whether a stream is wanted. Source: wire-formats §3.4.
  private static func path(_ path: String, of model: String, _ call: Call, stream: Bool) -> String {
    let name = model.split(separator: "/", omittingEmptySubsequences: false).map { Percent.encode(String($0)) }.joined(separator: "/")
    let path = path.replacing("{model}", with: name)
    if call.isSingle { return path.replacing(":batchEmbedContents", with: ":embedContent") }
    guard stream, call.endpoint == .chat else { return path }
    let parts = path.replacing(":generateContent", with: ":streamGenerateContent").split(separator: "?", maxSplits: 1)
    return parts[0] + "?alt=sse" + (parts.count > 1 ? "&" + parts[1] : "")
  }

  /// The file's own rules over a body of a wire that has no dialects.
  private func applyRules(_ offer: Offer, _ encoded: inout EncodedRequest) throws(Fault) {
    guard !file.request.isEmpty || !offer.model.set.isEmpty else { return }
    let body = try JSON(parsing: encoded.body)
    var edit = JSONEdit(body)
    try file.request.apply(to: body, set: offer.model.set, edit: &edit, losses: &encoded.losses)
    if !edit.isEmpty { encoded.body = edit.bytes() }
  }

  private func splice(_ call: Call, _ offer: Offer, isStream: Bool) throws(Fault) -> EncodedRequest {
    if call.endpoint == .rerank, let shape = file.endpoints[.rerank]?.shape, shape != .jina {
      return Self.plain(try RerankRequest.decode(call.body).encode(for: offer.model.upstream, shape: shape))
    }
    switch call.wire {
    case .messages, .gemini:
      let spliced = call.wire == .gemini ? try GeminiRequest.splice(call.body, for: offer.target) : try messages(call, offer, isStream)
      var encoded = Self.plain(spliced)
      if call.endpoint == .chat { try applyRules(offer, &encoded) }
      return encoded
    case .chat, .completions, .responses: break
    }
    var losses: [Loss] = []
    var edit = JSONEdit(call.body)
    var tools = ToolNames(.chat)
    if call.endpoint == .chat {
      let dialect = offer.model.dialect
      try file.request.apply(to: call.body, dialect: dialect, stream: isStream, set: offer.model.set, edit: &edit, losses: &losses)
      for name in dialect.emulatedTools(in: call.body) { tools.emulate(name) }
    } else {
      for (name, value) in offer.model.set where call.body[name] == nil { edit.set(name, to: value, in: call.body) }
    }
    if let asked = call.body["model"], asked.string != offer.model.upstream { edit.replace(asked, with: JSON(offer.model.upstream)) }
    return EncodedRequest(body: edit.isEmpty ? call.body.source : edit.bytes(), losses: losses, tools: tools)
  }
}

extension Provider {
  /// A body of Messages; an upstream that only streams is asked for a stream, which few are: hence the second reading.
  private func messages(_ call: Call, _ offer: Offer, _ isStream: Bool) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    var spliced = try AnthropicRequest.splice(call.body, for: offer.target)
    guard isStream, !call.isStream else { return spliced }
    let body = try JSON(parsing: spliced.body)
    var edit = JSONEdit(body)
    edit.set("stream", to: true, in: body)
    spliced.body = edit.bytes()
    return spliced
  }

  private static func plain(_ spliced: (body: [UInt8], losses: [Loss])) -> EncodedRequest {
    EncodedRequest(body: spliced.body, losses: spliced.losses, tools: ToolNames(.chat))
  }
}

extension Offer {
  /// What the provider's file says of the model's replies.
  package var replyRules: ReplyRules {
    var rules = ReplyRules(dialect: model.dialect)
    rules.finishWords = provider.file.response.finish
    rules.errors = provider.file.errors
    rules.endMeansStop = provider.file.response.eof == .stop
    return rules
  }

  /// The model as encoders of requests see it.
  package var target: TargetModel {
    TargetModel(
      name: model.upstream, dialect: model.dialect, capabilities: model.caps, defaultMaxTokens: model.maxTokensDefault)
  }
}
