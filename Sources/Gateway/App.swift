import Archive
package import Base
import HTTP
import Glibc
import Synchronization
import Upstream

/// The life of the program: loops, listeners, signals, reload, drain.
package final class App: Sendable {
  private let source: ConfigSource
  private let origins: Origins
  private let sessions: SessionStore
  private let current: Mutex<Setup>
  private let metrics = GatewayMetrics()
  private let resolver = Resolver()
  /// The record; nil with `record: off`.
  private let record: RecordKeeper?
  /// What it was started with.
  private let recordConfig: RecordConfig
  private let loops: [EventLoop]
  /// What belongs to each loop; filled once in `listen`.
  private let members: Mutex<[LoopBound<LoopMembers>]>

  /// What one loop owns.
  fileprivate final class LoopMembers {
    let client: Client
    let recorder: Recorder?
    var listeners: [Listener] = []
    /// What runs: also what goes on without its client, or tidies up behind its reply.
    var exchanges: [ObjectIdentifier: Exchange] = [:]

    init(_ client: Client, _ recorder: Recorder?) {
      self.client = client
      self.recorder = recorder
    }
  }

  /// Reads the config and makes the loops. Throws `invalid` when the config can't be used.
  package init(_ source: ConfigSource) throws(Fault) {
    self.source = source
    let loaded = try source.load()
    origins = Origins(folder: source.folder)
    sessions = SessionStore(folder: source.dataFolder + "/sessions")
    let setup = try Setup(loaded.config, values: loaded.values, origins: origins, sessions: sessions)
    try setup.checkListeners()
    current = Mutex(setup)
    recordConfig = loaded.config.record
    record = loaded.config.record.isOn ? try RecordKeeper(loaded.config.record, source) : nil
    let count = loaded.config.server.loops ?? Self.cores
    var loops: [EventLoop] = []
    for index in 0..<count { loops.append(try EventLoop(index: index)) }
    self.loops = loops
    members = Mutex([])
  }

  private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  private var setup: Setup { current.withLock { $0 } }

  /// Listens, serves until a signal ends it, drains, and returns. Throws `internal` when an address can't be had.
  package func run() throws(Fault) {
    Self.raiseDescriptorLimit()
    Signals.block()
    configureLog()
    let addresses = try listen()
    for warning in setup.config.warnings { Log.warning("config", ["message": warning]) }
    for address in addresses { Self.say("\(setup.config.server.tls == nil ? "http" : "https")://\(address)") }
    while true {
      switch Signals.next() {
      case .reload: reload()
      case .end:
        drain()
        endRecord()
        Log.flush()
        return
      }
    }
  }

  private func configureLog() {
    Log.configure(level: setup.config.log.level, format: setup.config.log.format)
  }

  static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // The address is printed for people and scripts; nobody reading it is no reason to stop.
    _ = unsafe write(1, bytes, bytes.count)
  }

  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

// MARK: - Serving

extension App {
  /// Starts the loops, each with a listener on every address. The first loop chooses the port where 0 was asked for.
  private func listen() throws(Fault) -> [Address] {
    var addresses = setup.config.server.listen
    for address in addresses { try Listener.checkFree(address) }
    let server = try server()
    for loop in loops {
      loop.start()
      let asked = addresses
      let result = Self.on(loop) { [self] () -> Result<[Address], Fault> in
        do throws(Fault) {
          return .success(try open(asked, server, on: loop))
        } catch {
          return .failure(error)
        }
      }
      addresses = try result.get()
    }
    return addresses
  }

  private func open(_ addresses: [Address], _ server: Server, on loop: EventLoop) throws(Fault) -> [Address] {
    let own = LoopMembers(Client(loop, resolver), record?.recorder(on: loop))
    for address in addresses { own.listeners.append(try Listener(address, server, loop)) }
    members.withLock { $0.append(LoopBound(own, loop)) }
    return own.listeners.compactMap { $0.address }
  }

  private func server() throws(Fault) -> Server {
    var server = Server(handler: answer, refusal: { Refusal.response($0) })
    let config = setup.config.server
    server.limits = config.limits
    server.limits.connections = max(1, config.limits.connections / loops.count)
    if let tls = config.tls { server.tls = try TLSContext(certificate: source.path(tls.certificate), key: source.path(tls.key)) }
    return server
  }

  private func answer(_ request: Request) async {
    let members = members(of: request.loop)
    let exchange = Exchange(request, setup, Upstream(members.client), metrics, members.recorder)
    members.exchanges[ObjectIdentifier(exchange)] = exchange
    await exchange.run()
    members.exchanges[ObjectIdentifier(exchange)] = nil
  }

  private func members(of loop: EventLoop) -> LoopMembers {
    members.withLock { $0[loop.index] }.value
  }

  /// Runs `body` on a loop's thread and waits for it; for the main thread only.
  private static func on<Value: Sendable>(_ loop: EventLoop, _ body: @escaping @Sendable () -> Value) -> Value {
    let box = Mutex<Value?>(nil)
    let done = Bell()
    loop.execute {
      let value = body()
      box.withLock { $0 = value }
      done.ring()
    }
    done.wait()
    guard let value = box.withLock({ $0 }) else { preconditionFailure("the loop rang without a value") }
    return value
  }
}

// MARK: - Reload and end

extension App {
  /// Reads the config anew. One that can't be used is refused as a whole, and the old one stays.
  private func reload() {
    do throws(Fault) {
      let loaded = try source.load()
      let setup = try Setup(loaded.config, values: loaded.values, origins: origins, sessions: sessions)
      try setup.checkListeners()
      if setup.config.server.listen != self.setup.config.server.listen {
        Log.warning("reload", ["message": "server.listen needs a restart"])
      }
      if setup.config.record.needsRestart(recordConfig) { Log.warning("reload", ["message": "record needs a restart"]) }
      current.withLock { $0 = setup }
      let server = try server()
      let kept = setup.origins
      for member in members.withLock({ $0 }) { member.update(server, kept) }
      configureLog()
      metrics.reloads["ok"].add()
      Log.info("reload", ["result": "ok"])
      for warning in setup.config.warnings { Log.warning("config", ["message": warning]) }
    } catch {
      metrics.reloads["refused"].add()
      Log.error("reload", ["result": "refused", "message": error.message])
    }
  }

  /// Stops accepting and lets running replies end, for as long as the config says. What runs then is cut, and gets the time to settle:
  /// to be recorded and logged, as when a client leaves.
  private func drain() {
    let bell = Bell()
    let left = Atomic<Int>(0)
    let all = members.withLock { $0 }
    left.store(loops.count, ordering: .relaxed)
    for member in all {
      member.drain { if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { bell.ring() } }
    }
    let end = Time.monotonic + Int(setup.config.server.drain)
    // What was made on a site is tidied up behind the reply, and a reply may be read on without its client.
    guard !bell.wait(nanoseconds: setup.config.server.drain) || !waitForExchanges(until: end) else { return }
    Log.warning("drain", ["message": "replies were cut off"])
    for member in all { member.cut() }
    _ = waitForExchanges(until: Time.monotonic + Self.timeToSettle)
  }

  /// Nanoseconds.
  private static let timeToSettle = 1_000_000_000

  /// Whether nothing runs any more at `end`, monotonic nanoseconds, or before.
  private func waitForExchanges(until end: Int) -> Bool {
    let all = Array(zip(loops, members.withLock { $0 }))
    while all.contains(where: { loop, member in Self.on(loop) { !member.value.exchanges.isEmpty } }) {
      guard Time.monotonic < end else { return false }
      usleep(5000)
    }
    return true
  }

  /// Closes the spool, and files what is in it as far as a few seconds allow; the rest is for the next start.
  private func endRecord() {
    guard let record else { return }
    for (loop, member) in zip(loops, members.withLock { $0 }) { Self.on(loop) { member.value.recorder?.end() } }
    record.end()
  }
}

extension LoopBound where Value == App.LoopMembers {
  /// Hands new settings to the loop's listeners; from any thread.
  fileprivate func update(_ server: Server, _ origins: [Origin]) {
    onLoop { members in
      for listener in members.listeners { listener.update(server) }
      members.client.keepOnly(origins)
    }
  }

  /// Ends what the loop still does for clients; from any thread.
  fileprivate func cut() {
    onLoop { members in
      for exchange in members.exchanges.values { exchange.cut() }
      // Nobody may begin another request.
      for listener in members.listeners { listener.abort() }
    }
  }

  /// Drains the loop's listeners and calls back; from any thread.
  fileprivate func drain(_ done: @escaping @Sendable () -> Void) {
    onLoop { members in
      var left = members.listeners.count
      for listener in members.listeners {
        listener.drain {
          left -= 1
          if left == 0 { done() }
        }
      }
    }
  }
}
