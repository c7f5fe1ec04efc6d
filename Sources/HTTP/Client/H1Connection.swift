import Base
import CSystem
import Glibc

/// An HTTP/1.1 connection to an origin: one request after another.
final class H1Connection: Socket, StreamCarrier {
  private enum Body { case head, length(Int), chunked(ChunkedDecoder), untilClose }

  private let pool: Pool
  private var stream: ClientStream?
  private var scanner = HeadScanner(limit: H1Connection.headLimit)
  private var body = Body.head
  private var isReused = false
  private var hasHeard = false
  private var keepsAlive = true
  private var isReplyRead = false
  /// Monotonic nanoseconds.
  var idleSince: Int64 = 0

  /// Reads in one turn, so that a fast origin can't keep the loop from its other work.
  private static let mostReads = 16
  /// Bytes of a reply's head.
  private static let headLimit = 64 << 10

  init(_ connected: Connector.Connected, _ pool: Pool) {
    self.pool = pool
    super.init(connected.fd, pool.loop)
    tls = connected.tls
    watch([.readable, .peerClosed])
  }

  /// Sends the stream's request.
  func open(_ stream: ClientStream) {
    self.stream = stream
    stream.carrier = self
    hasHeard = false
    keepsAlive = true
    stream.wasSent()
    guard send(stream.request.head(to: stream.origin), stream.request.framedBody) else { return lost() }
    watchAsNeeded()
  }

  override func handle(_ events: Readiness) {
    // Read first: an origin may answer and close before it has read everything, and sending on would fail.
    if !events.isDisjoint(with: [.readable, .peerClosed, .failed]) { read() }
    guard !isClosed else { return }
    if events.contains(.writable), !flush() { return lost() }
    watchAsNeeded()
  }

  private func watchAsNeeded() {
    var wanted: Readiness = [.readable, .peerClosed]
    if stream?.isFull == true { wanted = [] }
    if wantsWritable { wanted.insert(.writable) }
    watch(wanted)
  }

  private func read() {
    var reads = 0
    while !isClosed, stream?.isFull != true {
      reads += 1
      guard reads <= Self.mostReads else { return tls == nil ? () : readSoon() }
      switch receive() {
      case .bytes(let count, let more):
        guard stream != nil else { return end() }  // bytes that nobody asked for
        take(count)
        guard more else { return }
      case .nothing: return
      case .end: return ended()
      case .failed: return lost()
      }
    }
  }

  private func take(_ count: Int) {
    let scratch = loop.scratch
    let bytes = scratch.span.extracting(0..<count)
    hasHeard = true
    var position = 0
    do throws(Fault) {
      while position < count, !isReplyRead, let stream { try take(bytes, &position, stream) }
      // Bytes behind the reply belong to nobody, least of all to the next request.
      if isReplyRead { finish(isAtEnd: position == count) }
    } catch {
      let failed = stream
      stream = nil
      failed?.fail(Fault(.broken, "The upstream broke the rules of HTTP.", detail: error.message))
      end()
    }
  }

  private func take(_ bytes: borrowing Span<UInt8>, _ position: inout Int, _ stream: ClientStream) throws(Fault) {
    switch body {
    case .head:
      guard try scanner.feed(bytes, &position) else { return }
      // The scanner has seen a status line, so there are more than eight bytes; `parsing` refuses any other version.
      let isVersion10 = scanner.bytes.count > 8 && scanner.bytes[7] == UInt8(ascii: "0")
      try begin(ResponseHead(parsing: scanner.bytes), isVersion10, stream)
    case .length(let left):
      let count = min(left, bytes.count - position)
      stream.receive(bytes.extracting(position..<position + count))
      position += count
      body = .length(left - count)
      isReplyRead = left == count
    case .chunked(var decoder):
      try stream.receive { received throws(Fault) in try decoder.feed(bytes, &position, &received) }
      body = .chunked(decoder)
      isReplyRead = decoder.isDone
      if isReplyRead { stream.receive(trailers: try decoder.trailers()) }
    case .untilClose:
      stream.receive(bytes.extracting(position..<bytes.count))
      position = bytes.count
    }
  }

  private func begin(_ head: ResponseHead, _ isVersion10: Bool, _ stream: ClientStream) throws(Fault) {
    scanner = HeadScanner(limit: Self.headLimit)
    if head.status == 101 { return try switchProtocol(head, stream) }
    guard head.status >= 200 else { return stream.receive(interim: head) }
    let length = try BodyLength(head.headers, isRequest: false, isVersion10: isVersion10)
    let options = head.headers.bytes(.connection) == nil ? [] : head.headers.elements(.connection)
    keepsAlive = isVersion10 ? options.contains("keep-alive") : !options.contains("close")
    stream.receive(head)
    guard stream.request.method != "HEAD", head.status != 204, head.status != 304 else { return isReplyRead = true }
    switch length {
    case .none: isReplyRead = true
    case .length(let count): body = .length(count)
    case .chunked: body = .chunked(ChunkedDecoder(extraLimit: Self.headLimit))
    case .untilClose:
      keepsAlive = false
      body = .untilClose
    }
  }

  /// From here on the bytes are another protocol's, until the connection ends.
  private func switchProtocol(_ head: ResponseHead, _ stream: ClientStream) throws(Fault) {
    guard stream.request.isUpgrade else { throw Fault(.broken, "It switched to a protocol that nobody asked for.") }
    keepsAlive = false
    body = .untilClose
    stream.receive(head)
  }

  func send(_ bytes: [UInt8], of stream: ClientStream) {
    guard self.stream === stream, !isClosed else { return }
    guard send(bytes) else { return lost() }
    watchAsNeeded()
  }

  private func finish(isAtEnd: Bool) {
    let finished = stream
    stream = nil
    body = .head
    isReplyRead = false
    finished?.carrier = nil
    finished?.finish()
    guard keepsAlive, isAtEnd, pendingCount == 0, !isClosed else { return end() }
    if let tls, !isReused { pool.keep(tls) }
    isReused = true
    pool.isFree(self)
  }

  /// The origin ended the connection in order.
  private func ended() {
    if case .untilClose = body, let finished = stream {
      stream = nil
      finished.finish()
      return end()
    }
    lost()
  }

  /// The connection broke. A request on a connection that had been idle is sent once more: the origin closed it
  /// before it saw the request. Source: RFC 9112 §9.3.1.
  private func lost() {
    let lost = stream
    stream = nil
    end()
    guard let lost else { return }
    if isReused, !hasHeard, !lost.wasRestarted { return pool.retry(lost) }
    lost.carrier = nil
    lost.fail(Fault(.broken, hasHeard ? "The upstream broke off its reply." : "The upstream closed the connection without a reply."))
  }

  private func end() {
    guard !isClosed else { return }
    close()
    pool.isGone(self)
  }

  func taken(_ count: Int, by stream: ClientStream) {
    guard self.stream === stream, !isClosed else { return }
    watchAsNeeded()
    if tls != nil, count >= ClientStream.mostUnread { readSoon() }
  }

  /// Reads in the next turn: TLS may hold bytes that the kernel does not tell of.
  private func readSoon() {
    let this = LoopBound(self, loop)
    loop.execute { this.value.handle(.readable) }
  }

  func abandon(_ stream: ClientStream) {
    guard self.stream === stream else { return }
    self.stream = nil
    end()
  }
}
