package import Base
import CSystem

/// One request and the reply to it. Belongs to its connection's loop.
package final class Request {
  /// Its first line and its fields.
  package let head: RequestHead
  let connection: ServerConnection
  /// False lets the handler go on when the client leaves: what it writes is then dropped.
  package var isCancelledWithClient = true
  /// Whether the client has left.
  package private(set) var isAbandoned = false

  /// Called once when the client leaves, before the task is cancelled.
  package var whenAbandoned: (() -> Void)? {
    didSet {
      guard isAbandoned, let tell = whenAbandoned else { return }
      whenAbandoned = nil
      tell()
    }
  }

  // The body on its way in.
  private var received: [UInt8] = []
  private var left: Int
  private var chunks: ChunkedDecoder?
  private var bodyFault: Fault?
  private var isCollecting = false
  private let arrival = Waiter()
  private var mustSayContinue: Bool
  private var lastActivity = sys_now()

  // The reply on its way out: see Request+Reply.swift.
  var reply = ReplyState()
  let room = Waiter()

  /// Bytes of a body that are kept before somebody asks for them.
  private static let mostUnasked = 65536

  init(_ head: RequestHead, _ connection: ServerConnection) {
    self.head = head
    self.connection = connection
    left = 0
    mustSayContinue = head.expectsContinue
    switch head.body {
    case .length(let length): left = length
    case .chunked: chunks = ChunkedDecoder(extraLimit: connection.server.limits.head)
    case .none, .untilClose: mustSayContinue = false
    }
  }

  /// The client's address; nil when the kernel did not tell.
  package var peer: Address? { connection.peer }
  /// The loop that this request lives on.
  package var loop: EventLoop { connection.loop }
  /// Monotonic nanoseconds when its head was complete.
  package let started = sys_now()

  /// Whether the whole body has arrived.
  var isBodyRead: Bool { bodyFault == nil && left == 0 && chunks?.isDone != false }
  /// Whether reading should wait until somebody takes what is here.
  var isFull: Bool { !isCollecting && received.count >= Self.mostUnasked }

  /// Waits for the whole body. Throws `tooLarge` as soon as it is known to be longer than `limit` bytes,
  /// `invalid` for malformed chunks, `cancelled` when the client leaves.
  package func collect(limit: Int) async throws(Fault) -> [UInt8] {
    guard received.count + left <= limit else { throw Self.tooLarge(limit) }
    let wasFull = isFull
    isCollecting = true
    defer { isCollecting = false }
    // The whole body may be here already, and then nobody would wait for more and read on.
    if wasFull { connection.resumeReading() }
    received.reserveCapacity(min(received.count + left, 1 << 20))
    while !isBodyRead {
      try await waitForBody()
      guard received.count <= limit else { throw Self.tooLarge(limit) }
    }
    guard received.count <= limit else { throw Self.tooLarge(limit) }
    return takeReceived()
  }

  /// The next piece of the body; nil behind its end. Throws as `collect`.
  package func next() async throws(Fault) -> [UInt8]? {
    while received.isEmpty {
      if isBodyRead { return nil }
      try await waitForBody()
    }
    return takeReceived()
  }

  /// The fields behind a chunked body that was read to its end. Throws `tooLarge` for too many.
  package func trailers() throws(Fault) -> Headers { try chunks?.trailers() ?? Headers() }

  private func takeReceived() -> [UInt8] {
    let wasFull = isFull
    let bytes = received
    received = []
    if wasFull { connection.resumeReading() }
    return bytes
  }

  private func waitForBody() async throws(Fault) {
    if let bodyFault { throw bodyFault }
    if mustSayContinue {
      mustSayContinue = false
      _ = connection.transmit(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }
    guard !isAbandoned else { throw Self.abandoned }
    connection.resumeReading()
    await arrival.wait()
    if let bodyFault { throw bodyFault }
    guard !isAbandoned else { throw Self.abandoned }
  }

  private static func tooLarge(_ limit: Int) -> Fault {
    Fault(.tooLarge, "The request body is longer than \(limit) bytes.")
  }

  static let abandoned = Fault(.cancelled, "The client left.")

  /// Ends it as if the client had left, and cancels its task whatever `isCancelledWithClient` says: the server ends.
  package func cut() {
    isCancelledWithClient = true
    connection.cut(self)
  }
}

// MARK: - The connection's side

extension Request {
  /// Takes the body's bytes out of `bytes` from `position` on.
  func receive(_ bytes: borrowing Span<UInt8>, _ position: inout Int) {
    guard !isBodyRead, bodyFault == nil else { return }
    lastActivity = sys_now()
    mustSayContinue = false
    if left > 0 {
      let count = min(left, bytes.count - position)
      received.append(bytes.extracting(position..<position + count))
      position += count
      left -= count
    } else {
      do throws(Fault) {
        try chunks?.feed(bytes, &position, &received)
      } catch {
        bodyFault = error
        position = bytes.count
      }
    }
    arrival.wake()
  }

  func clientLeft() {
    isAbandoned = true
    let tell = whenAbandoned
    whenAbandoned = nil
    tell?()
    arrival.wake()
    room.wake()
  }

  /// When the connection must look again, or a time that has passed when the client is too slow.
  func nextDeadline(_ now: Int64) -> Int64? {
    let idle = connection.server.limits.idle
    // A heartbeat for a client that does not even read what it has would only pile up.
    if reply.isStalled || !isBodyRead && arrival.isWaiting || reply.phase == .streaming && connection.pendingCount > 0 {
      return max(lastActivity, reply.lastProgress) + idle
    }
    return beat(now) ?? now + idle
  }
}
