package import Base

/// Reads recorded bytes of a site as its provider file says, and tells what came out: `apus provider replay`.
package struct RecipeReplay {
  private let file: ProviderFile
  private let status: Int
  private let headers: [(name: String, value: String)]
  private let isWhole: Bool

  /// A replay of an answer with this status and content type; `isWhole`: as for a client that wants no stream.
  package init(_ file: ProviderFile, status: Int = 200, contentType: String? = nil, isWhole: Bool = false) {
    self.isWhole = isWhole
    self.file = file
    self.status = status
    headers = contentType.map { [("content-type", $0)] } ?? []
  }

  /// `{content, reasoning, finish_reason, references, error}` of an answer whose bytes come in the pieces that `cut` makes.
  ///
  /// An error is told as what the site said, not as what a client would get.
  package func result(_ bytes: [UInt8], cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>] = { [$0] }) -> JSON {
    var drift = RecipeDrift()
    return result(bytes, cut: cut, drift: &drift)
  }

  /// The same; `drift` becomes what of the answer did not look as the file says, and stays as it is for a file without steps.
  package func result(
    _ bytes: [UInt8], cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>] = { [$0] }, drift: inout RecipeDrift
  ) -> JSON {
    guard let step = file.recipe?.answerStep, let response = step.response else {
      let read = WireReplay(file, status, headers).read(bytes, cut: cut)
      return Self.render(read.reply, read.fault, more: read.references)
    }
    var reader = RecipeReader(
      response, errors: file.errors, status: status, headers: headers, failures: step.poll?.failures ?? 3, isWhole: isWhole)
    defer { drift = reader.drift }
    var events: [Event] = []
    do throws(Fault) {
      if response.framing == .poll, let exchanges = Self.exchanges(bytes) {
        try replay(exchanges, &reader, &events)
      } else if response.framing == .websocket {
        for line in bytes.split(separator: UInt8(ascii: "\n")) { try reader.feed(message: Array(line), into: &events) }
      } else {
        for piece in cut(bytes[...]) { try reader.feed(piece, into: &events) }
      }
      try reader.end(into: &events)
    } catch {
      return Self.render(Reply(events), error)
    }
    return Self.render(Reply(events), nil)
  }

  // MARK: Polling

  /// One request and its answer in a recorded list.
  private struct Exchange {
    let path: String
    let answer: UpstreamAnswer
  }

  /// The exchanges of `{"steps": [{"request": {"path"}, "response": {"status", "body"}}]}`, nil for other documents.
  private static func exchanges(_ bytes: [UInt8]) -> [Exchange]? {
    guard let steps = (try? JSON(parsing: bytes))?["steps"], steps.kind == .array else { return nil }  // nil: another document
    return steps.elements.map { step in
      let body = step["response"]?["body"] ?? .null
      let text = body.string.map { Array($0.utf8) } ?? Array(body.bytes)
      let type = step["response"]?["content_type"]?.string ?? (body.string == nil ? "application/json" : "text/html")
      let answer = UpstreamAnswer(status: step["response"]?["status"]?.int ?? 200, headers: [("content-type", type)], body: text)
      return Exchange(path: step["request"]?["path"]?.string ?? "", answer: answer)
    }
  }

  /// Answers of other steps only count when they are errors.
  private func replay(_ exchanges: [Exchange], _ reader: inout RecipeReader, _ events: inout [Event]) throws(Fault) {
    guard let step = file.recipe?.answerStep else { return }
    for exchange in exchanges {
      if step.request?.url.text.hasSuffix(exchange.path) == true || exchange.path.isEmpty {
        try reader.feed(answer: exchange.answer, into: &events)
      } else if exchange.answer.status >= 400 {
        throw UpstreamError.fault(exchange.answer, rules: file.errors)
      } else if let fault = file.errors.fault(of: exchange.answer) {
        throw fault
      }
    }
  }

  // MARK: The result

  private static func render(_ reply: Reply, _ fault: Fault?, more: [Citation] = []) -> JSON {
    let parts = reply.candidates.first?.parts ?? []
    var (content, reasoning) = ("", "")
    var references = more.map(reference)
    for part in parts {
      switch part {
      case .text(let text, let citations):
        content += text
        references += citations.map(reference)
      case .reasoning(let thought): reasoning += thought.text
      default: break
      }
    }
    let finish = fault == nil ? reply.candidates.first?.finish : nil
    return .object([
      ("content", JSON(content)), ("reasoning", JSON(reasoning)), ("finish_reason", finish.map { JSON(word($0)) } ?? .null),
      ("references", .array(references)), ("error", fault.map(error) ?? .null),
    ])
  }

  private static func reference(_ citation: Citation) -> JSON {
    .object([("title", JSON(citation.title ?? "")), ("url", JSON(citation.url))])
  }

  private static func word(_ reason: FinishReason) -> String {
    switch reason {
    case .length, .contextWindow: "length"
    case .filter: "content_filter"
    case .tool: "tool_calls"
    case .stop, .stopSequence, .pause: "stop"
    }
  }

  /// What the site said, in the words of the protocol documents. Source: "Error types" in protocols/*.md.
  private static func error(_ fault: Fault) -> JSON {
    let (type, status): (String, Int) =
      switch fault.kind {
      case .invalid, .contextOverflow, .contentFilter, .methodNotAllowed: ("invalid_request_error", 400)
      case .authExpired, .unauthenticated: ("authentication_error", 401)
      case .forbidden, .banned, .clientTooOld, .verificationRequired, .permission: ("permission_error", 403)
      case .notFound, .unknownURL: ("invalid_request_error", 404)
      case .tooLarge: ("invalid_request_error", 413)
      case .rateLimited, .muted, .dailyLimit, .keyLimit: ("rate_limit_error", 429)
      case .funds: ("insufficient_quota", 429)
      case .overloaded: ("server_error", 503)
      case .timeout: ("timeout_error", 504)
      case .broken, .formatChanged, .internal, .cancelled: ("server_error", 502)
      }
    return .object([("type", JSON(type)), ("message", JSON(fault.message)), ("status", JSON(status))])
  }
}
