package import Base
import CSystem

/// How far a reply has come.
struct ReplyState {
  enum Phase { case waiting, streaming, done }
  var phase = Phase.waiting
  /// The head of a stream, until it leaves with the first piece.
  var head: [UInt8] = []
  var isChunked = false
  /// Bytes that are still to come of a body whose length the head told.
  var left: Int?
  var heartbeat: (interval: Int64, bytes: [UInt8])?
  var lastProgress = sys_now()
  var isStalled = false
  /// Whether the head told the client that the connection ends behind this reply.
  var isLast = false
}

extension Request {
  /// Bytes that may wait for a slow reader before `write` waits too.
  private static let mostPending = 65536

  /// Whether something of the reply has been handed over.
  package var hasReplied: Bool { reply.phase != .waiting }

  /// Sends a whole reply.
  package func respond(_ response: Response) {
    precondition(reply.phase == .waiting, "a second reply to one request")
    reply.phase = .done
    guard !isAbandoned else { return }
    reply.isLast = isLast
    var head = headBytes(response.head)
    let hasBody = response.head.status >= 200 && response.head.status != 204 && response.head.status != 304
    if hasBody { Self.finishHead(&head, length: response.body.count) } else { head.append("\r\n") }
    let isEmpty = !hasBody || self.head.method == "HEAD"
    guard connection.transmit(head, isEmpty ? [] : response.body) else { return }
    connection.finished(self)
  }

  /// Begins a reply of unknown length; its head leaves with the first piece.
  package func start(_ response: ResponseHead) {
    precondition(reply.phase == .waiting, "a second reply to one request")
    reply.phase = .streaming
    reply.isChunked = !head.isVersion10
    reply.isLast = isLast || head.isVersion10
    reply.head = headBytes(response)
    reply.head.append(reply.isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
    reply.lastProgress = sys_now()
  }

  /// Begins a reply that an upstream made: with its own Date, and with the length that its fields tell, if they do.
  /// `isBodiless`: no piece will come, whatever the fields say (HEAD, 204, 304).
  package func start(passing response: ResponseHead, isBodiless: Bool) {
    let text = response.headers.bytes(.contentLength)
    // What is no number was refused where the reply was read.
    let length = isBodiless ? 0 : text.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    precondition(reply.phase == .waiting, "a second reply to one request")
    reply.phase = .streaming
    reply.left = length
    reply.isChunked = length == nil && !head.isVersion10
    reply.isLast = isLast || length == nil && head.isVersion10
    reply.head = headBytes(response)
    reply.head.append(reply.isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
    reply.lastProgress = sys_now()
  }

  /// Whether a piece is the last of a body whose length the head told, so that the client has the whole reply with it.
  package func isWhole(with piece: [UInt8]) -> Bool { reply.left == piece.count }

  /// Sends the head of a stream whose first piece lets wait for itself.
  package func sendHead() throws(Fault) {
    guard !isAbandoned else { throw Self.abandoned }
    let bytes = reply.head
    reply.head = []
    guard bytes.isEmpty || connection.transmit(bytes) else { throw Self.abandoned }
  }

  /// Sends an interim reply (1xx); a client of HTTP/1.0 gets none. Source: RFC 9110 §15.2.
  package func sendInterim(_ interim: ResponseHead) {
    guard reply.phase == .waiting, !isAbandoned, !head.isVersion10, connection.pendingCount <= Self.mostPending else { return }
    var bytes: [UInt8] = []
    bytes.append("HTTP/1.1 ")
    bytes.append(decimal: interim.status)
    bytes.append(" ")
    bytes.append(ResponseHead.reason(interim.status))
    bytes.append("\r\n")
    bytes += interim.headers.lines
    bytes.append("\r\n")
    _ = connection.transmit(bytes)
  }

  /// Sends a piece at once; waits while the client is too slow. Throws `cancelled` when the client has left.
  package func write(_ piece: [UInt8]) async throws(Fault) {
    guard !isAbandoned else { throw Self.abandoned }
    try put(piece)
    while connection.pendingCount > Self.mostPending {
      reply.isStalled = true
      connection.setDeadline(after: connection.server.limits.idle)
      await room.wait()
      guard !isAbandoned else { throw Self.abandoned }
    }
  }

  private func put(_ piece: [UInt8]) throws(Fault) {
    precondition(reply.phase == .streaming, "a piece outside a stream")
    guard !piece.isEmpty, head.method != "HEAD" else { return }
    try count(piece)
    var front = reply.head
    reply.head = []
    if reply.isChunked {
      front.append(hexadecimal: piece.count)
      front.append("\r\n")
    }
    reply.lastProgress = sys_now()
    guard connection.transmit(front, piece, reply.isChunked ? Self.lineEnd : []) else { throw Self.abandoned }
  }

  private static let lineEnd: [UInt8] = [13, 10]

  /// Counts a piece of a body whose length the client was told.
  private func count(_ piece: [UInt8]) throws(Fault) {
    guard let left = reply.left else { return }
    guard piece.count <= left else { throw Fault(.broken, "The reply is longer than its head says.") }
    reply.left = left - piece.count
  }

  /// Ends a stream in order, with a last piece and, where it goes in chunks, with trailers.
  package func finish(_ last: [UInt8] = [], trailers: Headers? = nil) {
    guard reply.phase == .streaming else { return }
    guard last.count == reply.left ?? last.count else { return abort() }
    reply.heartbeat = nil
    reply.phase = .done
    guard !isAbandoned else { return }
    var front = reply.head
    reply.head = []
    var end: [UInt8] = []
    if reply.isChunked, head.method != "HEAD" {
      if !last.isEmpty {
        front.append(hexadecimal: last.count)
        front.append("\r\n")
        end.append("\r\n")
      }
      end.append("0\r\n")
      if let trailers { end += trailers.lines }
      end.append("\r\n")
    }
    guard connection.transmit(front, head.method == "HEAD" ? [] : last, end) else { return }
    connection.finished(self)
  }

  /// Ends a stream so that the client sees that it is broken: without the chunk that ends it.
  package func abort() {
    guard reply.phase == .streaming, !isAbandoned else { return }
    let isReset = endsWithConnection
    reply.phase = .done
    connection.breakOff(isReset: isReset)
  }

  /// Whether the reply's end is the connection's, so that only a reset shows a wrong one.
  var endsWithConnection: Bool { reply.phase == .streaming && !reply.isChunked && reply.left == nil }

  /// Sends `bytes` whenever the stream was silent for `interval` nanoseconds.
  package func keepAlive(every interval: Int64, _ bytes: [UInt8]) {
    reply.heartbeat = (interval, bytes)
    connection.setDeadline(after: interval)
  }

  /// Sends a heartbeat that is due; when the next one will be.
  func beat(_ now: Int64) -> Int64? {
    guard reply.phase == .streaming, let heartbeat = reply.heartbeat else { return nil }
    if now - reply.lastProgress >= heartbeat.interval {
      // A connection that breaks here tells the task by itself.
      try? put(heartbeat.bytes)
    }
    return max(reply.lastProgress + heartbeat.interval, now + 1_000_000)
  }

  /// The client has read on.
  func drained() {
    reply.lastProgress = sys_now()
    guard connection.pendingCount <= Self.mostPending / 2 else { return }
    reply.isStalled = false
    room.wake()
  }

  func handlerReturned() {
    guard !isAbandoned else { return }
    switch reply.phase {
    case .waiting: respond(connection.server.refusal(Fault(.internal, "The request was not answered.")))
    case .streaming: abort()
    case .done: break
    }
  }

  private var isLast: Bool { !head.keepsAlive || connection.isEnding || !isBodyRead }

  private func headBytes(_ response: ResponseHead) -> [UInt8] {
    var bytes = Self.headBytes(response, loop, closing: reply.isLast)
    // A client of HTTP/1.0 must be told that its wish was granted. Source: RFC 9112 §C.2.2.
    if head.isVersion10, !reply.isLast { bytes.append("Connection: keep-alive\r\n") }
    return bytes
  }

  /// The status line, the fields and those of the connection; without the length and the empty line.
  static func headBytes(_ head: ResponseHead, _ loop: EventLoop, closing: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.headers.lines.count + 160)
    bytes.append("HTTP/1.1 ")
    bytes.append(decimal: head.status)
    bytes.append(" ")
    bytes.append(ResponseHead.reason(head.status))
    bytes.append("\r\n")
    if head.headers.bytes(.date) == nil {
      bytes.append("Date: ")
      bytes += loop.date
      bytes.append("\r\n")
    }
    bytes += head.headers.lines
    if closing { bytes.append("Connection: close\r\n") }
    return bytes
  }

  static func finishHead(_ head: inout [UInt8], length: Int) {
    head.append("Content-Length: ")
    head.append(decimal: length)
    head.append("\r\n\r\n")
  }
}
