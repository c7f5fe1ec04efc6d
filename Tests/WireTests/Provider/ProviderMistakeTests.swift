import Base
import Testing
import Wire

@Suite struct `Mistakes in a provider file` {
  private static let head = "apus: provider/v1\nname: a\nwire: openai-chat\nbase_url: https://a.example\n"

  @Test(arguments: [
    // Members: unknown ones are mistakes at every level.
    ("modles: [x]", "5:9: modles: unknown member; did you mean \"models\"?"),
    ("request: {dorp: [n]}", "5:17: request.dorp: unknown member; did you mean \"drop\"?"),
    ("models: [x, {id: y, cap: {}}]", "5:26: models[1].cap: unknown member; did you mean \"caps\"?"),
    ("caps: {image_ulr: true}", "5:19: caps.image_ulr: unknown member; did you mean \"image_url\"?"),
    ("dialect: {like: glm, stop_maxx: 3}", "5:33: dialect.stop_maxx: unknown member; did you mean \"stop_max\"?"),
    ("endpoints: {embedings: false}", "5:24: endpoints.embedings: unknown member; did you mean \"embeddings\"?"),
    ("timeouts: {total_s: 3}", "5:21: timeouts.total_s: unknown member; did you mean \"total\"?"),
    // Words of closed lists.
    ("dialect: depseek", "5:10: dialect: \"depseek\" is not one of"),
    ("dialect: {like: glm, top_k: maybe}", "5:29: dialect.top_k: The dialect's \"top_k\" is true or false."),
    ("errors: [{status: [400], as: rate_limitd}]", "5:30: errors[0].as: \"rate_limitd\" is not one of"),
    ("errors: [{status: [400], as: internal}]", "5:30: errors[0].as: \"internal\" is not one of"),
    (
      "models: [{id: x, kind: embeddings}]",
      "5:24: models[0].kind: \"embeddings\" is not one of chat, embedding, rerank; did you mean \"embedding\"?"
    ),
    ("response: {finish: {done: stopped}}", "5:27: response.finish.done: \"stopped\" is not one of"),
    ("response: {eof: continue}", "5:17: response.eof: \"continue\" is not one of truncated, stop"),
    ("enable: always", "5:9: enable: \"always\" is not one of credentials, named"),
    ("request: {stream: never}", "5:19: request.stream: \"never\" is not one of always"),
    ("request: {drop: [model]}", "5:10: request: \"model\" always goes up; the name that is sent is the model's upstream"),
    ("models_from: vendor", "5:14: models_from: \"vendor\" is not one of upstream"),
    // Errors: conditions, paths, predicates, patterns.
    ("errors: [{as: funds}]", "5:10: errors[0]: needs a condition: one of status, header, content_type, when, text"),
    ("errors: [{status: [200]}]", "5:10: errors[0]: \"as\" is missing"),
    ("errors: [{status: [20], as: funds}]", "5:20: errors[0].status[0]: must be 100 to 599"),
    ("errors: [{when: {\"a[\": 1}, as: funds}]", "5:24: errors[0].when.a[: The path \"a[\""),
    ("errors: [{when: {a: {like: 1}}, as: funds}]", "5:21: errors[0].when.a: Unknown predicate \"like\""),
    ("errors: [{text: '(', as: funds}]", "5:17: errors[0].text: The pattern \"(\" is wrong at byte 1"),
    ("errors: [{status: [400], as: funds, carry: {left: \"\"}}]", "5:51: errors[0].carry.left: The path \"\" lacks a name."),
    // Durations, numbers, URLs, templates.
    ("timeouts: {idle: 5 minutes}", "5:18: timeouts.idle: \"5 minutes\" is not a duration"),
    ("retries: -1", "5:10: retries: must be 0 to 100"),
    ("origin: https://b.example/v1", "5:9: origin: an origin is scheme, host and port; a path belongs into base_url"),
    ("endpoints: {chat: chat}", "5:19: endpoints.chat: expected a path that begins with / (or false)"),
    ("endpoints: {count_tokens: {shape: jina}}", "5:27: endpoints.count_tokens: this endpoint needs a path: the wire has none of its own"),
    ("outbound_proxy: 127.0.0.1:1080", "5:17: outbound_proxy: expected http://HOST:PORT or socks5://HOST:PORT"),
    ("headers: {x: \"{{env.HOME}}\"}", "5:14: headers.x: only {{cred.NAME}} can stand in a header, not {{env.HOME}}"),
    ("headers: {x: \"{{cred.A\"}", "5:14: headers.x: \"{{\" has no \"}}\""),
    ("headers: {\"x y\": z}", "5:18: headers.x y: a header's name has no spaces or colons, and its value is one line"),
    // Credentials.
    ("credentials: {KEY: {env: A}}\nauth: {bearer: KYE}", "6:7: auth: no credential is called \"KYE\"; did you mean \"KEY\"?"),
    ("headers: {x: \"{{cred.TEAM}}\"}", "5:14: headers.x: no credential is called \"TEAM\""),
    (
      "auth: {bearer: KEY, query: {key: KEY}}",
      "5:7: auth: expected none, or one of {bearer: KEY}, {header: {NAME: KEY}}, {query: {NAME: KEY}}"
    ),
    ("credentials: {\"A B\": {env: A}}", "5:22: credentials.A B: the name of a credential has letters, digits and _ only"),
    ("key: secret", "5:6: key: belongs into the configuration, not into a provider file"),
    // Models.
    ("models: [x, {id: y, aliases: [x]}]", "5:13: models[1]: another model is called \"x\" already"),
    ("models: [{kind: chat}]", "5:10: models[0]: \"id\" is missing"),
    ("models: [{id: \"x-*\", upstream: y}]", "5:10: models[0]: a pattern has no upstream name and no aliases"),
    ("models: x", "5:9: models: expected a list"),
    // Recipes.
    ("steps: []", "5:8: steps: a provider has either a wire or steps"),
    ("min_engine: 2", "5:13: min_engine: this file needs a newer version of Apus"),
  ])
  func `have a line, a path and a suggestion`(member: String, mistake: String) {
    let (file, mistakes) = Reading.file(Self.head + member + "\n")
    #expect(file == nil)
    #expect(mistakes.count == 1)
    #expect(mistakes.first?.hasPrefix("a.yaml:" + mistake) == true, "\(mistakes)")
  }

  @Test(arguments: [
    ("ftp://a.example", "expected a URL that begins with http:// or https://"),
    ("a.example/v1", "expected a URL such as https://api.example.com/v1"),
    ("https://", "the URL names no host"),
    ("https://me:pass@a.example", "a URL here has no user name; credentials have their own member"),
    ("https://a.example/v1?x=1", "a base URL has no query and no fragment"),
    ("https://a.example:99999", "the port of a URL is a number from 1 to 65535"),
    ("https://a b", "a URL has no spaces, control characters or backslashes"),
    ("https://a]", "the URL's host is malformed"),
  ])
  func `tell what is wrong with a URL`(url: String, mistake: String) {
    let (_, mistakes) = Reading.file("apus: provider/v1\nname: a\nwire: openai-chat\nbase_url: \"\(url)\"\n")
    #expect(mistakes == ["a.yaml:4:11: base_url: \(mistake)"])
  }

  @Test func `are all reported at once, by line`() {
    let (_, mistakes) = Reading.file("apus: provider/v2\nname: A_B\nwire: soap\nbase_uri: x\nretries: x\n")
    #expect(
      mistakes.map { $0.prefix(while: { $0 != " " }) } == [
        "a.yaml:1:1:", "a.yaml:1:7:", "a.yaml:2:7:", "a.yaml:3:7:", "a.yaml:4:11:", "a.yaml:5:10:",
      ])
  }

  @Test(arguments: [
    (
      "apus: provider/v1\nname: a\norigin: https://a.example\nsteps: []\n",
      "a.yaml:4:8: steps: exactly one step of scope message has a response; here are 0"
    ),
    ("apus: provider/v1\nname: a\nname: b\n", "a.yaml:3:1: duplicate key \"name\""),
    ("apus: [\n", "a.yaml:2:1: "),
    ("", "a.yaml:1:1: \"apus\" is missing"),
    ("name: a\nwire: openai-chat\nbase_url: https://a.example\n", "a.yaml:1:1: \"apus\" is missing"),
    ("apus: provider/v1\nname: a\nwire: openai-chat\n", "a.yaml:1:1: \"base_url\" is missing"),
  ])
  func `of a whole file have a place too`(text: String, mistake: String) {
    let (file, mistakes) = Reading.file(text)
    #expect(file == nil)
    #expect(mistakes.first?.hasPrefix(mistake) == true, "\(mistakes)")
  }

  @Test func `stay few in a file without an end`() {
    let nested = String(repeating: "[", count: 10_000)
    #expect(Reading.file("apus: " + nested).mistakes.count == 1)
    #expect(Reading.file(String(repeating: "#", count: 2 << 20)).mistakes.count == 1)
  }
}
