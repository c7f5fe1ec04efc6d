import Base
import HTTP
import Wire

/// An answer that comes over a WebSocket: a script before it, replies and a heartbeat beside it.
final class SocketAnswer: RecipeAnswer {
  private let socket: WebSocket
  private let rule: WebSocketRule
  private let requester: RecipeRequester
  private let isTrusted: Bool
  private var alarm: Alarm?

  private init(_ socket: WebSocket, isTrusted: Bool, _ rule: WebSocketRule, _ requester: RecipeRequester) {
    self.socket = socket
    self.isTrusted = isTrusted
    self.rule = rule
    self.requester = requester
  }

  deinit {
    alarm?.clear()
  }

  /// Opens it and says what stands before the answer.
  static func open(_ rule: WebSocketRule, _ requester: RecipeRequester) async throws(Fault) -> SocketAnswer {
    guard let (socket, isTrusted) = try await requester.open(rule) else { throw RecipeRequester.noAddress }
    let head = try await socket.handshake()
    guard head.status == 101 else {
      let answer = Upstream.answer(head, try await socket.refusal(limit: RecipeRequester.mostBody))
      if let fault = requester.provider.file.errors.fault(of: answer) { throw fault }
      if head.status >= 400 { throw UpstreamError.fault(answer) }
      throw Fault(.formatChanged, "The site did not open its WebSocket.", detail: "HTTP \(head.status)")
    }
    let answer = SocketAnswer(socket, isTrusted: isTrusted, rule, requester)
    answer.beat()
    try await answer.talk()
    return answer
  }

  private func talk() async throws(Fault) {
    for line in rule.script {
      switch line {
      case .send(let value): try send(value)
      case .expect(let conditions): try await wait(for: conditions)
      }
    }
  }

  private func wait(for conditions: [(path: JSONPath, predicate: Predicate)]) async throws(Fault) {
    while true {
      guard let message = try await message() else { throw Fault(.broken, "The site closed its WebSocket before its answer.") }
      if try WebSocketRule.fits(message, conditions, rules: requester.provider.file.errors) { return }
    }
  }

  /// The next message that is no part of the small talk; nil behind the end.
  private func message() async throws(Fault) -> [UInt8]? {
    while let message = try await socket.next() {
      guard let reply = rule.replies.first(where: { Array($0.on.utf8) == message.bytes }) else { return message.bytes }
      try send(reply.send)
    }
    return nil
  }

  private func send(_ value: BodyValue) throws(Fault) {
    if let bytes = try requester.message(value, isTrusted: isTrusted) { socket.send(WebSocketMessage(bytes)) }
  }

  private func beat() {
    guard let beat = rule.heartbeat else { return }
    let loop = requester.client.loop
    let alarm = Alarm(loop) { [weak self] in
      // What can't be said now is said at the next beat.
      try? self?.send(beat.send)
      self?.alarm?.set(Int64(Time.monotonic) + Int64(beat.interval.nanoseconds))
    }
    self.alarm = alarm
    alarm.set(Int64(Time.monotonic) + Int64(beat.interval.nanoseconds))
  }

  func next() async throws(Fault) -> RecipePiece? {
    try await message().map { .message($0) }
  }

  func finish() {
    alarm?.clear()
    socket.close()
  }

  func cancel() {
    alarm?.clear()
    socket.cancel()
  }
}
