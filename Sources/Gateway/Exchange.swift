import Base
import HTTP
import Upstream
import Wire

/// One request's life: who asks, what for, who may answer, the tries, the reply, and what is told about it.
final class Exchange {
  let request: Request
  let setup: Setup
  let upstream: Upstream
  let metrics: GatewayMetrics
  let trace: Trace
  let recorder: Recorder?
  /// What is kept of it; nil when nothing is.
  var recording: Recording?
  /// What is still to be sent: it leaves when the record is kept.
  var last = LastBytes.none
  /// The wire that the client speaks, and in which it is told what goes wrong.
  private(set) lazy var wire = ClientEndpoint.wire(request.head)
  /// What is asked of a model; nil for other requests.
  var call: Call?
  /// The call in no wire's words, once somebody needed it.
  var chat: ReadChat?
  /// How the client wants to see reasoning.
  var reasoning = ReasoningOutput.field
  /// A stream that has begun to be useful: no other target is tried any more, and handing it on needs nothing else.
  var open: (any OpenReply)?
  /// The try that goes on: its place at the provider, and what it has to tidy up there.
  var stay: Stay?
  /// Lets the upstream go, whatever becomes of the client.
  var cancelUpstream: (() -> Void)?
  /// Whether it is a scanner's, which leaves no trace but a count.
  private var isProbe = false
  /// Whether it was cut, because the gateway ends.
  private(set) var isCut = false

  @inline(never)
  init(_ request: Request, _ setup: Setup, _ upstream: Upstream, _ metrics: GatewayMetrics, _ recorder: Recorder?) {
    self.request = request
    self.setup = setup
    self.upstream = upstream
    self.metrics = metrics
    self.recorder = recorder
    trace = Trace(started: Int(request.started))
  }

  /// From the head to the last byte. Never fails: a fault becomes the client's error.
  func run() async {
    do throws(Fault) {
      try await answer()
      if let open { try await relay(open) }
    } catch {
      fail(error)
    }
    // Whoever noticed the cut took it for the client's doing.
    if isCut, trace.fault?.kind ?? .cancelled == .cancelled { trace.fault = Self.wasCut }
    await settle()
    // A clean-up behind the reply is not cut.
    cancelUpstream = nil
    if !isProbe { trace.end(request, setup, metrics) }
    await leave()
  }

  /// Ends it as if its client had left, whatever its key wants then: the gateway ends.
  func cut() {
    isCut = true
    request.cut()
    cancelUpstream?()
  }

  /// What a cut exchange is recorded and logged with.
  static let wasCut = Fault(.cancelled, "The gateway was stopped.")

  private func answer() async throws(Fault) {
    guard let (endpoint, key) = try admit() else { return }
    switch endpoint {
    case .call(let asked): return try await answer(asked, key)
    case .proxy(let target): return try await pass(target, key)
    case .modelList: await refreshModels()
    default: break
    }
    try answerHere(endpoint, key)
  }

  /// What is asked and by whom; nil when a browser only asked whether it may, and for a scanner.
  @inline(never)
  private func admit() throws(Fault) -> (ClientEndpoint, Keys.Key)? {
    let found = Result { () throws(Fault) in try ClientEndpoint(request.head) }
    let isOwn = (try? found.get())?.isOwn == true || setup.proxy.allows(path: request.head.path)
    if let rule = setup.proxy.probes.rule(request.head, request.peer, isOwn: isOwn) {
      isProbe = true
      metrics.probes[rule.rawValue].add()
      last = .whole(Response(status: 404))
      return nil
    }
    if let preflight = setup.admission.preflight(request.head) {
      respond(preflight)
      return nil
    }
    try setup.admission.check(request.head)
    let endpoint = try found.get()
    trace.endpoint = endpoint.name
    if case .call(let asked) = endpoint { wire = asked.wire }
    let key = endpoint.isPublic ? Keys.owner : try setup.keys.authorise(request.head)
    trace.key = key.name
    if endpoint.isRecorded { try record(key) }
    return (endpoint, key)
  }

  /// What the gateway knows by itself.
  @inline(never)
  private func answerHere(_ endpoint: ClientEndpoint, _ key: Keys.Key) throws(Fault) {
    switch endpoint {
    case .health: respond(json: health)
    case .ready: respond(json: Array(#"{"status":"ready"}"#.utf8))
    case .metrics:
      recorder?.measure(metrics)
      metrics.measure(setup.router.providers)
      respond(metrics.response())
    case .providers: respond(json: try ProviderReport.body(setup.router, key))
    case .modelList: respond(json: try ModelList.body(request.head, setup.router, key))
    case .model(let id): respond(json: try ModelList.body(id, request.head, setup.router, key))
    case .call, .proxy: preconditionFailure("a call is for an upstream")
    }
  }

  /// A call of a model: the body, the route, and one try after the other.
  @inline(never)
  private func answer(_ asked: Asked, _ key: Keys.Key) async throws(Fault) {
    let body = try await collect()
    let name = try read(asked, body, key)
    let route = try await route(name)
    trace.asked = route.asked
    guard key.allows(route.names) else {
      throw Fault(.permission, "The key “\(key.name)” may not use the model “\(route.asked)”.", param: "model")
    }
    if case .drain = key.onDisconnect { request.isCancelledWithClient = false }
    try await attempt(route, key)
  }

  @inline(never)
  private func attempt(_ route: Router.Route, _ key: Keys.Key) async throws(Fault) {
    var attempts = Attempts(route, now: Time.monotonic)
    var last: Fault?
    while true {
      switch attempts.next(now: Time.monotonic) {
      case .end: throw last ?? attempts.limit ?? Fault(.notFound, "Nothing answers for the model “\(route.asked)”.", param: "model")
      case .wait(let duration):
        await wait(duration)
        guard !request.isAbandoned else { throw Fault(.cancelled, "The client left.") }
      case .go(let target, let pick):
        trace.tries += 1
        do throws(Fault) {
          try await send(to: target, pick, key)
          if case .provider(let offer) = target { pick.map(offer.provider.keys.isWell) }
          return
        } catch {
          await leave()
          guard error.kind != .cancelled, !request.hasReplied else { throw error }
          metrics.failed(target, error)
          attempts.failed(error, now: Time.monotonic)
          last = error
        }
      }
    }
  }

  /// One try. Behind it the reply is out, or a stream is open.
  private func send(to target: Router.Target, _ pick: KeyRing.Pick?, _ key: Keys.Key) async throws(Fault) {
    guard let call else { return }
    guard case .provider(let offer) = target, let pick else { return try await demo(call) }
    if try estimates(call, offer) { return }
    try await enter(offer.provider, pick)
    if offer.provider.isWeb { return try await askWeb(offer, pick, call, key) }
    let passes = call.passes(to: offer.provider)
    let underway = passes ? try ask(offer, pick, call, key) : try await askTranslated(offer, pick, call, key)
    let reader = underway.reader
    switch try await receive(underway.sent) {
    case .stream(let head, let frames) where call.isStream: try await begin(frames, head, reader)
    case .stream(let head, let frames): try await fold(frames, head, reader)
    case .whole(let head, let body) where call.isStream && reader.isChat: try await unfold(body, head, reader)
    case .whole(let head, let body): try reply(body, head, reader)
    }
  }
}
