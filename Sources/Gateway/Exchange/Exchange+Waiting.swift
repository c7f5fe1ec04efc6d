import Base
import HTTP
import Upstream
import Wire

extension Exchange {
  /// The request's body.
  func collect() async throws(Fault) -> [UInt8] {
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    let body = try await request.collect(limit: setup.config.server.bodyLimit)
    recording?.asked(request.head.headers, body)
    return body
  }

  @inline(never)
  func receive(_ sent: Upstream.Sent) async throws(Fault) -> Upstream.Answer {
    let start = Time.monotonic
    defer { trace.waited += Time.monotonic - start }
    return try await upstream.receive(sent)
  }

  @inline(never)
  func wait(_ duration: Int) async {
    trace.waited += duration
    await request.loop.sleep(Int64(duration))
  }

  /// The route of a name; asks the vendors for their lists when nobody is known to have it.
  func route(_ name: String) async throws(Fault) -> Router.Route {
    do throws(Fault) {
      return try setup.router.route(name)
    } catch {
      await refreshModels()
      trace.asked = String(name.prefix(200))
      return try setup.router.route(name)
    }
  }

  @inline(never)
  func refreshModels() async {
    let start = Time.monotonic
    for provider in setup.router.providers { await upstream.refreshModels(of: provider, now: start) }
    trace.waited += Time.monotonic - start
  }

  /// `key: client`: the credential that the client brought, only where there are no gateway keys.
  func clientCredentials(_ provider: Provider) -> CredentialSet? {
    guard provider.file.usesClientKey, setup.keys.isEmpty, let name = provider.file.auth.credential else { return nil }
    return Keys.credentials(of: request.head).first.map { CredentialSet(name, Secret(String(decoding: $0, as: UTF8.self))) }
  }

  /// What happens to the upstream's reply when the client leaves.
  func cancelWithClient(_ key: Keys.Key, _ cancel: @escaping () -> Void) {
    let loop = request.loop
    cancelUpstream = cancel
    switch key.onDisconnect {
    case .cancel: request.whenAbandoned = cancel
    case .drain(nil): break
    case .drain(let seconds?):
      request.whenAbandoned = {
        let alarm = Alarm(loop, ring: cancel)
        alarm.set(Int64(Time.monotonic) + Int64(seconds) * 1_000_000_000)
      }
    }
  }
}
