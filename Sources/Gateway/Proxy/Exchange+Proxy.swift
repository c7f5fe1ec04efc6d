import Base
import HTTP
import Upstream
import Wire

/// The proxy by path: a request goes to the domain that its path names and the reply comes back, bytes unchanged.
extension Exchange {
  /// Passes a request on. Throws what is wrong until the reply's head is here; behind it a reply that breaks is broken for the client too.
  @inline(never)
  func pass(_ target: ProxyTarget, _ key: Keys.Key) async throws(Fault) {
    let stream = try await submit(target, key)
    start(try await head(of: stream))
    await handOn(stream)
  }

  /// Checks what is asked and sends it up. Apart from `pass`, so that the body is gone while the reply comes.
  @inline(never)
  private func submit(_ target: ProxyTarget, _ key: Keys.Key) async throws(Fault) -> ClientStream {
    let domain = try setup.proxy.domain(target.domain)
    trace.provider = domain.name
    let body = try await collect()
    try NamedModels.check(target, method: request.head.method, body: body, key)
    let stream = upstream.pass(try passed(target, domain, body), to: try setup.proxy.origin(of: domain))
    trace.tries = 1
    if case .drain = key.onDisconnect { request.isCancelledWithClient = false }
    cancelWithClient(key) { stream.cancel() }
    // The client's own wish to continue was answered when its body was read.
    stream.whenInterim = { [request] interim in
      guard interim.status != 100 else { return }
      request.sendInterim(ResponseHead(status: interim.status, headers: PassedFields.reply(interim, isPage: false)))
    }
    return stream
  }

  /// The request as it goes up.
  @inline(never)
  private func passed(_ target: ProxyTarget, _ domain: ProxyDomain, _ body: [UInt8]) throws(Fault) -> ClientRequest {
    let head = request.head
    let keys = setup.keys
    let isKey: ([UInt8]) -> Bool = { keys.holds($0) }
    let auth = domain.auth ?? ProxyAuth.recognised(path: target.path, domain: domain.name)
    let credential = ProxyCredential.decide(
      ProxyCredential.carried(head.headers, query: target.query, isKey: isKey), hasKeys: !keys.isEmpty, stored: domain.key, auth: auth)
    let trailers = PassedFields.trailers(try request.trailers())
    let headers = PassedFields.request(head.headers, credential, isKey: isKey, hasTrailers: trailers.count > 0)
    let path = (domain.origin?.path ?? "") + target.path + (credential.query(target.query).map { "?" + $0 } ?? "")
    var passed = ClientRequest(method: head.method, target: path, headers: headers, body: body, timeouts: Self.patience)
    passed.trailers = trailers
    return passed
  }

  /// What is passed may think for long, and may be long: only silence ends it.
  private static let patience: ClientRequest.Timeouts = {
    var timeouts = ClientRequest.Timeouts()
    timeouts.firstByte = 600_000_000_000
    timeouts.idle = 600_000_000_000
    timeouts.total = 86_400_000_000_000
    return timeouts
  }()

  private func head(of stream: ClientStream) async throws(Fault) -> ResponseHead {
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    do throws(Fault) {
      return try await stream.responseHead()
    } catch {
      metrics.failed(trace.provider, error)
      throw error
    }
  }

  private func start(_ head: ResponseHead) {
    var headers = PassedFields.reply(head, isPage: request.head.headers.bytes(.origin) != nil)
    trace.write(to: &headers)
    setup.admission.share(request.head, &headers)
    trace.status = head.status
    trace.replied = Time.monotonic
    trace.clientWire = ""
    recording?.began(headers)
    let isBodiless = request.head.method == "HEAD" || head.status == 204 || head.status == 304
    request.start(passing: ResponseHead(status: head.status, headers: headers), isBodiless: isBodiless)
  }

  /// Hands each piece on as soon as it is here, and waits with the next while the client is slow. The last bytes wait for the record.
  private func handOn(_ stream: ClientStream) async {
    do throws(Fault) {
      while !request.isWhole(with: []) {
        if !stream.isReady { try sendHead() }
        guard let piece = try await stream.next() else { break }
        guard !request.isWhole(with: piece) else { return finish(piece) }
        try await write(piece)
      }
      finish([], trailers: stream.trailers.map { PassedFields.trailers($0) })
    } catch {
      trace.fault = error
      if error.kind != .cancelled { metrics.failed(trace.provider, error) }
      stream.cancel()
      last = .cut
    }
  }

  /// Sends the head before the first piece is here. A client that has left needs none, while its key may want the reply read to its end.
  private func sendHead() throws(Fault) {
    guard !request.isAbandoned || request.isCancelledWithClient else { return }
    do throws(Fault) {
      try request.sendHead()
    } catch {
      if request.isCancelledWithClient { throw error }
    }
  }
}
