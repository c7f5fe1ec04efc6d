import Base
import HTTP
import Upstream
import Wire

/// What goes to the client.
extension Exchange {
  // MARK: The same wire: bytes pass through

  /// A whole body, with the model's name as the client knows it.
  @inline(never)
  func reply(_ body: [UInt8], _ head: ResponseHead, _ provider: Provider) throws(Fault) {
    let whole = try ChatRelay.whole(body, model: trace.asked, finishWords: provider.file.response.finish, rules: provider.file.errors)
    trace.usage = whole.usage
    trace.finish = whole.finish
    respond(Response(status: head.status, headers: headers(head, "application/json"), body: whole.bytes))
  }

  /// Reads a stream until something useful comes. The head is held until then, and what is wrong until then is a reason
  /// for another try.
  @inline(never)
  func begin(_ frames: Frames, _ head: ResponseHead, _ call: Call, _ provider: Provider) async throws(Fault) {
    let stream = OpenStream(frames, head, provider, model: trace.asked, showsUsage: call.wantsUsage)
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    while try await stream.advance(), !stream.isUseful {}
    open = stream
  }

  /// Hands a begun stream on, each piece as soon as it is here.
  func relay(_ stream: OpenStream) async throws(Fault) {
    defer {
      trace.usage = stream.usage
      trace.finish = stream.finish
    }
    startStream(stream.takeHead(), stream.provider)
    while !stream.isEnded {
      try await write(stream.takeBytes())
      _ = try await stream.advance()
    }
    finish(stream.takeBytes())
  }

  // MARK: From stream to whole and back, through events
  //
  // Never inlined: their decoders and encoders are large, and would lie in the frame of every request.

  /// A stream, for a client that wants a whole body.
  @inline(never)
  func fold(_ frames: Frames, _ head: ResponseHead, _ call: Call, _ offer: Offer) async throws(Fault) {
    let provider = offer.provider
    let rules = provider.file.response
    var decoder = ChatStreamDecoder(
      dialect: offer.model.dialect, finishWords: rules.finish, rules: provider.file.errors, endMeansStop: rules.eof == .stop)
    var reply = Reply()
    while let next = try await pieces(frames) {
      for frame in next {
        for event in try decoder.decode(frame) { reply.fold(event) }
      }
    }
    for event in try decoder.end() { reply.fold(event) }
    finishWhole(reply)
  }

  /// A whole body, for a client that wants a stream.
  @inline(never)
  func unfold(_ body: [UInt8], _ head: ResponseHead, _ call: Call, _ offer: Offer) async throws(Fault) {
    let file = offer.provider.file
    let decoder = ChatReplyDecoder(
      dialect: offer.model.dialect, finishWords: file.response.finish, rules: file.errors)
    try await stream(try decoder.events(Self.json(body)), call, pause: 0)
  }

  private static func json(_ body: [UInt8]) throws(Fault) -> JSON {
    do throws(Fault) {
      return try JSON(parsing: body)
    } catch {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: error.message)
    }
  }

  /// The demo model's reply.
  @inline(never)
  func demo(_ call: Call) async throws(Fault) {
    guard call.endpoint == .chat else {
      throw Fault(.invalid, "The demo model only chats.", code: "unsupported_endpoint", param: "model")
    }
    trace.provider = Demo.provider
    trace.model = Demo.model
    let events = Demo(call.body).events()
    guard call.isStream else { return finishWhole(Reply(events)) }
    try await stream(events, call, pause: 10_000_000)
  }

  private func finishWhole(_ reply: Reply) {
    trace.usage = reply.usage
    trace.finish = reply.candidates.first?.finish
    var encoder = ChatReplyEncoder(model: trace.asked, created: Time.now.seconds)
    respond(json: encoder.encode(reply))
  }

  /// Sends events as a stream; `pause` nanoseconds stand between two pieces.
  @inline(never)
  private func stream(_ events: [Event], _ call: Call, pause: Int64) async throws(Fault) {
    var encoder = ChatStreamEncoder(model: trace.asked, created: Time.now.seconds, showsUsage: call.wantsUsage)
    var out: [UInt8] = []
    startStream(nil, nil)
    for event in events {
      if case .usage(let usage) = event { trace.usage = usage }
      if case .finish(_, let finish, _) = event { trace.finish = finish }
      encoder.encode(event, into: &out)
      guard !out.isEmpty, event != .end else { continue }
      try await write(out)
      out = []
      if pause > 0 { await request.loop.sleep(pause) }
    }
    finish(out)
  }

  // MARK: Bytes

  private func pieces(_ frames: Frames) async throws(Fault) -> [Frame]? {
    guard !request.hasReplied else { return try await frames.next() }
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    return try await frames.next()
  }

  private func startStream(_ head: ResponseHead?, _ provider: Provider?) {
    guard !request.hasReplied else { return }
    var headers = headers(head, "text/event-stream; charset=utf-8")
    headers.append(.cacheControl, "no-cache")
    headers.append("x-accel-buffering", "no")
    trace.status = 200
    trace.replied = Time.monotonic
    request.start(ResponseHead(status: 200, headers: headers))
    let silence = Int64(provider?.file.keepAlive.nanoseconds ?? 0)
    if silence > 0 { request.keepAlive(every: silence, Self.heartbeat) }
  }

  /// A comment line. Source: formats/sse.md C.
  private static let heartbeat = Array(": keep-alive\n\n".utf8)

  /// Sends a piece. A client that has left gets none, while its key may want the reply read to its end.
  private func write(_ bytes: [UInt8]) async throws(Fault) {
    guard !request.isAbandoned || request.isCancelledWithClient else { return }
    do throws(Fault) {
      try await request.write(bytes)
    } catch {
      if request.isCancelledWithClient { throw error }
    }
  }

  private func finish(_ bytes: [UInt8]) {
    trace.isComplete = !request.isAbandoned
    request.finish(bytes)
  }

  func respond(json: [UInt8]) {
    respond(Response(status: 200, headers: headers(nil, "application/json"), body: json))
  }

  func respond(_ response: Response) {
    trace.status = response.head.status
    trace.replied = Time.monotonic
    trace.isComplete = true
    request.respond(response)
  }

  /// The client's error: an answer, or behind the first byte an event without an end mark.
  func fail(_ fault: Fault) {
    trace.fault = fault
    guard !request.hasReplied else { return request.finish(ErrorShape.openAI.frame(fault)) }
    let error = ErrorShape.openAI.reply(fault)
    trace.status = error.status
    trace.replied = Time.monotonic
    var headers = headers(nil, "application/json")
    for (name, value) in error.headers { headers.append(name: Array(name.utf8), Array(value.utf8)) }
    if fault.kind == .methodNotAllowed { headers.append(.allow, fault.detail) }
    request.respond(Response(status: error.status, headers: headers, body: error.body))
  }

  /// The headers of a reply: the content type, Apus's own, and what may be passed on of the upstream's.
  private func headers(_ head: ResponseHead?, _ type: String) -> Headers {
    var headers = Headers()
    headers.reserve(bytes: 320, fields: 10)
    if let own = head?.headers.bytes(.contentType) { headers.append(.contentType, own) } else { headers.append(.contentType, type) }
    if let id = head?.headers.bytes("x-request-id") { headers.append("x-request-id", id) }
    trace.write(to: &headers)
    setup.admission.share(request.head, &headers)
    return headers
  }
}

extension Call {
  /// Whether the client asked for the usage of a stream.
  var wantsUsage: Bool { body["stream_options"]?["include_usage"]?.bool ?? false }
}
