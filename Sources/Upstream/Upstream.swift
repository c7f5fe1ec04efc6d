package import Base
package import HTTP
import Wire

/// The outgoing side of one loop, as providers see it.
package struct Upstream {
  private let client: Client

  /// On the loop of a client.
  package init(_ client: Client) {
    self.client = client
  }

  /// Fetches what clients name by address.
  package var fetcher: Fetcher { Fetcher(client) }

  /// A call at a web app.
  package func run(_ ask: RecipeRun.Ask, _ offer: Offer, _ pick: KeyRing.Pick) throws(Fault) -> RecipeRun {
    try RecipeRun(offer, pick, ask, client)
  }

  /// A request on its way.
  package struct Sent {
    /// The answer as it comes.
    package let stream: ClientStream
    let provider: Provider
    let isStream: Bool
  }

  /// What came back, checked for errors.
  package enum Answer {
    /// An event stream of which nothing was read yet.
    case stream(ResponseHead, Frames)
    /// A whole body.
    case whole(ResponseHead, [UInt8])
  }

  /// The largest whole reply, in bytes.
  private static let mostBody = 64 << 20
  /// The largest error body that is read, in bytes.
  private static let mostError = 1 << 20

  /// Sends a prepared call. Nothing is awaited: `receive` tells how it went.
  package func send(_ prepared: Provider.Prepared, to provider: Provider) -> Sent {
    Sent(stream: client.send(prepared.request, to: prepared.origin), provider: provider, isStream: prepared.isStream)
  }

  /// Sends a request as it is.
  package func pass(_ request: ClientRequest, to origin: Origin) -> ClientStream { client.send(request, to: origin) }

  /// Waits for the answer's head, and for its body where that is no stream. Throws what the answer means that is no
  /// success: by the provider's rules, by its shape, by its status. An error inside a success is for who reads it.
  package func receive(_ sent: Sent) async throws(Fault) -> Answer {
    let head = try await sent.stream.responseHead()
    let isEventStream = head.headers.bytes(.contentType).map { $0.starts(with: "text/event-stream".utf8) } ?? false
    if head.status < 300, sent.isStream, isEventStream { return .stream(head, Frames(sent.stream)) }
    let body = try await sent.stream.collect(limit: head.status < 300 ? Self.mostBody : Self.mostError)
    try check(head, body, sent.provider)
    // Some upstreams stream without saying so.
    if sent.isStream, Self.looksLikeEvents(body) { return .stream(head, Frames(whole: body)) }
    return .whole(head, body)
  }

  private func check(_ head: ResponseHead, _ body: [UInt8], _ provider: Provider) throws(Fault) {
    if head.status >= 300 {
      throw UpstreamError.fault(Self.answer(head, body), rules: provider.file.errors)
    }
    guard body.contains(where: { $0 > 32 }) else { throw Fault(.broken, "The upstream sent an empty reply.") }
  }

  private static func looksLikeEvents(_ body: [UInt8]) -> Bool {
    let text = body.drop { $0 <= 32 }
    return text.starts(with: "data:".utf8) || text.starts(with: "event:".utf8) || text.starts(with: ":".utf8)
  }

  /// The answer in the form that error rules read.
  static func answer(_ head: ResponseHead, _ body: [UInt8]) -> UpstreamAnswer {
    let headers = head.headers.map { (name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self)) }
    return UpstreamAnswer(status: head.status, headers: headers, body: body)
  }

  /// Asks the vendor for its model names, when the file says so and it is time. Never fails: the list is an extra.
  package func refreshModels(of provider: Provider, now: Int) async {
    guard provider.file.takesModelsFromUpstream, provider.vendorModels.isDue(now: now) else { return }
    do throws(Fault) {
      let pick = provider.keys.pick(now: now, without: [], evenHeld: true)
      let target = try provider.head(.models, pick?.credentials, stream: false)
      var timeouts = ClientRequest.Timeouts()
      timeouts.connect = 1_000_000_000
      timeouts.total = 3_000_000_000
      let stream = client.send(
        ClientRequest(method: "GET", target: target.path, headers: target.headers, timeouts: timeouts), to: target.origin)
      let head = try await stream.responseHead()
      let body = try await stream.collect(limit: 8 << 20)
      if head.status == 200 { provider.vendorModels.take(body) }
    } catch {
      Log.debug("models.unavailable", ["provider": provider.name, "why": error.description])
    }
  }
}
