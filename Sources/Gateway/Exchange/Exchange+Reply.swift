import Base
import HTTP
import Upstream
import Wire

/// What goes to the client.
extension Exchange {
  // MARK: Whole bodies

  /// A whole body: as it is on the same wire, through events on another.
  @inline(never)
  func reply(_ body: [UInt8], _ head: ResponseHead, _ reader: ReplyReader) throws(Fault) {
    respond(try reader.whole(body), head)
  }

  /// A whole reply, as the client gets it.
  func respond(_ whole: ReplyReader.Whole, _ head: ResponseHead?) {
    trace.usage = whole.usage
    trace.finish = whole.finish
    trace.losses += whole.losses
    let headers = headers(head, "application/json", keepsType: whole.passes)
    respond(Response(status: head?.status ?? 200, headers: headers, body: whole.bytes))
  }

  // MARK: Streams

  /// Reads a stream until something useful comes. The head is held until then, and what is wrong until then is a reason
  /// for another try.
  @inline(never)
  func begin(_ frames: Frames, _ head: ResponseHead, _ reader: ReplyReader) async throws(Fault) {
    let stream = OpenStream(frames, head, reader)
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    while try await stream.advance(), !stream.isUseful {}
    open = stream
    forget()
  }

  /// Lets go of what a stream that has begun no longer needs.
  @inline(never)
  func forget() {
    call = nil
    chat = nil
  }

  /// Hands a begun stream on, each piece as soon as it is here.
  @inline(never)
  func relay(_ stream: any OpenReply) async throws(Fault) {
    startStream(stream.takeHead(), stream.keepAlive)
    while !stream.isEnded {
      try await write(stream.takeBytes())
      _ = try await stream.advance()
    }
    note(stream)
    finish(stream.takeBytes())
  }

  /// What is known of a stream at its end.
  func note(_ stream: any OpenReply) {
    trace.usage = stream.usage
    trace.finish = stream.finish
    trace.losses += stream.losses
  }

  // MARK: From stream to whole and back, through events
  //
  // Never inlined: their decoders and encoders are large, and would lie in the frame of every request.

  /// A stream, for a client that wants a whole body.
  @inline(never)
  func fold(_ frames: Frames, _ head: ResponseHead, _ reader: ReplyReader) async throws(Fault) {
    var decoder = reader.offer.provider.file.wire.streamDecoder(reader.rules)
    var events: [Event] = []
    while let next = try await pieces(frames) {
      for frame in next { events += try decoder.decode(frame) }
    }
    events += try decoder.end()
    respond(reader.whole(Reply(reader.rewrite(events))), head)
  }

  /// A whole body, for a client that wants a stream.
  @inline(never)
  func unfold(_ body: [UInt8], _ head: ResponseHead, _ reader: ReplyReader) async throws(Fault) {
    let events = try reader.events(body)
    try await stream(events, wire.streamEncoder(reader.context, form: reader.call.form), pause: 0)
  }

  /// The demo model's reply.
  @inline(never)
  func demo(_ call: Call) async throws(Fault) {
    trace.provider = Demo.provider
    trace.model = Demo.model
    guard call.endpoint == .chat || call.endpoint == .completions else {
      if call.endpoint == .countTokens { return respond(estimate: try chat(of: call)) }
      throw Fault(.invalid, "The demo model only chats.", code: "unsupported_endpoint", param: "model")
    }
    var rewriter = ReasoningRewriter(reasoning)
    let events = rewriter.rewrite(Demo(try chat(of: call), seed: call.body.source).events())
    let context = ReplyContext(
      model: trace.asked, created: Time.now.seconds, showsUsage: call.wantsUsage, request: call.body)
    guard call.isStream else {
      var encoder = wire.replyEncoder(context)
      let reply = Reply(events)
      let body = encoder.encode(reply)
      return respond(
        ReplyReader.Whole(bytes: body, usage: reply.usage, finish: reply.candidates.first?.finish, losses: encoder.losses), nil)
    }
    try await stream(events, wire.streamEncoder(context, form: call.form), pause: 10_000_000)
  }

  /// Sends events as a stream; `pause` nanoseconds stand between two pieces.
  @inline(never)
  private func stream(_ events: [Event], _ encoder: any EventEncoder, pause: Int64) async throws(Fault) {
    var encoder = encoder
    var out: [UInt8] = []
    startStream(nil, .zero)
    for event in events {
      if case .usage(let usage) = event { trace.usage = usage }
      if case .finish(_, let finish, _) = event { trace.finish = finish }
      encoder.encode(event, into: &out)
      guard !out.isEmpty, event != .end else { continue }
      try await write(out)
      out = []
      if pause > 0 { await request.loop.sleep(pause) }
    }
    trace.losses += encoder.losses
    finish(out)
  }

  // MARK: Bytes

  private func pieces(_ frames: Frames) async throws(Fault) -> [Frame]? {
    guard !request.hasReplied else { return try await frames.next() }
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    return try await frames.next()
  }

  private func startStream(_ head: ResponseHead?, _ keepAlive: Duration) {
    guard !request.hasReplied else { return }
    // Gemini's other form of a stream is one array.
    var headers = headers(head, form == .array ? "application/json" : "text/event-stream; charset=utf-8")
    headers.append(.cacheControl, "no-cache")
    headers.append("x-accel-buffering", "no")
    trace.status = 200
    trace.replied = Time.monotonic
    recording?.began(headers)
    request.start(ResponseHead(status: 200, headers: headers))
    let silence = Int64(keepAlive.nanoseconds)
    if silence > 0, let heartbeat = wire.heartbeat { request.keepAlive(every: silence, heartbeat) }
  }

  /// Sends a piece. A client that has left gets none, while its key may want the reply read to its end.
  func write(_ bytes: [UInt8]) async throws(Fault) {
    recording?.add(bytes)
    guard !request.isAbandoned || request.isCancelledWithClient else { return }
    do throws(Fault) {
      try await request.write(bytes)
    } catch {
      if request.isCancelledWithClient { throw error }
    }
  }

  func finish(_ bytes: [UInt8], trailers: Headers? = nil) {
    trace.isComplete = !request.isAbandoned
    last = .end(bytes, trailers: trailers)
  }

  func respond(json: [UInt8]) {
    respond(Response(status: 200, headers: headers(nil, "application/json"), body: json))
  }

  func respond(_ response: Response) {
    trace.status = response.head.status
    trace.replied = Time.monotonic
    trace.isComplete = true
    last = .whole(response)
  }

  /// The client's error: an answer, or behind the first byte an event without an end mark.
  @inline(never)
  func fail(_ fault: Fault) {
    trace.fault = fault
    if request.hasReplied {
      if let open { note(open) }
      last = .end(open?.failure(fault) ?? wire.errors.frame(fault))
      return
    }
    let error = wire.errors.reply(fault)
    trace.status = error.status
    trace.replied = Time.monotonic
    var headers = headers(nil, "application/json")
    for (name, value) in error.headers { headers.append(name: Array(name.utf8), Array(value.utf8)) }
    if fault.kind == .methodNotAllowed { headers.append(.allow, fault.detail) }
    last = .whole(Response(status: error.status, headers: headers, body: error.body))
  }

  /// The headers of a reply: the content type, Apus's own, and what may be passed on of the upstream's.
  private func headers(_ head: ResponseHead?, _ type: String, keepsType: Bool = false) -> Headers {
    var headers = Headers()
    headers.reserve(bytes: 320, fields: 10)
    if keepsType, let own = head?.headers.bytes(.contentType) {
      headers.append(.contentType, own)
    } else {
      headers.append(.contentType, type)
    }
    if let id = head?.headers.bytes("x-request-id") { headers.append("x-request-id", id) }
    trace.write(to: &headers)
    setup.admission.share(request.head, &headers)
    return headers
  }
}
