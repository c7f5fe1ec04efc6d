import Base
import CSystem
import Glibc

/// One client's connection: reads requests one after another and hands each to the server's handler.
///
/// While a request is answered, its body goes to it; bytes behind the body belong to the next request and wait.
/// Everything runs on the loop's thread.
final class ServerConnection: Socket {
  private enum Phase { case handshake, idle, head, request, closing, lingering }

  let peer: Address?
  let server: Server
  private unowned let listener: Listener
  private var phase = Phase.idle
  private var scanner: HeadScanner
  /// Bytes of the next request, which came while this one is being answered.
  private var ahead: [UInt8] = []
  private(set) var request: Request?
  private var task: Task<Void, Never>?
  private var alarm: Alarm?
  private var mustLinger = false
  private var hasPeerEnded = false
  /// The kernel has told of the peer's end while nothing was being read: it is found once reading goes on.
  private var endIsNear = false
  private(set) var isEnding = false

  /// Pipelined bytes that are kept before reading stops.
  private static let mostAhead = 65536
  /// Nanoseconds that a client may go on sending behind its refusal.
  private static let lingerTime: Int64 = 5_000_000_000
  /// Bytes of replies that wait for a slow reader before its next request is looked at.
  private static let mostBehind = 65536
  /// Reads in one turn, so that a fast sender can't keep the loop from its other work.
  private static let mostReads = 16

  init(_ fd: Int32, _ peer: Address?, _ listener: Listener, _ server: Server) {
    self.peer = peer
    self.server = server
    self.listener = listener
    scanner = HeadScanner(limit: server.limits.head)
    super.init(fd, listener.loop)
    alarm = Alarm(listener.loop) { [unowned self] in ring() }
  }

  func open() {
    setDeadline(after: server.limits.headTimeout)
    guard let context = server.tls else {
      watchAsNeeded()
      return
    }
    phase = .handshake
    guard let session = try? TLSSession(accepting: fd, context) else { return leave() }  // the reason is OpenSSL's: out of memory
    tls = session
    continueHandshake()
  }

  private func continueHandshake() {
    // A client that can't do TLS gets no reason; there is no channel for one.
    guard let step = try? tls?.handshake() else { return leave() }
    switch step {
    case .done:
      phase = .idle
      watchAsNeeded()
      read()
    case .wantsRead: watch([.readable, .peerClosed])
    case .wantsWrite: watch([.readable, .writable, .peerClosed])
    }
  }

  override func handle(_ events: Readiness) {
    if phase == .handshake { return continueHandshake() }
    if events.contains(.writable) {
      guard flush() else { return leave() }
      if phase == .closing || phase == .idle { setDeadline(after: server.limits.idle) }
      if phase == .closing { return closeWhenSent() }
      request?.drained()
      takeAhead()
    }
    if events.contains(.failed), isPaused || hasPeerEnded { return leave() }
    if events.contains(.peerClosed), isPaused { endIsNear = true }
    if !events.isDisjoint(with: [.readable, .peerClosed, .failed]) { read() }
    if !isClosed { watchAsNeeded() }
  }

  /// Whether nothing is read for now: somebody has to take first what is here.
  private var isPaused: Bool {
    ahead.count >= Self.mostAhead || request?.isFull == true || request == nil && phase == .idle && pendingCount > Self.mostBehind
  }

  /// Sends the pieces as one; what has to wait is sent when the client reads on. False when the client is gone.
  func transmit(_ a: [UInt8], _ b: [UInt8] = [], _ c: [UInt8] = []) -> Bool {
    guard send(a, b, c) else {
      leave()
      return false
    }
    if wantsWritable { watchAsNeeded() }
    return true
  }

  private func watchAsNeeded() {
    var wanted: Readiness = hasPeerEnded ? [] : isPaused ? endIsNear ? [] : .peerClosed : [.readable, .peerClosed]
    if wantsWritable { wanted.insert(.writable) }
    watch(wanted)
  }
}

// MARK: - Reading

extension ServerConnection {
  /// Reads on after the request took what had arrived of its body.
  func resumeReading() {
    guard !isClosed else { return }
    watchAsNeeded()
    if tls != nil { readSoon() }
  }

  /// Reads in the next turn: TLS may hold bytes that the kernel does not tell of.
  private func readSoon() {
    let this = LoopBound(self, loop)
    loop.execute { this.value.handle(.readable) }
  }

  private func read() {
    var reads = 0
    while !isClosed, !hasPeerEnded, !isPaused {
      reads += 1
      guard reads <= Self.mostReads else { return tls == nil ? () : readSoon() }
      switch receive() {
      case .bytes(let count, let more):
        // Taken out of the loop while it is read, so that no copy is made.
        let scratch = loop.scratch
        take(scratch.span.extracting(0..<count))
        guard more else { return }
      case .nothing: return
      case .end, .failed:
        peerEnded()
        return
      }
    }
  }

  private func take(_ bytes: borrowing Span<UInt8>) {
    var position = 0
    while position < bytes.count, !isClosed {
      if phase == .lingering || phase == .closing { return }
      if let request {
        request.receive(bytes, &position)
        guard position < bytes.count else { return }
        ahead.append(bytes.extracting(position..<bytes.count))
        return
      }
      readHead(bytes, &position)
    }
  }

  private func readHead(_ bytes: borrowing Span<UInt8>, _ position: inout Int) {
    if phase == .idle {
      phase = .head
      setDeadline(after: server.limits.headTimeout)
    }
    do throws(Fault) {
      guard try scanner.feed(bytes, &position) else { return }
      let head = try RequestHead(parsing: scanner.bytes)
      scanner = HeadScanner(limit: server.limits.head)
      begin(head)
    } catch {
      refuse(error)
    }
  }

  private func begin(_ head: RequestHead) {
    phase = .request
    setDeadline(after: server.limits.idle)
    let request = Request(head, self)
    self.request = request
    let bound = LoopBound(request, loop)
    let handler = server.handler
    task = Task(executorPreference: loop) {
      await handler(bound.value)
      bound.value.handlerReturned()
    }
  }

  /// The client has ended its side: it left. A reply that needs no upstream still goes out: its task runs first,
  /// and what it wrote is sent.
  private func peerEnded() {
    hasPeerEnded = true
    guard request != nil else { return endBehindPeer() }
    let this = LoopBound(self, loop)
    loop.execute { this.value.endBehindPeer() }
  }

  private func endBehindPeer() {
    guard !isClosed else { return }
    guard request == nil, phase == .idle || phase == .closing, pendingCount > 0 else { return leave() }
    isEnding = true
    ahead = []
    endOrderly(isRead: true)
  }
}

// MARK: - Ending

extension ServerConnection {
  /// The reply is out: the next request, or the end.
  func finished(_ request: Request) {
    guard self.request === request, !isClosed else { return }
    let wasFull = request.isFull  // with a body that nobody wanted
    self.request = nil
    task = nil
    request.whenAbandoned = nil
    guard !request.reply.isLast, !isEnding, request.isBodyRead else {
      return endOrderly(isRead: request.isBodyRead && ahead.isEmpty)
    }
    phase = .idle
    setDeadline(after: server.limits.idle)
    takeAhead()
    if wasFull { resumeReading() }
  }

  /// Reads the next request from what came during the last one, once its reply has found a reader.
  private func takeAhead() {
    guard phase == .idle, !ahead.isEmpty, pendingCount <= Self.mostBehind else { return }
    let bytes = ahead
    ahead = []
    take(bytes.span)
    if !isClosed { watchAsNeeded() }
  }

  private func refuse(_ fault: Fault) {
    let response = server.refusal(fault)
    var head = Request.headBytes(response.head, loop, closing: true)
    Request.finishHead(&head, length: response.body.count)
    isEnding = true
    guard transmit(head, response.body) else { return }
    endOrderly(isRead: false)
  }

  /// Closes once everything is sent. Reads on for a while when the client may still be sending, because a close with
  /// unread bytes would reset the connection and could destroy the reply on its way.
  private func endOrderly(isRead: Bool) {
    phase = .closing
    mustLinger = !isRead && !hasPeerEnded
    ahead = []
    setDeadline(after: server.limits.idle)
    closeWhenSent()
  }

  private func closeWhenSent() {
    guard pendingCount == 0 else { return watchAsNeeded() }
    guard mustLinger else { return leave() }
    phase = .lingering
    tls?.shutdown()
    shutdown(fd, Int32(SHUT_WR))
    setDeadline(after: Self.lingerTime)
    watchAsNeeded()
  }

  /// No further request after this one; at once when there is none.
  func endAfterReply() {
    isEnding = true
    switch phase {
    case .handshake: leave()
    case .idle where pendingCount > 0: endOrderly(isRead: true)
    case .idle: leave()
    case .head, .request, .closing, .lingering: break
    }
  }

  /// Ends the connection in the middle of a reply, by the handler's will.
  /// `isReset`: the reply's end is the connection's, which only a reset shows to be a wrong one.
  func breakOff(isReset: Bool) {
    guard !isClosed else { return }
    _ = flush()
    if isReset { sys_reset_on_close(fd) }
    request?.whenAbandoned = nil
    request = nil
    leave()
  }

  /// Ends a request by the server's will. One whose client left before has only its task here.
  func cut(_ request: Request) {
    guard self.request === request else {
      if isClosed { task?.cancel() }
      return
    }
    _ = flush()
    if request.endsWithConnection { sys_reset_on_close(fd) }
    leave()
  }

  /// Ends the connection; a request in work is told and cancelled.
  func leave() {
    guard !isClosed else { return }
    alarm?.clear()
    close()
    let left = request
    request = nil
    listener.remove(self)
    guard let left else { return }
    left.clientLeft()
    if left.isCancelledWithClient { task?.cancel() }
  }
}

// MARK: - Time

extension ServerConnection {
  func setDeadline(after nanoseconds: Int64) {
    alarm?.set(sys_now() + nanoseconds)
  }

  private func ring() {
    switch phase {
    case .handshake, .idle, .closing, .lingering: leave()
    case .head: refuse(Fault(.timeout, "The request's head took too long.", code: "request_timeout"))
    case .request: ringInRequest()
    }
  }

  /// During a request only a stalled body, a reader that does not read, or a heartbeat that is due.
  private func ringInRequest() {
    guard let request else { return leave() }
    let now = sys_now()
    if let next = request.nextDeadline(now) {
      guard next > now else { return leave() }
      alarm?.set(next)
    }
  }
}
