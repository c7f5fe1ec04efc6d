import Base
import HTTP
import Upstream
import Wire

/// A try's place at its provider: what has to be given back and tidied up when it is over.
final class Stay {
  private let turnstile: Turnstile?
  private let provider: Provider
  private let pick: KeyRing.Pick
  /// The call at a web app.
  var run: RecipeRun?

  init(_ provider: Provider, _ pick: KeyRing.Pick, _ turnstile: Turnstile?) {
    self.provider = provider
    self.pick = pick
    self.turnstile = turnstile
  }

  /// Tidies up, then lets the next one in.
  func end(_ fault: Fault?, _ metrics: GatewayMetrics) async {
    if let run {
      await run.cleanUp()
      metrics.drifted(provider, run.drift)
    }
    // What breaks a reply that has begun is no reason for another try, but says how the account is.
    if let fault, provider.isWeb { provider.keys.note(pick, fault, now: Time.monotonic) }
    turnstile?.leave()
    metrics.stays.add(-1)
  }
}

/// Web apps: one more kind of target. Their replies come as events.
extension Exchange {
  /// Waits until the provider's key or session may be used once more.
  @inline(never)
  func enter(_ provider: Provider, _ pick: KeyRing.Pick) async throws(Fault) {
    let turnstile = provider.keys.turnstile(of: pick)
    guard turnstile != nil || provider.isWeb else { return }
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    try await turnstile?.enter(on: request.loop)
    metrics.stays.add()
    stay = Stay(provider, pick, turnstile)
  }

  /// The try is over.
  func leave() async {
    guard let stay else { return }
    self.stay = nil
    await stay.end(request.hasReplied ? trace.fault : nil, metrics)
  }

  /// One try at a web app. Behind it the reply is out, or a stream is open.
  @inline(never)
  func askWeb(_ offer: Offer, _ pick: KeyRing.Pick, _ call: Call, _ key: Keys.Key) async throws(Fault) {
    note(offer)
    let chat = try chat(of: call)
    var ask = try RecipeRun.Ask(chat, of: offer)
    ask.wantsSearch = call.wire.asksForSearch(call.body)
    ask.isWhole = !call.isStream
    ask.files = try await files(ask.images)
    trace.losses = ask.losses
    let run = try upstream.run(ask, offer, pick)
    stay?.run = run
    cancelWithClient(key) { run.cancel() }
    let start = Time.monotonic
    let reader = ReplyReader(call, offer, ToolNames(.chat), isSame: false, reasoning, model: trace.asked)
    do {
      defer { trace.waited += Time.monotonic - start }
      try await run.begin()
    }
    if call.isStream {
      open = OpenRecipe(run, reader)
      forget()
    } else {
      try await fold(run, reader)
    }
  }

  /// A web app's reply for a client that wants a whole body.
  private func fold(_ run: RecipeRun, _ reader: ReplyReader) async throws(Fault) {
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    var events: [Event] = []
    while let next = try await run.next() { events += next }
    respond(reader.whole(Reply(reader.rewrite(events))), nil)
  }

  /// The bytes of images, fetched where they are named by address.
  private func files(_ images: [Media]) async throws(Fault) -> [RecipeRun.Ask.File] {
    var files: [RecipeRun.Ask.File] = []
    for image in images {
      var source = image.source
      if case .url(let address, _) = source { source = try await fetch([address])[address] ?? source }
      guard case .data(let text, let type) = source, let bytes = Base64.decode(text) else {
        throw Fault(.invalid, "An image must be given by address or as base64.", code: "unsupported_content", param: "messages")
      }
      let ending = type.split(separator: "/").last.map { String($0) } ?? "bin"
      files.append(RecipeRun.Ask.File(bytes, type: type, name: image.title ?? "image-\(files.count + 1).\(ending)"))
    }
    return files
  }
}
