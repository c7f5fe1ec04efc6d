import Base
import HTTP
import Wire

/// Makes and sends the requests of a recipe for one call. Belongs to its task and loop.
final class RecipeRequester {
  let provider: Provider
  let variables: RecipeVariables
  let client: Client
  private let host: RecipeHost
  /// What is under way, so that the client's leaving ends it.
  private var underway: (() -> Void)?
  private(set) var isCancelled = false

  /// Bytes of an answer that is read as a whole.
  static let mostBody = 16 << 20

  init(_ provider: Provider, _ variables: RecipeVariables, _ client: Client) {
    self.provider = provider
    self.variables = variables
    self.client = client
    host = RecipeHost(provider)
    variables.fixed["origin"] = FormulaValue(host.origin)
    variables.fixed["ws_origin"] = FormulaValue(host.webSocketOrigin)
    variables.fixed["host"] = FormulaValue(host.host)
  }

  private var session: Session { variables.session }

  /// Ends what is under way; nothing more is begun but what cleans up.
  func cancel() {
    isCancelled = true
    underway?()
    underway = nil
  }

  /// A request that is on its way.
  struct Sent {
    let stream: ClientStream
    let isTrusted: Bool
  }

  /// Renders and sends a request. `isAnswer`: the fields of the owner's own browser go along. Nil when a value of its address is unset.
  func send(
    _ request: StepRequest, isAnswer: Bool = false, isCleanup: Bool = false, timeouts: ClientRequest.Timeouts? = nil
  ) async throws(Fault) -> Sent? {
    guard let (place, rendered) = try await render(request, isAnswer: isAnswer) else { return nil }
    guard !isCancelled || isCleanup else { throw Self.cancelled }
    let out = ClientRequest(
      method: rendered.method, target: rendered.view.uri, headers: Self.headers(rendered), body: rendered.view.body,
      timeouts: timeouts ?? provider.timeouts)
    let origin = try host.origin(of: place)
    let stream = place.isTrusted ? client.send(out, to: origin) : client.sendOnce(out, to: origin)
    if !isCleanup { underway = { stream.cancel() } }
    return Sent(stream: stream, isTrusted: place.isTrusted)
  }

  /// Opens a WebSocket, and says whether credentials may be said on it. Nil when a value of its address is unset.
  func open(_ rule: WebSocketRule) async throws(Fault) -> (socket: WebSocket, isTrusted: Bool)? {
    guard let (place, rendered) = try await render(StepRequest(socket: rule), isAnswer: true) else { return nil }
    guard !isCancelled else { throw Self.cancelled }
    let out = ClientRequest(
      method: "GET", target: rendered.view.uri, headers: Self.headers(rendered), timeouts: provider.timeouts)
    let socket = try WebSocket(out, to: try host.origin(of: place, isSocket: true), with: client)
    underway = { socket.cancel() }
    return (socket, place.isTrusted)
  }

  func render(_ request: StepRequest, isAnswer: Bool) async throws(Fault) -> (RecipeHost.Place, RenderedRequest)? {
    variables.beginRequest()
    guard let place = try place(of: request.url) else { return nil }
    variables.isTrusted = place.isTrusted
    try await variables.runHooks(for: request.expressions)
    let rendered = try RenderedRequest(
      request, boundary: "----apus" + Generator.hex(24, RecipeSource()), looks: variables.looksAtRequest,
      locate: { (text) throws(Fault) in (place.url.origin, place.target) }, context: variables.context)
    guard var rendered else { return nil }
    if isAnswer, place.isTrusted { addOwn(&rendered) }
    if place.isTrusted, let position = rendered.view.headers.firstIndex(where: { $0.name.lowercased() == "cookie" }) {
      rendered.view.headers[position].value = session.completed(cookie: rendered.view.headers[position].value)
    }
    return (place, rendered)
  }

  /// What is said on a WebSocket; nil when a value of it is unset.
  func message(_ value: BodyValue, isTrusted: Bool) throws(Fault) -> [UInt8]? {
    variables.beginRequest()
    variables.isTrusted = isTrusted
    guard let json = try value.value(in: variables.context()) else { return nil }
    // A text goes as it is, so that protocols with prefixes can be spoken.
    return json.string.map { Array($0.utf8) } ?? Array(json.bytes)
  }

  /// Where an address leads. One that leads where no credentials may go is made once more without them: they are no part of it either.
  private func place(of url: RecipeTemplate) throws(Fault) -> RecipeHost.Place? {
    variables.isTrusted = true
    guard let text = try url.url(in: variables.context()) else { return nil }
    let place = try host.place(text)
    guard !place.isTrusted else { return place }
    variables.isTrusted = false
    guard let bare = try url.url(in: variables.context()) else { throw Self.noCredentials }
    let plain = try host.place(bare)
    guard !plain.isTrusted else { throw Self.noCredentials }
    return plain
  }

  /// The opaque values of the owner's own browser, where the file says nothing of them.
  private func addOwn(_ rendered: inout RenderedRequest) {
    for (name, value) in session.headers where !rendered.view.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
      rendered.view.headers.append((name, value.exposed))
    }
    for (name, value) in session.query where !rendered.view.query.contains(where: { $0.name == name }) {
      rendered.view.uri += (rendered.view.uri.contains("?") ? "&" : "?") + Percent.encode(name) + "=" + Percent.encode(value.exposed)
    }
  }

  private static func headers(_ rendered: RenderedRequest) -> Headers {
    var headers = Headers()
    var names = Set<String>()
    for (name, value) in rendered.view.headers {
      names.insert(name.lowercased())
      headers.append(name: Array(name.utf8), Array(value.utf8))
    }
    if !names.contains("accept") { headers.append(.accept, "*/*") }
    if !names.contains("accept-encoding") { headers.append(.acceptEncoding, "identity") }
    if !names.contains("user-agent") { headers.append(.userAgent, "apus") }
    return headers
  }

  static let noAddress = Fault(.formatChanged, "The site's answers lack a value for the address of the next request.")

  private static let noCredentials = Fault(
    .permission, "The provider's recipe has a secret in an address that is neither its origin nor one of its hosts.")

  static let cancelled = Fault(.cancelled, "The client left.")
}

// MARK: - Answers

extension RecipeRequester {
  /// The head of an answer; its cookies are kept. A redirect is an answer like others: none is followed.
  func head(of sent: Sent) async throws(Fault) -> ResponseHead {
    let head = try await sent.stream.responseHead()
    if sent.isTrusted { session.take(setCookies: Self.setCookies(head), now: Time.now) }
    return head
  }

  /// A whole answer.
  func answer(to sent: Sent) async throws(Fault) -> UpstreamAnswer {
    let head = try await head(of: sent)
    return try await answer(head, sent.stream)
  }

  func answer(_ head: ResponseHead, _ stream: ClientStream) async throws(Fault) -> UpstreamAnswer {
    var body = try await stream.collect(limit: Self.mostBody)
    if let inflater = try Inflater(head) { body = try inflater.whole(body, limit: Self.mostBody) }
    return Upstream.answer(head, body)
  }

  static func setCookies(_ head: ResponseHead) -> [String] {
    head.headers.compactMap { name, value in
      String(decoding: name, as: UTF8.self).lowercased() == "set-cookie" ? String(decoding: value, as: UTF8.self) : nil
    }
  }

  /// The cookies that an answer sets, by name.
  static func cookies(_ answer: UpstreamAnswer) -> [(name: String, value: String)] {
    answer.headers.filter { $0.name.lowercased() == "set-cookie" }.compactMap { field in
      CookieJar(header: String(field.value.prefix { $0 != ";" })).all.first.map { ($0.name, $0.value.exposed) }
    }
  }
}
