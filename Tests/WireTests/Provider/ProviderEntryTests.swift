import Base
import Testing
@testable import Wire

@Suite struct `An entry of the configuration` {
  @Test func `lays its members over the file of its name`() throws {
    let (file, mistakes) = Reading.entry(
      "{name: tern, key: k1, retries: 1, dialect: {usage_option: true}, models: [m], credentials: {KEY: {env: OTHER}}}", over: Reading.tern)
    #expect(mistakes == [])
    let tern = try #require(file)
    #expect(tern.dialect.usageOption)
    #expect(tern.dialect.name == "compatible")
    #expect(tern.listedModels.map(\.id) == ["m"])
    #expect(tern.credential(named: "KEY")?.variables == ["OTHER"])
    #expect(tern.credential(named: "TEAM") != nil)
    #expect(tern.retries == 1)
    #expect(tern.errors.count == 1)
  }

  @Test(
    arguments: [
      ("key: abc", ["abc"]), ("key: [a, b]", ["a", "b"]), ("key: \"\"", nil), ("key: \" \"", nil), ("key: [a, \"\"]", ["a"]),
      ("retries: 2", nil),
    ] as [(String, [String]?)])
  func `gives keys, of which blank ones are none`(member: String, keys: [String]?) throws {
    let tern = try #require(Reading.entry("name: tern\n\(member)\n", over: Reading.tern).file)
    switch tern.key {
    case .values(let secrets): #expect(secrets.map(\.exposed) == keys)
    case .environment: #expect(keys == nil)
    case .none, .client: Issue.record("not the key that was given")
    }
  }

  @Test func `may say that nobody's or the client's key goes up`() throws {
    guard case .none = try #require(Reading.entry("{name: tern, key: none}", over: Reading.tern).file).key else {
      Issue.record("key: none")
      return
    }
    guard case .client = try #require(Reading.entry("{name: tern, key: client}", over: Reading.tern).file).key else {
      Issue.record("key: client")
      return
    }
  }

  @Test func `is a provider of its own with a new name`() throws {
    let (file, mistakes) = Reading.entry(
      "{name: local, wire: openai-chat, base_url: \"http://127.0.0.1:9100/v1\", key: none, models: [gpt-4o-mini], tls: {ca: ca.pem}, concurrency: 1, min_interval: 1.5s}",
      over: nil)
    #expect(mistakes == [])
    let local = try #require(file)
    #expect(local.url(of: .embeddings) == "http://127.0.0.1:9100/v1/embeddings")
    #expect(local.limits == ProviderLimits(concurrency: 1, minInterval: .milliseconds(1500)))
    #expect(local.model(named: "gpt-4o-mini")?.upstream == "gpt-4o-mini")
  }

  @Test func `needs a wire with a new name, but no mark of the format`() {
    let (file, mistakes) = Reading.entry("{name: local, base_url: \"http://127.0.0.1:9100/v1\"}", over: nil)
    #expect(file == nil)
    #expect(mistakes == ["apus.yaml:1:1: providers[0]: \"wire\" is missing"])
  }

  @Test func `takes sessions as texts or in parts`() throws {
    let (file, mistakes) = Reading.entry(
      "{name: tern, sessions: [t1, \"\", {token: t2, cookie: c, headers: {x-a: 1}, query: {q: z}}]}", over: Reading.tern)
    #expect(mistakes == [])
    #expect(file?.sessions.map { $0.token?.exposed } == ["t1", "t2"])
    #expect(file?.sessions.last?.headers.map(\.value.exposed) == ["1"])
  }

  @Test func `reports its own mistakes and the file's with the name of each`() {
    let broken = Reading.tern.replacing("rerank: false", with: "rerank: nowhere")
    let (file, mistakes) = Reading.entry("name: tern\nretires: 1\nrequest: {drop: {}}\n", over: broken)
    #expect(file == nil)
    #expect(
      mistakes == [
        "a.yaml:11:21: endpoints.rerank: expected a path that begins with / (or false)".replacing(
          "endpoints", with: "providers[0].endpoints"),
        "apus.yaml:2:10: providers[0].retires: unknown member; did you mean \"retries\"?",
        "apus.yaml:3:17: providers[0].request.drop: expected a list",
      ])
  }

  @Test func `replaces auth as a whole`() throws {
    let (file, mistakes) = Reading.entry("{name: tern, auth: {header: {x-key: KEY}}}", over: Reading.tern)
    #expect(mistakes == [])
    #expect(file?.auth == .header(name: "x-key", credential: "KEY"))
  }

  // No endpoint may still reach the vendor when its owner points the provider elsewhere.
  @Test(arguments: [
    ("origin: http://127.0.0.1:9", "http://127.0.0.1:9/v2/chat/completions", "http://127.0.0.1:9/api/rerank"),
    ("base_url: http://127.0.0.1:9/x/", "http://127.0.0.1:9/x/chat/completions", "http://127.0.0.1:9/api/rerank"),
    ("retries: 1", "https://api.tern.example/v2/chat/completions", "https://api.tern.example/api/rerank"),
    (
      "{base_url: \"http://127.0.0.1:9\", endpoints: {rerank: {base_url: \"http://127.0.0.1:8/r\"}}}",
      "http://127.0.0.1:9/chat/completions",
      "http://127.0.0.1:8/r/rerank"
    ),
  ])
  func `moves all endpoints`(member: String, chat: String, rerank: String) throws {
    let tern = Reading.tern.replacing("rerank: false", with: "rerank: {path: /rerank, base_url: \"https://api.tern.example/api\"}")
    let entry = member.hasPrefix("{") ? "{name: tern, " + member.dropFirst() : "name: tern\n\(member)"
    let (file, mistakes) = Reading.entry(entry, over: tern)
    #expect(mistakes == [])
    #expect(file?.url(of: .chat) == chat)
    #expect(file?.url(of: .rerank) == rerank)
  }
}

@Suite struct `The models of a provider` {
  private func models(_ list: String, _ others: String = "") throws -> ProviderFile {
    let (file, mistakes) = Reading.file(
      "apus: provider/v1\nname: a\nwire: openai-chat\nbase_url: https://a.example\nmodels: \(list)\n\(others)")
    #expect(mistakes == [])
    return try #require(file)
  }

  @Test func `are found by id, alias and pattern`() throws {
    let file = try models(
      "[big, {id: small, upstream: s-1, aliases: [tiny, Org/tiny]}, {id: secret, hidden: true}, {id: \"e-*\", kind: embedding}, {id: \"*\", kind: rerank}]"
    )
    #expect(file.listedModels.map(\.id) == ["big", "small"])
    #expect(file.model(named: "big")?.kind == .rerank)  // the first pattern that fits speaks for what an entry leaves open
    #expect(file.model(named: "tiny")?.upstream == "s-1")
    #expect(file.model(named: "Org/tiny")?.id == "small")
    #expect(file.model(named: "secret")?.isHidden == true)
    #expect(file.model(named: "e-5/x")?.upstream == "e-5/x")
    #expect(file.model(named: "e-5/x")?.kind == .embedding)
  }

  @Test func `are known or go up as they are`() throws {
    let file = try models("[{id: \"e-*-x\", kind: embedding, context: 10}]")
    #expect(file.listedModels.isEmpty)
    #expect(file.model(named: "other") == nil)
    #expect(file.anyModel(named: "other")?.kind == .chat)
    #expect(file.model(named: "e-x") == nil)
    #expect(file.model(named: "e-1-x")?.context == 10)
  }

  @Test func `lay what they say over the provider's own`() throws {
    let file = try models(
      "[{id: a, caps: {audio: false}, dialect: glm, max_tokens_default: 5, set: {deep: true, n: [1]}}, b]",
      "caps: {documents: false}\ndialect: kimi\nmax_tokens_default: 9\n")
    let (a, b) = try (#require(file.model(named: "a")), #require(file.model(named: "b")))
    #expect(!a.caps.audio && !a.caps.documents && b.caps.audio && !b.caps.documents)
    #expect((a.dialect.name, b.dialect.name) == ("glm", "kimi"))
    #expect((a.maxTokensDefault, b.maxTokensDefault) == (5, 9))
    #expect(a.set.map(\.value) == [true, [1]])
  }
}
