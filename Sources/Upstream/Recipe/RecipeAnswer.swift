import Base
import HTTP
import Wire

/// The bytes of a web app's answer, in whatever way it gives them.
protocol RecipeAnswer: AnyObject {
  /// The status and fields of its head; 200 and none where it has none of its own.
  var status: Int { get }
  var headers: [(name: String, value: String)] { get }
  /// What came next; nil behind the end. Throws what is wrong with the connection.
  func next() async throws(Fault) -> RecipePiece?
  /// Throws what the answer means when it can't be a stream.
  func checkStream(_ rules: [ErrorRule]) async throws(Fault)
  /// Nothing more is wanted, and all is well.
  func finish()
  /// Waits, behind `finish`, until the site's side has ended too, but not for long: until then its account still answers.
  func end() async
  /// Gives it up.
  func cancel()
}

extension RecipeAnswer {
  var status: Int { 200 }
  var headers: [(name: String, value: String)] { [] }
  func checkStream(_ rules: [ErrorRule]) async throws(Fault) {}
  func end() async {}
}

/// A piece of an answer.
enum RecipePiece {
  /// Some bytes of a stream.
  case bytes([UInt8])
  /// A whole message of a WebSocket.
  case message([UInt8])
  /// The answer to a request that is repeated.
  case answer(UpstreamAnswer)
}

/// An answer that comes as the body of one reply.
final class StreamedAnswer: RecipeAnswer {
  let status: Int
  let headers: [(name: String, value: String)]
  private let head: ResponseHead
  private let stream: ClientStream
  private let inflater: Inflater?

  private init(_ head: ResponseHead, _ stream: ClientStream) throws(Fault) {
    let answer = Upstream.answer(head, [])
    status = head.status
    headers = answer.headers
    self.head = head
    self.stream = stream
    inflater = try Inflater(head)
  }

  static func open(_ request: StepRequest, _ requester: RecipeRequester) async throws(Fault) -> StreamedAnswer {
    guard let sent = try await requester.send(request, isAnswer: true) else { throw RecipeRequester.noAddress }
    return try StreamedAnswer(try await requester.head(of: sent), sent.stream)
  }

  func next() async throws(Fault) -> RecipePiece? {
    guard let bytes = try await stream.next() else { return nil }
    return .bytes(try inflater?.feed(bytes) ?? bytes)
  }

  func checkStream(_ rules: [ErrorRule]) async throws(Fault) {
    let type = Upstream.answer(head, []).mediaType
    guard status >= 300 || type == "application/json" || type == "text/html" else { return }
    let answer = Upstream.answer(head, try await stream.collect(limit: 1 << 20))
    if let fault = UpstreamError.fault(inside: answer, rules: rules) { throw fault }
    throw status >= 400 ? UpstreamError.fault(answer) : Fault(.formatChanged, "The site did not go on with its answer as expected.")
  }

  func finish() { stream.drain() }

  func end() async {
    // nil is right: a connection that breaks or takes too long behind the answer has ended as well.
    _ = try? await stream.next()
  }

  func cancel() { stream.cancel() }
}

/// An answer that is asked for again and again.
final class PolledAnswer: RecipeAnswer {
  private let request: StepRequest
  private let rule: PollRule
  private let requester: RecipeRequester
  private let deadline: Int
  private var pause: Int
  private var isFirst = true
  /// The last answer, if it was a failure.
  private var failure: UpstreamAnswer?

  init(_ request: StepRequest, _ rule: PollRule, _ requester: RecipeRequester, until end: Int) {
    deadline = min(end, Time.monotonic + rule.timeout.nanoseconds)
    self.request = request
    self.rule = rule
    self.requester = requester
    pause = rule.interval.nanoseconds
  }

  func next() async throws(Fault) -> RecipePiece? {
    if !isFirst { await rest() }
    guard !requester.isCancelled else { throw RecipeRequester.cancelled }
    guard Time.monotonic < deadline else {
      if let failure { throw UpstreamError.fault(failure, rules: requester.provider.file.errors) }
      return nil
    }
    isFirst = false
    let answer = try await poll()
    failure = answer.status >= 300 || answer.json == nil ? answer : nil
    return .answer(answer)
  }

  /// A connection that fails is as a failed answer: whoever reads them counts those in a row.
  private func poll() async throws(Fault) -> UpstreamAnswer {
    guard let sent = try await requester.send(request, isAnswer: true) else { throw RecipeRequester.noAddress }
    do throws(Fault) {
      return try await requester.answer(to: sent)
    } catch {
      guard error.kind == .broken || error.kind == .timeout, !requester.isCancelled else { throw error }
      return UpstreamAnswer(status: error.kind == .broken ? 502 : 504, headers: [], body: [])
    }
  }

  private func rest() async {
    await requester.client.loop.sleep(Int64(pause))
    pause = min(Int(Double(pause) * rule.backoff), rule.interval.nanoseconds * 8)
  }

  func finish() {}
  func cancel() {}
}
