import Base
import Testing
@testable import Wire

@Suite struct `A provider file with steps` {
  static let plover = """
    apus: provider/v1
    name: plover-web
    origin: https://plover.example
    credentials: {TOKEN: {env: PLOVER_TOKEN, class: bearer, where: "localStorage plover_session"}}
    models: [{id: plover, upstream: p1}, {id: plover-think, upstream: p1, set: {deep: true}}]
    vars: {deep: {const: false}, rid: uuid}
    history: {policy: merge, template: "{role}: {content}\\n", last_only_if_single: true}
    steps:
      - id: ask
        scope: message
        request: {method: POST, url: "{{origin}}/ask", headers: {Authorization: "Bearer {{cred.TOKEN}}", X-Id: "{{rid}}"}, body: {json: {q: "{{prompt}}", m: "{{model}}", deep: "{{deep}}"}}}
        response: {framing: ndjson, emit: [{to: reasoning, when: {k: plan}, path: t, mode: delta}, {to: text, when: {k: say}, path: t, mode: delta}], finish: [{when: {k: bye}, reason: stop}, {eof: truncated}]}
    errors: [{status: [401], as: auth_expired}, {content_type: [text/html], as: verification_required}]

    """

  @Test func `says what is asked and how the answer is read`() throws {
    let (file, mistakes) = Reading.file(Self.plover)
    #expect(mistakes == [])
    let plover = try #require(file)
    let recipe = try #require(plover.recipe)
    #expect(recipe.steps.map(\.id) == ["ask"])
    let response = try #require(recipe.answerStep?.response)
    #expect(response.framing == .ndjson)
    #expect(response.emit.map(\.target) == [.reasoning, .text])
    #expect(response.finish.count == 1)
    #expect(response.eof == .truncated)
    #expect(plover.limits.concurrency == 1)
    #expect(plover.limits.minInterval == .milliseconds(1500))
    #expect(plover.anyModel(named: "unknown") == nil)
    #expect(plover.url(of: .chat) == nil)
    #expect(!plover.replacesHosts)
  }
}
