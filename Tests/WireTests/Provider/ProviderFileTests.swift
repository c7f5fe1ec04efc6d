import Base
import Testing
@testable import Wire

@Suite struct `A provider file` {
  @Test func `says where a provider is and how it is asked`() throws {
    let (file, mistakes) = Reading.file(Reading.tern)
    #expect(mistakes == [])
    let tern = try #require(file)
    #expect(tern.name == "tern")
    #expect(tern.wire == .openaiChat)
    #expect(tern.enable == .credentials)
    #expect(tern.auth == .bearer(credential: "KEY"))
    #expect(tern.credentials.map(\.name) == ["KEY", "TEAM"])
    #expect(tern.credentials.map(\.isRequired) == [true, false])
    #expect(tern.credentials.map(\.variables) == [["TERN_API_KEY"], ["TERN_TEAM"]])
    #expect(tern.url(of: .chat) == "https://api.tern.example/v2/chat/completions")
    #expect(tern.url(of: .rerank) == nil)
    #expect(tern.url(of: .countTokens) == nil)
    #expect(tern.headers.first?.value.render { $0 == "TEAM" ? "blue" : nil } == "blue")
    #expect(tern.headers.first?.value.render { _ in nil } == nil)
  }

  @Test func `says how a provider speaks and what its errors mean`() throws {
    let tern = try #require(Reading.file(Reading.tern).file)
    #expect(tern.dialect.limitName == .maxTokens)
    #expect(!tern.dialect.usageOption)
    #expect(tern.request.drop == ["logit_bias"])
    #expect(tern.request.effort?.any?.map(\.name) == ["deep"])
    #expect(tern.status.map(\.value) == ["https://docs.tern.example/api", "2026-11-20"])
    let refusal = try JSON(parsing: #"{"state": "no", "reason": "no_credit"}"#)
    #expect(tern.errors.fault(of: UpstreamAnswer(frame: refusal))?.kind == .funds)
    #expect(tern.errors.fault(of: UpstreamAnswer(frame: try JSON(parsing: #"{"state": "ok", "reason": "no_credit"}"#))) == nil)
  }

  @Test func `has usual values for what it doesn't say`() throws {
    let (file, mistakes) = Reading.file("apus: provider/v1\nname: a\nwire: anthropic\nbase_url: https://a.example/v1/\n")
    #expect(mistakes == [])
    let plain = try #require(file)
    #expect(plain.url(of: .chat) == "https://a.example/v1/messages")
    #expect(plain.auth == .header(name: "x-api-key", credential: "KEY"))
    #expect(plain.headers.map { [$0.name, $0.value.render { _ in nil }] } == [["anthropic-version", "2023-06-01"]])
    #expect(plain.credentials.map(\.isRequired) == [false])
    #expect(plain.dialect == .openai)
    #expect(plain.maxTokensDefault == 8192)
    #expect(plain.retries == 3)
    #expect(plain.rateWait == .seconds(5))
    #expect(plain.keepAlive == .seconds(15))
    #expect(plain.timeouts == ProviderTimeouts())
    #expect(plain.limits.concurrency == nil)
    #expect(plain.response.eof == .truncated)
    #expect(plain.caps.audio == false)
  }

  @Test func `may name another version of Messages`() throws {
    let (file, _) = Reading.file(
      "apus: provider/v1\nname: a\nwire: anthropic\nbase_url: https://a.example/v1\nheaders: {Anthropic-Version: \"2024-01-01\"}\n")
    #expect(try #require(file).headers.map { $0.value.render { _ in nil } } == ["2024-01-01"])
  }

  @Test func `takes times, limits and prices in the documented units`() throws {
    let (file, mistakes) = Reading.file(
      """
      apus: provider/v1
      name: a
      wire: gemini
      base_url: http://[::1]:8080/v1beta
      limits: {concurrency: 2, min_interval_ms: 1500, max_prompt_chars: 1000, timeout_s: 60}
      timeouts: {connect: 1s, first_byte: 300ms, idle: 5m}
      retries: 0
      rate_wait: 2s
      keep_alive: 20s
      outbound_proxy: socks5://127.0.0.1:1080
      tls: {ca: ca.pem, verify: false}
      prices: {as_of: 2026-11-20, currency: CNY, m: {input: 1.5, output: 3}}
      response: {finish: {done: stop, full: length}, references: [{path: "hits[*]", fields: {url: link, title: name}}], eof: stop}
      models_from: upstream
      models_closed: true
      """)
    #expect(mistakes == [])
    let full = try #require(file)
    #expect(full.limits == ProviderLimits(concurrency: 2, minInterval: .milliseconds(1500), maxPromptCharacters: 1000))
    #expect(
      full.timeouts == ProviderTimeouts(connect: .seconds(1), firstByte: .milliseconds(300), idle: .seconds(300), total: .seconds(60)))
    #expect(full.retries == 1)
    #expect(full.outboundProxy == "socks5://127.0.0.1:1080")
    #expect(full.tls == ProviderTLS(ca: "ca.pem", verify: false))
    #expect(full.prices?.models["m"]?.output == 3)
    #expect(full.response.finish == ["done": .stop, "full": .length])
    #expect(full.response.references.first?.key == "url")
    #expect(full.response.eof == .stop)
    #expect(full.url(of: .chat) == "http://[::1]:8080/v1beta/models/{model}:generateContent")
    #expect(full.takesModelsFromUpstream && full.isModelsClosed)
    #expect(full.anyModel(named: "unknown") == nil)
  }

  @Test func `names the credentials that a pasted text is taken apart into`() throws {
    let (file, mistakes) = Reading.file(
      """
      apus: provider/v1
      name: a
      wire: openai-chat
      base_url: https://a.example
      credentials: {PAIR: {env: A_PAIR, parse: '^(?<UID>\\d+)-(?P<SID>(?<!x).+)$', class: cookie}}
      auth: none
      headers: {x-uid: "{{cred.UID}}", cookie: "sid={{ cred.SID }}; v=1"}
      """)
    #expect(mistakes == [])
    #expect(file?.credentials.first?.groups == ["UID", "SID"])
    #expect(file?.headers.last?.value.render { "<\($0)>" } == "sid=<SID>; v=1")
  }
}
