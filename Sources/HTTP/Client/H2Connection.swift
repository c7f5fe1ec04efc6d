import Base
import CNghttp2
import CSystem

/// An HTTP/2 connection to an origin: many requests at once. nghttp2 does the framing, this type the flow control:
/// a stream's window opens again only when the task has taken what came, the connection's at once.
final class H2Connection: Socket, StreamCarrier {
  /// What is kept of one stream beside the `ClientStream`.
  private final class Exchange {
    let stream: ClientStream
    var status = 0
    var headers = Headers()
    /// What is still to be sent from `sentBody` on; the stream itself forgets the body as soon as a reply begins, which
    /// may be before its end is sent.
    var body: [UInt8]
    var sentBody = 0
    /// Whether the reply has come to its end.
    var hasEnded = false
    /// How much the connection had heard when the request was opened.
    let heardBefore: Int

    init(_ stream: ClientStream, heardBefore: Int) {
      self.stream = stream
      self.heardBefore = heardBefore
      body = stream.request.body
    }
  }

  private let pool: Pool
  private var session: H2Session?
  private var exchanges: [Int32: Exchange] = [:]
  private var isRetiring = false
  private var isBusy = false
  private var hasKeptSession = false
  /// Reads that brought something.
  private var heard = 0
  private var hasServed = false

  /// Bytes of a reply's head.
  private static let headLimit = 64 << 10

  init(_ connected: Connector.Connected, _ pool: Pool) {
    self.pool = pool
    super.init(connected.fd, pool.loop)
    tls = connected.tls
    session = H2Session(owner: self)
    transmit()
    watchAsNeeded()
  }

  /// Whether another stream may be opened.
  var hasRoom: Bool {
    !isClosed && !isRetiring && exchanges.count < min(session?.mostStreams ?? 0, 1000)
  }

  func open(_ stream: ClientStream) {
    guard let session, let id = session.submit(stream.request, to: stream.origin) else {
      // Its numbers are used up, or the peer is leaving.
      isRetiring = true
      return retry(stream, "no stream could be opened")
    }
    exchanges[id] = Exchange(stream, heardBefore: heard)
    stream.carrier = self
    stream.carrierID = id
    stream.wasSent()
    transmit()
  }

  /// No further streams; closes when the last has ended.
  func retire() {
    isRetiring = true
    if exchanges.isEmpty { end() }
  }

  override func handle(_ events: Readiness) {
    if events.contains(.writable), !flush() { return lost() }
    if !events.isDisjoint(with: [.readable, .peerClosed, .failed]) { read() }
    transmit()
    if !isClosed { watchAsNeeded() }
  }

  private func watchAsNeeded() {
    watch(wantsWritable ? [.readable, .peerClosed, .writable] : [.readable, .peerClosed])
  }

  private func read() {
    isBusy = true
    defer { isBusy = false }
    while !isClosed {
      switch receive() {
      case .bytes(let count, let more):
        heard += 1
        let scratch = loop.scratch
        guard session?.receive(scratch.span.extracting(0..<count)) == true else { return lost() }
        guard more else { return }
      case .nothing: return
      case .end, .failed: return lost()
      }
    }
  }

  /// Sends what nghttp2 has to say, unless it is being called just now.
  private func transmit() {
    guard !isBusy, !isClosed, pendingCount < 1 << 18 else { return }
    while let bytes = output(), !bytes.isEmpty {
      guard send(bytes) else { return lost() }
      guard pendingCount < 1 << 18 else { break }
    }
    if wantsWritable { watchAsNeeded() }
    // After an error of the peer nghttp2 says goodbye and then ignores everything.
    if session?.isOver != false { return lost() }
    guard isRetiring, exchanges.isEmpty else { return }
    end()
  }

  /// nghttp2 reports closed streams from here too; what they make us open must not call it again meanwhile.
  private func output() -> [UInt8]? {
    isBusy = true
    defer { isBusy = false }
    return session?.output()
  }

  /// The connection broke. As in HTTP/1.1, a request is sent once more, elsewhere, when the connection had served
  /// before and nothing at all came since: the origin was gone before it saw the request.
  private func lost() {
    let lost = exchanges.values
    exchanges = [:]
    end()
    for exchange in lost {
      let stream = exchange.stream
      if hasServed, exchange.heardBefore == heard, !stream.wasRestarted {
        pool.retry(stream)
      } else {
        broken(stream, "the connection ended")
      }
    }
  }

  /// Sends a request elsewhere that was refused unseen, but not for ever.
  private func retry(_ stream: ClientStream, _ why: String) {
    if stream.restarts < ClientStream.mostRestarts { pool.retry(stream) } else { broken(stream, why) }
  }

  private func broken(_ stream: ClientStream, _ detail: String) {
    stream.carrier = nil
    stream.fail(Fault(.broken, "The upstream broke off its reply.", detail: detail))
  }

  private func end() {
    guard !isClosed else { return }
    close()
    pool.isGone(self)
  }

  func taken(_ count: Int, by stream: ClientStream) {
    guard let id = id(of: stream) else { return }
    session?.consumed(count, of: id)
    transmit()
  }

  func abandon(_ stream: ClientStream) {
    guard let id = id(of: stream) else { return }
    exchanges[id] = nil
    session?.reset(id)
    transmit()
    settle()
  }

  private func id(of stream: ClientStream) -> Int32? {
    exchanges[stream.carrierID]?.stream === stream ? stream.carrierID : nil
  }

  /// After a stream has ended there is room for one that waits.
  private func settle() {
    guard !isClosed else { return }
    if !isRetiring { pool.fill(self) }
  }
}

// MARK: - What nghttp2 reports

extension H2Connection: H2SessionOwner {
  func body(of id: Int32, into buffer: inout MutableRawSpan) -> (count: Int, isLast: Bool)? {
    guard let exchange = exchanges[id] else { return nil }
    let count = min(buffer.byteCount, exchange.body.count - exchange.sentBody)
    let piece = exchange.body[exchange.sentBody..<exchange.sentBody + count]
    // `count` is at most the buffer's size.
    unsafe buffer.withUnsafeMutableBytes { unsafe $0.copyBytes(from: piece) }
    exchange.sentBody += count
    guard exchange.sentBody == exchange.body.count else { return (count, false) }
    exchange.body = []
    return (count, true)
  }

  func trailers(of id: Int32) -> Headers? {
    guard let trailers = exchanges[id]?.stream.request.trailers, trailers.count > 0 else { return nil }
    return trailers
  }

  func received(_ name: borrowing Span<UInt8>, _ value: borrowing Span<UInt8>, of id: Int32) -> Bool {
    guard let exchange = exchanges[id] else { return true }
    // Behind the head only trailers come, which nghttp2 keeps free of pseudo-fields.
    if name.count == 7, name[0] == UInt8(ascii: ":") {
      exchange.status = (0..<value.count).reduce(0) { $0 * 10 + Int(value[$1] &- 48) }
    } else {
      exchange.headers.append(name, value)
    }
    return exchange.headers.lines.count <= Self.headLimit
  }

  func headEnded(of id: Int32) {
    guard let exchange = exchanges[id] else { return }
    let fields = exchange.headers
    exchange.headers = Headers()
    guard !exchange.stream.hasReply else { return exchange.stream.receive(trailers: fields) }
    let head = ResponseHead(status: exchange.status, headers: fields)
    guard head.status >= 200 else { return exchange.stream.receive(interim: head) }
    exchange.stream.receive(head)
    if let tls, !hasKeptSession {
      hasKeptSession = true
      pool.keep(tls)
    }
  }

  func received(_ data: borrowing Span<UInt8>, of id: Int32) {
    if let exchange = exchanges[id] { exchange.stream.receive(data) } else { session?.consumed(data.count, of: id) }
  }

  func ended(_ id: Int32) {
    guard let exchange = exchanges[id] else { return }
    exchange.hasEnded = true
    // The upstream has answered without the rest of the request and may never take it. Source: RFC 9113 §8.1.
    if !exchange.body.isEmpty { session?.reset(id) }
  }

  func closed(_ id: Int32, error: UInt32) {
    guard let exchange = exchanges.removeValue(forKey: id) else { return }
    let stream = exchange.stream
    stream.carrier = nil
    if exchange.hasEnded, stream.hasReply {
      hasServed = true
      stream.finish()
    } else if error == NGHTTP2_REFUSED_STREAM.rawValue, !stream.hasReply {
      retry(stream, "HTTP/2 refused the stream")
    } else {
      broken(stream, "HTTP/2 error \(error)")
    }
    settle()
  }

  func goingAway() {
    isRetiring = true
  }
}
