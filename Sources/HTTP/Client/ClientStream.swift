package import Base
import CSystem

/// One request on its way to an origin and the reply on its way back. Belongs to one loop.
///
/// A connection fills it, a task empties it; what was filled and not yet taken is bounded, because the connection stops
/// reading (or grants no window) beyond `mostUnread`.
package final class ClientStream {
  private(set) var request: ClientRequest
  let origin: Origin
  private let waiter = Waiter()
  private var head: ResponseHead?
  private var received: [UInt8] = []
  private var hasEnded = false
  /// The fields behind the reply's body; nil when there are none, or the body has not ended.
  package private(set) var trailers: Headers?
  /// Called with each interim reply (1xx) that comes before the head.
  package var whenInterim: ((ResponseHead) -> Void)?
  private var fault: Fault?
  private var isDraining = false
  private var drained = 0
  /// The connection that works on it.
  weak var carrier: (any StreamCarrier)?
  /// Its number on an HTTP/2 connection.
  var carrierID: Int32 = 0
  /// Its place among the pool's streams.
  var place = -1
  // A cycle while the stream is under way; the pool lets go of it at its end.
  let pool: Pool
  /// How often it was begun anew on another connection.
  private(set) var restarts = 0
  /// Whether it was already begun anew on another connection.
  var wasRestarted: Bool { restarts > 0 }
  /// How often a request is begun anew that an origin refused without looking at it.
  static let mostRestarts = 8

  /// Monotonic nanoseconds: when patience ends for what is waited for now.
  private(set) var deadline: Int64
  private let end: Int64
  private(set) var phase = Phase.connecting

  enum Phase { case connecting, sent, receiving }

  /// Bytes that may wait for the task before the connection stops reading.
  static let mostUnread = 65536
  /// Nanoseconds.
  private static let drainTime: Int64 = 1_000_000_000

  init(_ request: ClientRequest, _ origin: Origin, _ pool: Pool) {
    self.request = request
    self.origin = origin
    self.pool = pool
    let now = sys_now()
    end = now + request.timeouts.total
    deadline = min(end, now + request.timeouts.connect)
  }

  /// Whether bytes wait for the task.
  var isFull: Bool { received.count >= Self.mostUnread }
  /// Whether nothing more will come.
  package var isFinished: Bool { hasEnded && received.isEmpty }
  /// Whether `next` has an answer at once.
  package var isReady: Bool { hasEnded || !received.isEmpty || fault != nil }
  /// Whether any byte of a reply has come.
  private(set) var hasReply = false

  /// Waits for the reply's head, which is given once. Throws `broken` when the connection can't be made or breaks, `timeout` when it takes
  /// too long, `cancelled` after `cancel`.
  package func responseHead() async throws(Fault) -> ResponseHead {
    while true {
      if let head {
        self.head = nil  // a stream may stand open for long
        return head
      }
      if let fault { throw fault }
      await waiter.wait()
    }
  }

  /// The next piece of the body, everything that has come since the last; nil behind its end. Throws as `responseHead`.
  package func next() async throws(Fault) -> [UInt8]? {
    while received.isEmpty {
      if hasEnded { return nil }
      if let fault { throw fault }
      await waiter.wait()
    }
    return takeReceived()
  }

  private func takeReceived() -> [UInt8] {
    // The upstream was not to blame for the time that the task took.
    if isFull { extend(request.timeouts.idle) }
    let piece = received
    received = []
    carrier?.taken(piece.count, by: self)
    return piece
  }

  /// The whole body. Throws `broken` beyond `limit` bytes.
  package func collect(limit: Int) async throws(Fault) -> [UInt8] {
    var whole: [UInt8] = []
    while let piece = try await next() {
      if whole.isEmpty { whole = piece } else { whole += piece }
      guard whole.count <= limit else {
        cancel()
        throw Fault(.broken, "The upstream's reply is longer than \(limit) bytes.")
      }
    }
    return whole
  }

  /// Wants nothing more of the body: what is left of it is dropped as it comes, so that the connection serves again.
  /// A body that does not end within a second or 64 KiB is not worth that: its connection or stream ends.
  package func drain() {
    guard !isDraining else { return }
    isDraining = true
    _ = takeReceived()
    guard !hasEnded, fault == nil else { return }
    extend(Self.drainTime)
  }

  /// Sends bytes behind an answer that switched protocols.
  func write(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, !hasEnded, fault == nil else { return }
    carrier?.send(bytes, of: self)
  }

  /// Gives the request up: the upstream sees its connection or stream end. Does nothing when all has come.
  package func cancel() {
    guard !hasEnded, fault == nil else { return }
    fail(Fault(.cancelled, "The request was cancelled."))
  }
}

// MARK: - The connection's side

extension ClientStream {
  func wasSent() {
    phase = .sent
    extend(request.timeouts.firstByte)
  }

  func receive(interim head: ResponseHead) {
    guard fault == nil else { return }
    whenInterim?(head)
  }

  func receive(trailers fields: Headers) {
    if fields.count > 0 { trailers = fields }
  }

  func receive(_ head: ResponseHead) {
    whenInterim = nil
    self.head = head
    hasReply = true
    request.body = []  // it will not be sent again
    phase = .receiving
    extend(isDraining ? Self.drainTime : request.timeouts.idle)
    waiter.wake()
  }

  func receive(_ bytes: borrowing Span<UInt8>) {
    guard fault == nil else { return }
    guard !isDraining else { return drop(bytes.count) }
    received.append(bytes)
    arrived()
  }

  private func drop(_ count: Int) {
    drained += count
    if drained > Self.mostUnread { cancel() }
  }

  /// Appends to what waits for the task.
  func receive(_ fill: (inout [UInt8]) throws(Fault) -> Void) throws(Fault) {
    let before = received.count
    try fill(&received)
    guard received.count > before else { return }
    guard !isDraining else {
      let count = received.count
      received = []
      return drop(count)
    }
    arrived()
  }

  private func arrived() {
    // A task that does not take what has come is no fault of the upstream's.
    if isFull { deadline = end } else { extend(request.timeouts.idle) }
    waiter.wake()
  }

  func finish() {
    guard !hasEnded, fault == nil else { return }
    hasEnded = true
    leavePool()
    waiter.wake()
  }

  /// Ends it with an error; the connection is told to let go of it.
  func fail(_ fault: Fault) {
    guard !hasEnded, self.fault == nil else { return }
    self.fault = fault
    whenInterim = nil
    leavePool()
    let carrier = carrier
    self.carrier = nil
    carrier?.abandon(self)
    waiter.wake()
  }

  /// For another try on a fresh connection.
  func restart() {
    restarts += 1
    phase = .connecting
    carrier = nil
    extend(request.timeouts.connect)
  }

  var timeoutFault: Fault {
    switch phase {
    case .connecting: Fault(.timeout, "The upstream could not be reached in time.", detail: "connect to \(origin.authority)")
    case .sent: Fault(.timeout, "The upstream did not answer in time.")
    case .receiving: Fault(.timeout, "The upstream stopped in the middle of its reply.")
    }
  }

  private func extend(_ patience: Int64) {
    deadline = min(end, sys_now() + patience)
    pool.ring(by: deadline)
  }

  private func leavePool() {
    pool.remove(self)
  }
}

/// A connection, seen from a stream that it carries.
protocol StreamCarrier: AnyObject {
  /// The task took `count` bytes: reading may go on.
  func taken(_ count: Int, by stream: ClientStream)
  /// The stream ended early: nothing more is wanted of it.
  func abandon(_ stream: ClientStream)
  /// Sends more behind the request, where the protocol was switched.
  func send(_ bytes: [UInt8], of stream: ClientStream)
}

extension StreamCarrier {
  /// Only HTTP/1.1 can be switched.
  func send(_ bytes: [UInt8], of stream: ClientStream) {}
}
