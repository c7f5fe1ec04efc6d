import Base
import Testing
@testable import Wire

@Suite struct `Mistakes in a recipe` {
  /// A file whose line 5 is a variable's, line 8 a request's, line 9 a response's.
  static func file(vars: String = "{rid: uuid}", step: String = "", request: String = "", response: String = "", more: String = "")
    -> String
  {
    """
    apus: provider/v1
    name: a
    origin: https://a.example
    credentials: {TOKEN: {env: A_TOKEN}}
    vars: \(vars)
    models: [m]
    steps:
      - {id: ask, \(step)
         request: {url: "{{origin}}/ask", \(request)},
         response: {framing: sse, emit: [{to: text, path: t}], finish: [{eof: stop}], \(response)}}
    \(more)
    """
  }

  @Test func `are none in a plain file`() {
    #expect(Reading.file(Self.file()).mistakes == [])
  }

  @Test(
    arguments: [
      // Variables.
      (file(vars: "{rid: guid}"), "a.yaml:5:13: vars.rid: \"guid\" is not one of uuid,"),
      (file(vars: "{rid: hex 0}"), "a.yaml:5:13: vars.rid: \"hex 0\""),
      (file(vars: "{a-b: uuid}"), "a.yaml:5:13: vars.a-b: the name of a variable"),
      (file(vars: "{rid: {make: uuid, const: 1}}"), "a.yaml:5:13: vars.rid: a variable has exactly one of"),
      (file(vars: "{rid: {make: uuid, scope: hour}}"), "a.yaml:5:33: vars.rid.scope: \"hour\" is not one of request"),
      (file(vars: "{rid: {expr: 'md6(now)'}}"), "a.yaml:5:20: vars.rid.expr: The expression"),
      (file(vars: "{rid: {expr: 'md5(nov)'}}"), "a.yaml:5:13: vars.rid: no variable is called \"nov\""),
      (file(vars: "{rid: {hook: sha4@1}}"), "a.yaml:5:20: vars.rid.hook: this version has no hook \"sha4@1\""),
      (file(vars: "{rid: {hook: zhipu_stamp@1}}"), "a.yaml:5:13: vars.rid: \"zhipu_stamp@1\" is missing in requires"),
      (file(vars: "{rid: {of: effort, cases: {low: '{{lov}}'}}}"), "a.yaml:5:13: vars.rid: no variable is called \"lov\""),
      // Steps.
      (file(step: "scop: session,"), "a.yaml:8:21: steps[0].scop: unknown member; did you mean \"scope\"?"),
      (file(step: "scope: sesion,"), "a.yaml:8:22: steps[0].scope: \"sesion\" is not one of session"),
      (file(step: "redo_on: [expired],"), "a.yaml:8:25: steps[0].redo_on[0]: \"expired\" is not one of"),
      (file(step: "poll: {interval_ms: 1},"), "a.yaml:8:35: steps[0].poll.interval_ms: must be 50 to 60000"),
      (file(step: "extract: {x: {cookies: y}},"), "steps[0].extract.x"),
      (file(step: "extract: {store: {TOKN: t}},"), "no credential is called \"TOKN\"; did you mean \"TOKEN\"?"),
      (file(step: "websocket: {url: 'wss://a.example/', script: []},"), "a.yaml:8:5: steps[0]: a step has either a request or a websocket"),
      (file(step: "expect: {when: {code: {is: 0}}},"), "a.yaml:8:37: steps[0].expect.when.code: "),
      (file(step: "only_if: {'jwtt(cred.TOKEN).typ': x},"), "steps[0].only_if.jwtt(cred.TOKEN).typ: The expression"),
      // Requests.
      (file(request: "method: FETCH"), "a.yaml:9:47: steps[0].request.method: \"FETCH\" is not one of GET"),
      (file(request: "headers: {X: '{{cred.TOKN}}'}"), "nothing is called \"cred.TOKN\"; did you mean \"TOKEN\"?"),
      (file(request: "headers: {X: '{{rod}}'}"), "no variable is called \"rod\"; did you mean \"rid\"?"),
      (file(request: "headers: {X: '{{rid'}"), "a.yaml:9:52: steps[0].request.headers.X: \"{{\" has no \"}}\""),
      (file(request: "headers: {X Y: z}"), "steps[0].request.headers.X Y: a header's name"),
      (file(request: "body: {json: {}, raw: x}"), "a.yaml:9:45: steps[0].request.body: a body is exactly one of"),
      (file(request: "body: {json: {$jsn: x}}"), "only $json"),
      (file(request: "query: {a: '{{last.chat}}'}"), "nothing is called \"last.chat\""),
      // Where credentials may go.
      (file().replacing("{{origin}}/ask", with: "http://a.example/ask"), "steps[0].request.url: credentials go over https only"),
      (file().replacing("{{origin}}/ask", with: "https://{{rid}}/ask"), "steps[0].request.url: an address begins with {{origin}}"),
      (file().replacing("{{origin}}/ask", with: "https://a.example{{rid}}/ask"), "steps[0].request.url: an address begins with {{origin}}"),
      (file().replacing("{{origin}}/ask", with: "{{rid}}/ask"), "steps[0].request.url: an address begins with {{origin}}"),
      (file().replacing("{{origin}}/ask", with: "ftp://a.example/"), "steps[0].request.url: expected https or http"),
      (file().replacing("origin: https", with: "origin: http"), "a.yaml:3:9: origin: credentials go over https only"),
      (file(request: "headers: {X: '{{file.name}}'}"), "steps[0]: \"file.name\" is there in steps of scope upload only"),
      // Answers.
      (file().replacing("path: t}", with: "path: '@foo.t'}"), "steps[0].response.emit[0].path: nothing is called \"@foo\""),
      (file().replacing("framing: sse", with: "framing: poll"), "steps[0]: the framing poll needs poll"),
      (file().replacing("framing: sse", with: "framing: websocket"), "steps[0]: the framing websocket needs a websocket"),
      (file(response: "decode: ['a[']"), "steps[0].response.decode[0]: The path \"a[\""),
      (file(response: "cite: [{match: '(a+'}]"), "steps[0].response.cite[0].match: The pattern"),
      (file(response: "cite: [{match: '\\d+'}]"), "steps[0].response.cite[0]: the pattern begins with no plain text"),
      (file(response: "references: [{path: r, fields: {title: t}}]"), "steps[0].response.references[0]: a reference needs the field url"),
      (file(response: "references: [{path: r, fields: {link: t}}]"), "\"link\" is not one of url, title"),
      (file(response: "error: [{as: funds}]"), "steps[0].response.error[0]: needs a condition"),
      (file(response: "error: [{status: [400], as: gone}]"), "\"gone\" is not one of invalid"),
      (file().replacing("framing: sse", with: "framing: xml"), "a.yaml:10:26: steps[0].response.framing: \"xml\" is not one of sse"),
      (file().replacing("framing: sse, ", with: ""), "steps[0].response: \"framing\" is missing"),
      (file().replacing("{to: text, path: t}", with: "{to: texts, path: t}"), "steps[0].response.emit[0].to: \"texts\" is not one of text"),
      (file().replacing("{to: text, path: t}", with: "{to: text}"), "steps[0].response.emit[0]: needs a path"),
      (file().replacing("{to: text, path: t}", with: "{to: text, path: t, where: {a: 1}}"), "where is about the elements of each"),
      (file().replacing("{eof: stop}", with: "{eof: maybe}"), "steps[0].response.finish[0].eof: \"maybe\" is not one of truncated"),
      (file().replacing("{eof: stop}", with: "{when: {a: 1}, data: x}"), "steps[0].response.finish[0]: expected exactly one of"),
      (file().replacing("{eof: stop}", with: "{when: {a: 1}, reason: done}"), "steps[0].response.finish[0].reason: \"done\" is not one of"),
      (file().replacing("{eof: stop}", with: "{frame_flag: 2}"), "frame_flag is of the framing connect only"),
      // The file.
      (file(more: "base_url: https://a.example"), "a.yaml:11:11: base_url: belongs to a provider with a wire"),
      (file(more: "wire: openai-chat"), "a.yaml:8:3: steps: a provider has either a wire or steps"),
      (file(more: "history: {policy: all}"), "a.yaml:11:19: history.policy: \"all\" is not one of merge"),
      (file(more: "history: {template: x}"), "a.yaml:11:21: history.template: a template needs {content}"),
      (file(more: "history: {policy: native}"), "a.yaml:11:10: history: the policy native needs \"item\""),
      (file(more: "requires: [sha3_pow@9]"), "this version has no hook \"sha3_pow@9\""),
      (file(more: "tools: maybe"), "a.yaml:11:8: tools: \"maybe\" is not one of prompt, none"),
      (file(more: "cleanup: [{request: {url: '{{origin}}/{{chat}}'}}]"), "no variable is called \"chat\""),
      (file(more: "cleanup: [{when: later, request: {url: '{{origin}}/'}}]"), "a.yaml:11:18: cleanup[0].when: \"later\" is not one of"),
      (file(more: "liveness: {ok: {a: 1}}"), "a.yaml:11:11: liveness: \"request\" is missing"),
      (file(more: "variant: old"), "no variant is called \"old\"; it has none"),
      (file(more: "variants: {old: {}}\nvariant: odl"), "no variant is called \"odl\"; did you mean \"old\"?; it has old"),
      (file(more: "sessions: [x]"), "sessions: belongs into the configuration"),
      (file().replacing("models: [m]", with: "models: [{id: m, set: {depe: 1}}]"), "no variable is called \"depe\""),
      (file().replacing("origin: https://a.example\n", with: ""), "\"origin\" is missing"),
    ] as [(String, String)])
  func `are told with file, line and path`(text: String, mistake: String) {
    let (file, mistakes) = Reading.file(text)
    #expect(file == nil)
    #expect(mistakes.contains { $0.contains(mistake) }, "\(mistakes)")
  }

  @Test func `show in a provider of a wire that has members of recipes`() {
    let (_, mistakes) = Reading.file(Reading.tern + "vars: {rid: uuid}\n")
    #expect(mistakes == ["a.yaml:14:7: vars: belongs to a provider with steps"])
  }

  @Test func `are found in a variant that is chosen`() {
    let text = Self.file(more: "variants: {old: {vars: {rid: guid}}}")
    #expect(Reading.file(text).mistakes == [])
    #expect(Reading.file(text + "\nvariant: old\n").mistakes.first?.contains("vars.rid: \"guid\"") == true)
  }
}

@Suite struct `A provider with steps in the config` {
  static let file = `Mistakes in a recipe`.file(
    more: "headers: {X: y}\nquery: {q: '1'}\nvariants: {old: {origin: https://old.example, headers: {X: , Z: z}}}\nhosts: [b.example]")

  @Test func `chooses a variant and keeps the steps`() throws {
    let (file, mistakes) = Reading.entry("name: a\nvariant: old\n", over: Self.file)
    #expect(mistakes == [])
    let provider = try #require(file)
    #expect(provider.origin?.description == "https://old.example")
    #expect(!provider.replacesHosts)
    let recipe = try #require(provider.recipe)
    #expect(provider.variant == "old")
    #expect(provider.variants == ["old"])
    #expect(recipe.steps.first?.request?.headers.map(\.name) == ["Z"])
    #expect(recipe.steps.first?.request?.query.map(\.name) == ["q"])
  }

  @Test func `replaces all hosts by an origin of its own`() throws {
    let provider = try #require(
      Reading.entry("name: a\norigin: http://127.0.0.1:9\nmin_interval: 10ms\nconcurrency: 3\n", over: Self.file).file)
    #expect(provider.replacesHosts)
    #expect(provider.limits.concurrency == 3)
    #expect(provider.limits.minInterval == .milliseconds(10))
  }

  @Test func `takes sessions as a token, as named parts, and as a copied cURL command`() throws {
    let entry = """
      name: a
      sessions:
        - tok
        - {token: t, cookie: "a=b", headers: {X-One: "1"}, query: {device_id: "7"}}
        - "curl 'https://a.example/chat?device_id=9&fp=x%20y' -H 'Cookie: sid=1; b=2' -H 'X-Two: 2' --data-raw '{}'"
        - {curl: "curl https://a.example/ -b 'c=d' -H 'x-one: from curl'", headers: {X-One: own}}
        - ""
      """
    let (file, mistakes) = Reading.entry(entry, over: Self.file)
    #expect(mistakes == [])
    let sessions = try #require(file).sessions
    #expect(sessions.map { $0.token?.exposed } == ["tok", "t", nil, nil])
    #expect(sessions.map { $0.cookie?.exposed } == [nil, "a=b", "sid=1; b=2", "c=d"])
    #expect(sessions.map { $0.headers.map { "\($0.name)=\($0.value.exposed)" } } == [[], ["X-One=1"], ["x-two=2"], ["X-One=own"]])
    #expect(sessions.map { $0.query.map { "\($0.name)=\($0.value.exposed)" } } == [[], ["device_id=7"], ["device_id=9", "fp=x y"], []])
  }

  @Test func `tells what is wrong with a copied command, without repeating it`() {
    let (_, mistakes) = Reading.entry("name: a\nsessions: [\"curl https://a.example -H 'secret: 1\"]\n", over: Self.file)
    #expect(mistakes.first?.contains("sessions[0]: The copied cURL command has a quote without an end.") == true)
    #expect(!mistakes.joined().contains("secret"))
  }
}
