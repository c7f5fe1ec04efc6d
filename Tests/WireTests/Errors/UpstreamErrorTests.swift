import Base
import Testing

@testable import Wire

private func answer(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> UpstreamAnswer {
  UpstreamAnswer(status: status, headers: headers, body: Array(body.utf8))
}

private func error(_ fault: Fault) throws -> JSON? {
  try JSON(parsing: ErrorShape.openAI.reply(fault).body)["error"]
}

@Suite struct `An upstream's error` {
  @Test(arguments: [
    // Status.
    (400, "{}", Fault.Kind.invalid), (405, "", .invalid), (401, "", .authExpired), (402, "", .funds), (403, "", .forbidden),
    (404, "", .notFound), (408, "", .timeout), (413, "", .tooLarge), (429, "", .rateLimited), (500, "", .internal), (418, "", .internal),
    (502, "", .broken), (524, "", .broken), (503, "", .overloaded), (529, "", .overloaded), (504, "", .timeout),
    // Codes that say more.
    (429, #"{"error":{"code":"insufficient_quota","message":"x"}}"#, .funds), (400, #"{"code":"Arrearage","message":"x"}"#, .funds),
    (400, #"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#, .funds),
    (400, #"{"error":{"code":"context_length_exceeded"}}"#, .contextOverflow),
    (400, #"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}"#, .contextOverflow),
    (400, #"{"error":{"message":"The input token count (9) exceeds the maximum"}}"#, .contextOverflow),
    (400, #"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#, .authExpired),
    (429, #"{"error":{"type":"engine_overloaded_error","message":"x"}}"#, .overloaded),
    (400, #"{"code":"DataInspectionFailed","message":"x"}"#, .contentFilter),
    // Anthropic's types.
    (404, #"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#, .notFound),
    (402, #"{"type":"error","error":{"type":"billing_error","message":"x"}}"#, .funds),
    (
      400, #"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}}"#,
      .funds
    ),
    (413, #"{"type":"error","error":{"type":"request_too_large","message":"x"}}"#, .tooLarge),
    (500, #"{"type":"error","error":{"type":"api_error","message":"x"}}"#, .internal),
    (529, #"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
    // Google's statuses and reasons, also in a list of one.
    (
      400, #"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
      .authExpired
    ),
    (403, #"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}"#, .forbidden),
    (403, #"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}"#, .funds),
    (429, #"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#, .rateLimited),
    (429, #"{"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}"#, .funds),
    (429, #"{"error":{"code":429,"message":"Your project has exceeded its monthly spending cap.","status":"RESOURCE_EXHAUSTED"}}"#, .funds),
    (503, #"{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}"#, .overloaded),
    (504, #"{"error":{"code":504,"message":"x","status":"DEADLINE_EXCEEDED"}}"#, .timeout),
  ])
  func `is known by its code, then by its status`(status: Int, body: String, kind: Fault.Kind) {
    #expect(UpstreamError.fault(answer(status, body)).kind == kind)
  }

  // A frame has no status of its own: a number, Anthropic's type or Google's word stands for it.
  @Test(arguments: [
    (#"{"type":"error","error":{"type":"api_error","message":"x"}}"#, Fault.Kind.internal),
    (#"{"type":"error","error":{"type":"invalid_request_error","message":"x"}}"#, .invalid),
    (#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}"#, .contextOverflow),
    (#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
    (#"{"type":"error","error":{"type":"new_error","message":"x"}}"#, .broken),
    (#"[{"error":{"status":"UNAVAILABLE","message":"x"}}]"#, .overloaded),
    (#"{"error":{"status":"INVALID_ARGUMENT","message":"x"}}"#, .invalid),
    (#"{"error":{"code":503,"message":"x"}}"#, .overloaded), (#"{"error":{"message":"x","type":"server_error"}}"#, .broken),
  ])
  func `is known in a stream by what it says itself`(text: String, kind: Fault.Kind) throws {
    #expect(UpstreamError.fault(inside: UpstreamAnswer(frame: try JSON(parsing: text)))?.kind == kind)
  }

  @Test(arguments: [
    (#"{"error":{"message":"bad"}}"#, "bad"), (#"{"error":"bad"}"#, "bad"), (#"[{"error":{"message":"bad"}}]"#, "bad"),
    (#"{"code":1,"message":"bad"}"#, "bad"), (#"{"base_resp":{"status_code":9,"status_msg":"bad"}}"#, "bad"), (#"{"detail":"bad"}"#, "bad"),
    (#"{"detail":[{"msg":"bad"},{"msg":"worse"}]}"#, "bad; worse"), (#""bad""#, "bad"),
  ])
  func `gives its message in every shape`(body: String, message: String) {
    #expect(UpstreamError.fault(answer(400, body)).message == message)
  }

  @Test(arguments: [
    ("Incorrect API key provided: sk-abc***xyz.", "Incorrect API key provided: [redacted]."),
    ("with Bearer abc", "with Bearer [redacted]"), ("in organization org-AbCd1234 now", "in organization [redacted] now"),
    ("at http://10.0.0.7:8080/v1", "at http://[redacted]:8080/v1"), ("host gpu7.internal, localhost", "host [redacted], [redacted]"),
    ("token 0123456789abcdef0123456789abcdef", "token [redacted]"), ("id 01234567-89ab-cdef-0123-456789abcdef", "id [redacted]"),
    ("model doubao-seed-2-0-code-preview-260215 unknown", "model doubao-seed-2-0-code-preview-260215 unknown"),
    ("max_completion_tokens: 8.5 > 4", "max_completion_tokens: 8.5 > 4"), ("日本語", "日本語"),
  ])
  func `loses what looks like a key or a host`(text: String, clean: String) {
    #expect(Redaction.clean(text) == clean)
  }

  @Test func `is cut at 500 characters`() {
    #expect(Redaction.clean(String(repeating: "ä ", count: 5000))?.count == 500)
  }

  @Test(arguments: [
    (401, #"{"error":{"message":"secret"}}"#), (402, #"{"error":{"message":"secret"}}"#), (400, "<html>secret</html>"),
    (502, #"{"error":{"message":"secret"}}"#), (504, #"{"error":{"message":"secret"}}"#),
  ])
  func `keeps its message from the client where it is not the client's business`(status: Int, body: String) {
    let fault = UpstreamError.fault(answer(status, body))
    #expect(!fault.message.contains("secret") && !fault.message.isEmpty)
  }

  @Test(
    arguments: [
      ([("retry-after", "12")], "", 12), ([("Retry-After-Ms", "1200"), ("Retry-After", "9")], "", 2), ([("retry-after", "soon")], "", nil),
      ([], #"{"error":{"code":429,"details":[{"retryDelay":"34s"}]}}"#, 34), ([("retry-after", "1e300")], "", 86_400),
      ([("retry-after", "-1")], "", nil), ([("retry-after", "nan")], "", nil),
      ([], #"[{"error":{"code":429,"details":[{"retryDelay":"34.074824224s"}]}}]"#, 35),
      ([("date", "Wed, 25 Nov 2026 06:00:00 GMT"), ("retry-after", "Wed, 25 Nov 2026 06:00:30 GMT")], "", 30),
      ([("date", "Wed, 25 Nov 2026 06:00:00 GMT"), ("retry-after", "Wed, 25 Nov 2026 05:00:00 GMT")], "", 0),
      ([("retry-after", "Wed, 25 Nov 2026 06:00:30 GMT")], "", nil),
    ] as [([(String, String)], String, Int?)])
  func `tells when to try again`(headers: [(String, String)], body: String, seconds: Int?) {
    let fault = UpstreamError.fault(answer(429, body, headers.map { (name: $0.0, value: $0.1) }))
    #expect(fault.retryAfter == seconds)
  }

  @Test func `is not looked for in good chunks`() throws {
    for text in [
      #"{"choices":[],"code":7,"message":"x"}"#, #"{"error":null,"choices":[]}"#, #"{"base_resp":{"status_code":0}}"#,
      #"{"code":0,"message":"ok"}"#,
    ] {
      let frame = UpstreamAnswer(frame: try JSON(parsing: text))
      #expect(UpstreamError.fault(inside: frame) == nil, "\(text)")
    }
  }
}

@Suite struct `An error for an OpenAI client` {
  @Test(
    arguments: [
      (Fault.Kind.invalid, 400, "invalid_request_error", nil), (.unauthenticated, 401, "invalid_request_error", "invalid_api_key"),
      (.permission, 403, "invalid_request_error", "permission_denied"), (.notFound, 404, "invalid_request_error", "model_not_found"),
      (.unknownURL, 404, "invalid_request_error", "unknown_url"), (.methodNotAllowed, 405, "invalid_request_error", "method_not_allowed"),
      (.tooLarge, 413, "invalid_request_error", "request_too_large"), (.keyLimit, 429, "rate_limit_error", "rate_limit_exceeded"),
      (.contextOverflow, 400, "invalid_request_error", "context_length_exceeded"),
      (.contentFilter, 400, "invalid_request_error", "content_filter"),
      (.authExpired, 502, "server_error", "upstream_authentication_error"),
      (.banned, 502, "server_error", "upstream_authentication_error"), (.funds, 502, "server_error", "upstream_quota"),
      (.rateLimited, 429, "rate_limit_error", "rate_limit_exceeded"), (.dailyLimit, 429, "rate_limit_error", "quota_exceeded"),
      (.overloaded, 503, "server_error", "overloaded"), (.timeout, 504, "server_error", "timeout"),
      (.broken, 502, "server_error", "upstream_error"), (.formatChanged, 502, "server_error", "upstream_error"),
      (.verificationRequired, 403, "permission_error", "verification_required"), (.internal, 500, "server_error", nil),
    ] as [(Fault.Kind, Int, String, String?)])
  func `has status, type and code by its kind`(kind: Fault.Kind, status: Int, type: String, code: String?) throws {
    let fault = Fault(kind, "What to do.")
    #expect(ErrorShape.openAI.reply(fault).status == status)
    let error = try #require(try error(fault))
    #expect(error["type"]?.string == type && error["code"]?.string == code && error["param"]?.isNull == true)
  }

  @Test func `begins a 401 as LiteLLM expects it`() throws {
    #expect(try error(Fault(.unauthenticated, "No key."))?["message"] == "Incorrect API key provided. No key.")
  }

  @Test func `carries hints and further members`() throws {
    var fault = Fault(.dailyLimit, "Enough.", param: "model", retryAfter: 60)
    fault.members = [("remaining", 0), ("code", "no")]
    let reply = ErrorShape.openAI.reply(fault)
    #expect(reply.headers.map { "\($0.name): \($0.value)" } == ["retry-after: 60", "x-should-retry: false"])
    #expect(
      try error(fault) == ["message": "Enough.", "type": "rate_limit_error", "param": "model", "code": "quota_exceeded", "remaining": 0])
    let frame = String(decoding: ErrorShape.openAI.frame(fault), as: UTF8.self)
    #expect(frame.hasPrefix(#"data: {"error":{"#) && frame.hasSuffix("}}\n\n"))
  }
}

@Suite struct `An error rule` {
  private func fits(_ rule: ErrorRule, _ answer: UpstreamAnswer) -> Bool { rule.matches(answer) }

  @Test(arguments: [
    ("0", "0", true), ("0", #""0""#, true), (#""ok""#, #""OK""#, false), ("true", "true", true), (#"{"ne":0}"#, "1", true),
    (#"{"ne":0}"#, "0", false), (#"{"in":[1,2]}"#, "2", true), (#"{"exists":true}"#, "null", true), (#"{"exists":false}"#, "1", false),
    (#"{"re":"^lim"}"#, #""limit""#, true), (#"{"re":"^1","ne":12}"#, "12", false), ("null", "null", true), ("1.0", "1", true),
  ])
  func `asks values by predicates`(predicate: String, value: String, fits: Bool) throws {
    let predicate = try Predicate(JSON(parsing: predicate))
    #expect(predicate.matches([try JSON(parsing: value)]) == fits)
  }

  @Test(arguments: ["[1]", "{}", #"{"gt":1}"#, #"{"in":1}"#, #"{"exists":1}"#, #"{"re":"("}"#])
  func `refuses what is no predicate`(text: String) {
    #expect(throws: Fault.self) { try Predicate(JSON(parsing: text)) }
  }

  @Test func `takes absence as absence only`() throws {
    #expect(try !Predicate(["ne": 0]).matches([]) && Predicate(["exists": false]).matches([]))
  }

  @Test(arguments: [
    ("a.b[0].c", #"["x"]"#), ("a.b[-1].c", #"["y"]"#), ("a.b[*].c", #"["x","y"]"#), (#"a.b[?k="2"].c"#, #"["y"]"#),
    ("a.b[?k=1].c", #"["x"]"#),
    ("a.z", "[]"), ("a.b[9]", "[]"), ("@event", #"["e"]"#), ("@data.a.b[0].k", "[1]"), ("@other", "[]"), ("a.*", "[]"),
  ])
  func `finds values by paths`(path: String, expected: String) throws {
    let json = try JSON(parsing: #"{"a":{"b":[{"k":1,"c":"x"},{"k":"2","c":"y"}]}}"#)
    #expect(JSON.array(try JSONPath(path).all(in: json, variables: ["event": "e"])) == (try JSON(parsing: expected)))
  }

  @Test(arguments: [
    "", "a..b", "a[", "a[x]", "a]", "@", "a[?=1]", "a[?k=]", String(repeating: "a.", count: 64) + "a", String(repeating: "a", count: 1025),
  ])
  func `refuses what is no path`(text: String) {
    #expect(throws: Fault.self) { try JSONPath(text) }
  }

  @Test func `needs all of its conditions`() throws {
    var rule = ErrorRule(as: .funds)
    rule.status = [200]
    rule.headers = [("X-Kind", try Predicate("a"))]
    rule.contentTypes = ["application/json"]
    rule.when = [(try JSONPath("state"), try Predicate(["ne": "ok"]))]
    rule.text = try Pattern("no_credit")
    let headers = [(name: "x-kind", value: "a"), (name: "Content-Type", value: "application/json; charset=utf-8")]
    let body = #"{"state":"bad","reason":"no_credit"}"#
    #expect(rule.matches(answer(200, body, headers)))
    #expect(!rule.matches(answer(400, body, headers)))
    #expect(!rule.matches(answer(200, body, [headers[1]])))
    #expect(!rule.matches(answer(200, body, [headers[0]])))
    #expect(!rule.matches(answer(200, #"{"state":"ok","reason":"no_credit"}"#, headers)))
    #expect(!rule.matches(answer(200, #"{"state":"bad"}"#, headers)))
  }

  @Test func `makes the fault that it names`() throws {
    var rule = ErrorRule(as: .dailyLimit)
    rule.message = try JSONPath("why")
    rule.code = "spent"
    rule.hold = 90
    rule.carry = [("remaining", try JSONPath("left")), ("absent", try JSONPath("x"))]
    let fault = try #require([rule].fault(of: answer(200, #"{"why":"enough with sk-abcdefgh","left":0}"#)))
    #expect((fault.kind, fault.code, fault.retryAfter, fault.message) == (.dailyLimit, "spent", 90, "enough with [redacted]"))
    #expect(fault.members.map { "\($0.name)=\($0.value)" } == ["remaining=0"])
  }

  @Test func `of text alone leaves the model's own words alone`() throws {
    var rule = ErrorRule(as: .rateLimited)
    rule.text = try Pattern("TOO_MANY")
    #expect(!rule.matches(UpstreamAnswer(frame: try JSON(parsing: #"{"choices":[{"delta":{"content":"TOO_MANY"}}]}"#))))
    #expect(rule.matches(UpstreamAnswer(frame: try JSON(parsing: #"{"biz":"TOO_MANY"}"#))))
    #expect(rule.matches(answer(200, "TOO_MANY")))
  }
}
