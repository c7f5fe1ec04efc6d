import Base
import CSystem

/// The connections of one loop to one origin, and the requests that wait for one.
final class Pool {
  private enum Known { case nothing, http1, http2 }

  let origin: Origin
  let loop: EventLoop
  private let resolver: Resolver
  private var idle: [H1Connection] = []
  private var multiplexed: [H2Connection] = []
  private var waiting: [ClientStream] = []
  private var streams: [ClientStream] = []
  private var connecting = 0
  private var known = Known.nothing
  private var resumption: TLSResumption?
  private var alarm: Alarm?
  private var isRetired = false

  /// Nanoseconds that an idle connection is kept.
  static let idleLimit: Int64 = 55_000_000_000

  init(_ origin: Origin, _ loop: EventLoop, _ resolver: Resolver) {
    self.origin = origin
    self.loop = loop
    self.resolver = resolver
    if !origin.isTLS { known = .http1 }
    alarm = Alarm(loop) { [weak self] in self?.sweep() }
  }

  deinit {
    alarm?.clear()
  }

  /// Ends the idle connections; those at work end when they are done.
  func retire() {
    isRetired = true
    for connection in idle { connection.close() }
    idle = []
    for connection in multiplexed { connection.retire() }
  }

  func begin(_ stream: ClientStream) {
    stream.place = streams.count
    streams.append(stream)
    ring(by: stream.deadline)
    dispatch(stream)
  }

  /// Gives the stream a connection, or a place in the queue for one.
  private func dispatch(_ stream: ClientStream) {
    if let connection = multiplexed.first(where: { $0.hasRoom }) { return connection.open(stream) }
    if let connection = idle.popLast() { return connection.open(stream) }
    waiting.append(stream)
    connect()
  }

  /// The stream has ended.
  func remove(_ stream: ClientStream) {
    guard stream.place >= 0 else { return }
    let last = streams.removeLast()
    if last !== stream {
      streams[stream.place] = last
      last.place = stream.place
    }
    stream.place = -1
    if stream.phase == .connecting { waiting.removeAll { $0 === stream } }
  }

  /// Begins a stream anew that its connection could not serve.
  func retry(_ stream: ClientStream) {
    stream.restart()
    if let connection = multiplexed.first(where: { $0.hasRoom }) { return connection.open(stream) }
    // Not one that was idle: it may be as stale as the last.
    waiting.append(stream)
    connect()
  }
}

// MARK: - Connecting

extension Pool {
  /// Connections that may be made at the same time: TLS handshakes are paced, since a thousand at once delay every
  /// stream of the loop by 100 ms; an origin whose protocol is not known yet is asked once.
  private var mostConnecting: Int {
    switch known {
    case .nothing: 1
    case .http2: 2
    case .http1: origin.isTLS ? 16 : 512
    }
  }

  private func connect() {
    while connecting < min(waiting.count, mostConnecting) {
      connecting += 1
      let timeout = waiting[0].request.timeouts.connect
      Connector(origin, loop, resolver, resumption, timeout) { [self] result in connected(result) }.start()
    }
  }

  private func connected(_ result: Result<Connector.Connected, Fault>) {
    connecting -= 1
    switch result {
    case .success(let connected) where connected.isHTTP2:
      known = .http2
      let connection = H2Connection(connected, self)
      multiplexed.append(connection)
      fill(connection)
    case .success(let connected):
      known = .http1
      isFree(H1Connection(connected, self))
    case .failure(let fault):
      let failed = known == .nothing ? waiting : Array(waiting.prefix(1))
      waiting.removeFirst(failed.count)
      for stream in failed { stream.fail(fault) }
    }
    connect()
  }

  /// An HTTP/1.1 connection has nothing to do.
  func isFree(_ connection: H1Connection) {
    guard waiting.isEmpty else { return connection.open(waiting.removeFirst()) }
    guard !isRetired else { return connection.close() }
    connection.idleSince = sys_now()
    idle.append(connection)
    ring(by: connection.idleSince + Self.idleLimit)
  }

  func isGone(_ connection: H1Connection) {
    idle.removeAll { $0 === connection }
  }

  /// An HTTP/2 connection has room for more streams.
  func fill(_ connection: H2Connection) {
    while !waiting.isEmpty, connection.hasRoom { connection.open(waiting.removeFirst()) }
    if isRetired { connection.retire() }
  }

  func isGone(_ connection: H2Connection) {
    multiplexed.removeAll { $0 === connection }
    connect()
  }

  /// Keeps the TLS session for the next connection.
  func keep(_ session: TLSSession) {
    resumption = session.resumption() ?? resumption
  }
}

// MARK: - Time

extension Pool {
  /// Sees to it that `sweep` runs at that time at the latest.
  func ring(by time: Int64) {
    guard let alarm, time < alarm.deadline else { return }
    alarm.set(time)
  }

  /// Fails streams whose patience has ended, closes connections that were idle for too long, and looks for the next.
  private func sweep() {
    let now = sys_now()
    for stream in streams where stream.deadline <= now { stream.fail(stream.timeoutFault) }
    for connection in idle where connection.idleSince + Self.idleLimit <= now { connection.close() }
    idle.removeAll { $0.isClosed }
    var next = Int64.max
    for stream in streams { next = min(next, stream.deadline) }
    for connection in idle { next = min(next, connection.idleSince + Self.idleLimit) }
    // Not more often than every 5 ms, however many streams end at different times.
    if next != .max { alarm?.set(max(next, now + 5_000_000)) }
  }
}
