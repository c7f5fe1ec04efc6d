import Base
import Testing

@testable import Wire

@Suite struct `An error for each client wire` {
  private func body(_ shape: ErrorShape, _ fault: Fault) throws -> JSON {
    try JSON(parsing: shape.reply(fault).body)
  }

  @Test(
    arguments: [
      (Fault.Kind.invalid, 400, "invalid_request_error", 400, "INVALID_ARGUMENT"),
      (.contextOverflow, 400, "invalid_request_error", 400, "INVALID_ARGUMENT"),
      (.contentFilter, 400, "invalid_request_error", 400, "INVALID_ARGUMENT"),
      (.unauthenticated, 401, "authentication_error", 401, "UNAUTHENTICATED"),
      (.permission, 403, "permission_error", 403, "PERMISSION_DENIED"),
      (.verificationRequired, 403, "permission_error", 403, "PERMISSION_DENIED"),
      (.notFound, 404, "not_found_error", 404, "NOT_FOUND"), (.unknownURL, 404, "not_found_error", 404, "NOT_FOUND"),
      (.methodNotAllowed, 405, "invalid_request_error", 405, "INVALID_ARGUMENT"),
      (.tooLarge, 413, "request_too_large", 413, "INVALID_ARGUMENT"),
      (.keyLimit, 429, "rate_limit_error", 429, "RESOURCE_EXHAUSTED"), (.rateLimited, 429, "rate_limit_error", 429, "RESOURCE_EXHAUSTED"),
      (.muted, 429, "rate_limit_error", 429, "RESOURCE_EXHAUSTED"), (.dailyLimit, 429, "rate_limit_error", 429, "RESOURCE_EXHAUSTED"),
      (.internal, 500, "api_error", 500, "INTERNAL"), (.authExpired, 502, "api_error", 502, "UNAVAILABLE"),
      (.forbidden, 502, "api_error", 502, "UNAVAILABLE"), (.banned, 502, "api_error", 502, "UNAVAILABLE"),
      (.clientTooOld, 502, "api_error", 502, "UNAVAILABLE"), (.funds, 502, "api_error", 502, "UNAVAILABLE"),
      (.broken, 502, "api_error", 502, "UNAVAILABLE"), (.formatChanged, 502, "api_error", 502, "UNAVAILABLE"),
      (.overloaded, 529, "overloaded_error", 503, "UNAVAILABLE"), (.timeout, 504, "timeout_error", 504, "DEADLINE_EXCEEDED"),
    ] as [(Fault.Kind, Int, String, Int, String)])
  func `has status and word by its kind`(kind: Fault.Kind, status: Int, type: String, code: Int, word: String) throws {
    let fault = Fault(kind, "prompt is too long.")
    #expect(ErrorShape.anthropic.reply(fault).status == status)
    #expect(try body(.anthropic, fault) == ["type": "error", "error": ["type": JSON(type), "message": "prompt is too long."]])
    #expect(ErrorShape.gemini.reply(fault).status == code)
    #expect(try body(.gemini, fault) == ["error": ["code": JSON(code), "message": "prompt is too long.", "status": JSON(word)]])
  }

  // Agent clients compact on these words alone.
  @Test(arguments: [
    ("Too many tokens.", "prompt is too long: Too many tokens."), ("", "prompt is too long"),
    ("Prompt is too long: 9 > 8", "Prompt is too long: 9 > 8"),
  ])
  func `tells a Messages client that a prompt is too long`(message: String, shown: String) throws {
    #expect(try body(.anthropic, Fault(.contextOverflow, message)).at("error.message")?.string == shown)
    #expect(try body(.gemini, Fault(.contextOverflow, message)).at("error.message")?.string == message)
  }

  // These wires have no member for it. An upstream's path is one of a body that the client does not know.
  @Test(
    arguments: [
      ("unsupported_content", "messages[0].content[1]", "No.", "messages[0].content[1]: No."),
      ("invalid_type", "a.b", "Invalid type for 'a.b'.", "Invalid type for 'a.b'."), (nil, "temperature", "No.", "No."),
      ("invalid_json", nil, "No.", "No."),
    ] as [(String?, String?, String, String)])
  func `names the field that was wrong in the message`(code: String?, param: String?, message: String, shown: String) throws {
    let fault = Fault(.invalid, message, code: code, param: param)
    #expect(try body(.anthropic, fault).at("error.message")?.string == shown)
    #expect(try body(.gemini, fault).at("error.message")?.string == shown)
    #expect(try body(.openAI, fault).at("error.message")?.string == message)
  }

  @Test func `tells when to try again in the header, and to Gemini clients in the body`() throws {
    let fault = Fault(.rateLimited, "Slow.", retryAfter: 34)
    for shape in [ErrorShape.openAI, .anthropic, .gemini] {
      #expect(shape.reply(fault).headers.map { "\($0.name): \($0.value)" } == ["retry-after: 34"])
    }
    #expect(
      try body(.gemini, fault).at("error.details") == [["@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"]])
    let funds = Fault(.funds, "Empty.", retryAfter: 34)
    for shape in [ErrorShape.openAI, .anthropic, .gemini] { #expect(shape.reply(funds).headers.isEmpty) }
    #expect(try body(.gemini, funds).at("error.details") == nil)
  }

  @Test func `carries further members, never over its own`() throws {
    var fault = Fault(.dailyLimit, "Enough.")
    fault.members = [("remaining", 0), ("type", "no"), ("status", "no"), ("message", "no"), ("code", 1)]
    let messages = try body(.anthropic, fault)["error"]
    #expect(messages == ["type": "rate_limit_error", "message": "Enough.", "remaining": 0, "status": "no", "code": 1])
    let gemini = try body(.gemini, fault)["error"]
    #expect(gemini == ["code": 429, "message": "Enough.", "status": "RESOURCE_EXHAUSTED", "remaining": 0, "type": "no"])
    #expect(ErrorShape.gemini.reply(fault).headers.map(\.name) == ["x-should-retry"])
  }

  @Test func `names the request to Messages clients`() throws {
    let reply = ErrorShape.anthropic.reply(Fault(.internal, "No."), requestID: "req_1")
    #expect(try JSON(parsing: reply.body)["request_id"] == "req_1")
  }

  @Test(
    arguments: [
      (ErrorShape.openAI, #"data: {"error":{"message":"Busy.","type":"server_error","param":null,"code":"overloaded"}}"#),
      (.anthropic, "event: error\n" + #"data: {"type":"error","error":{"type":"overloaded_error","message":"Busy."}}"#),
      (.gemini, #"data: {"error":{"code":503,"message":"Busy.","status":"UNAVAILABLE"}}"#),
    ] as [(ErrorShape, String)])
  func `ends a stream in the wire's own event`(shape: ErrorShape, text: String) {
    #expect(String(decoding: shape.frame(Fault(.overloaded, "Busy.")), as: UTF8.self) == text + "\n\n")
  }

  @Test(
    arguments: [
      (ClientWire.chat, ErrorShape.openAI), (.responses, .openAI), (.completions, .openAI), (.messages, .anthropic), (.gemini, .gemini),
    ] as [(ClientWire, ErrorShape)])
  func `is chosen by the client's wire`(wire: ClientWire, shape: ErrorShape) {
    #expect(ErrorShape(wire) == shape)
  }

  @Test func `comes out as the shared cases expect`() throws {
    for test in try Shared.cases("err-") {
      let name = test["id"]?.string ?? ""
      let shape = try #require(ClientWire(rawValue: test["to"]?.string ?? "").map { ErrorShape($0) })
      let input = try #require(test["input"])
      let headers = input["headers"]?.members.map { (name: $0.name, value: $0.value.string ?? "") } ?? []
      let body = input["body"].map { $0.string.map { Array($0.utf8) } ?? Array($0.bytes) } ?? []
      let fault = UpstreamError.fault(UpstreamAnswer(status: input["status"]?.int ?? 0, headers: headers, body: body))
      let reply = shape.reply(fault)
      #expect(reply.status == test.at("expected.status")?.int, "\(name)")
      let expected = try #require(test.at("expected.body"))
      #expect(Shared.fits(try JSON(parsing: reply.body), expected), "\(name)")
      for (field, value) in test.at("expected.headers")?.members ?? JSON.null.members {
        #expect(reply.headers.first { $0.name == field }?.value == value.string, "\(name)")
      }
    }
  }
}
