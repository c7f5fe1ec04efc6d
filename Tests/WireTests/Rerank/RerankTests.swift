import Base
import Testing

@testable import Wire

@Suite struct `A rerank request` {
  private func encode(_ body: JSON, _ shape: Endpoint.Shape = .cohere) throws -> (body: JSON, losses: [String]) {
    let encoded = try RerankRequest.decode(body).encode(for: "up", shape: shape)
    return (try JSON(parsing: encoded.body), encoded.losses.map(\.description))
  }

  private let body: JSON = [
    "model": "rr", "query": "q", "documents": ["a", ["text": "b", "id": 7]], "top_n": 1, "return_documents": true,
    "max_tokens_per_doc": 100,
  ]

  @Test func `goes to Cohere as texts alone`() throws {
    let (body, losses) = try encode(body)
    #expect(body == ["model": "up", "query": "q", "documents": ["a", "b"], "top_n": 1, "max_tokens_per_doc": 100])
    #expect(losses == [])
  }

  @Test func `goes to DashScope in its two nests`() throws {
    let (body, losses) = try encode(body, .dashscope)
    #expect(
      body == [
        "model": "up", "input": ["query": "q", "documents": ["a", "b"]], "parameters": ["top_n": 1, "return_documents": true],
      ])
    #expect(losses == ["max_tokens_per_doc:dropped"])
    #expect(try encode(["model": "m", "query": "q", "documents": ["a"]], .dashscope).body["parameters"] == [:])
  }

  @Test func `reports what can't travel and says nothing of null`() throws {
    let (body, losses) = try encode(["model": "m", "query": "q", "documents": ["a"], "truncation": true, "user": nil, "top_n": nil])
    #expect(body == ["model": "up", "query": "q", "documents": ["a"]])
    #expect(losses == ["truncation:dropped"])
  }

  @Test func `joins the members that count, one on a line`() throws {
    let (body, losses) = try encode(
      ["model": "m", "query": "q", "documents": [["title": "T", "text": "x", "n": 3], "s"], "rank_fields": ["title", "n"]])
    #expect(body["documents"] == ["title: T\nn: 3", "s"])
    #expect(losses == ["rank_fields:emulated"])
    #expect(try encode(["model": "m", "query": "q", "documents": [["text": "x"]], "rank_fields": ["text"]]).losses == [])
  }

  @Test(
    arguments: [
      (["query": "q", "documents": ["a"]], "model"), (["model": "m", "documents": ["a"]], "query"),
      (["model": "m", "query": "q"], "documents"), (["model": "m", "query": 1, "documents": ["a"]], "query"),
      (["model": "m", "query": "q", "documents": ["a", 1]], "documents[1]"), (["model": "m", "query": "q", "documents": []], "documents"),
      (["model": "m", "query": "q", "documents": ["a"], "top_n": "1"], "top_n"),
      (["model": "m", "query": "q", "documents": ["a", ["image": "x"]]], "documents[1]"),
      (["model": "m", "query": "q", "documents": [["title": "x"]], "rank_fields": ["other"]], "documents[0]"),
    ] as [(JSON, String)])
  func `is refused with the field's path`(body: JSON, param: String) {
    let fault = #expect(throws: Fault.self) { try encode(body) }
    #expect(fault?.kind == .invalid && fault?.param == param)
  }

  @Test func `comes out as the shared case expects`() throws {
    for test in try Shared.cases("rerank-01") {
      let request = try RerankRequest.decode(try #require(test["input"]))
      let encoded = try request.encode(for: test.at("options.upstream_model")?.string ?? "", shape: .cohere)
      #expect(Shared.fits(try JSON(parsing: encoded.body), test["expected"]))
    }
  }
}

@Suite struct `A rerank reply` {
  private func reply(_ text: String, _ shape: Endpoint.Shape, returns: Bool? = nil) throws -> RerankReply {
    var body: [(String, JSON)] = [("model", "rr"), ("query", "q"), ("documents", ["a", ["text": "b", "id": 7]])]
    if let returns { body.append(("return_documents", JSON(returns))) }
    return try RerankReply(Array(text.utf8), to: try RerankRequest.decode(.object(body)), model: "rr", shape: shape)
  }

  @Test func `of Cohere gets the client's own documents back`() throws {
    let text = #"{"id":"x","results":[{"index":1,"relevance_score":0.90},{"index":0,"relevance_score":0.1}],"meta":{"api_version":{}}}"#
    let reply = try reply(text, .cohere, returns: true)
    let expected =
      #"{"id":"x","model":"rr","results":[{"index":1,"relevance_score":0.90,"document":{"text":"b","id":7}},"#
      + #"{"index":0,"relevance_score":0.1,"document":{"text":"a"}}],"meta":{"api_version":{}},"usage":{"total_tokens":0}}"#
    #expect(String(decoding: reply.body, as: UTF8.self) == expected)
    #expect(reply.losses.map(\.description) == ["usage:synthesized"] && reply.usage == nil)
    #expect(try JSON(parsing: try self.reply(text, .cohere).body).at("results[0].document") == nil)
  }

  @Test func `of DashScope is taken out of its nest`() throws {
    let reply = try reply(
      #"{"output":{"results":[{"index":0,"relevance_score":0.5,"document":{"text":"a"}}]},"usage":{"total_tokens":9},"request_id":"r1"}"#,
      .dashscope, returns: true)
    #expect(
      try JSON(parsing: reply.body) == [
        "id": "r1", "model": "rr", "results": [["index": 0, "relevance_score": 0.5, "document": ["text": "a"]]],
        "usage": ["total_tokens": 9],
      ])
    #expect(reply.usage == Usage(input: 9) && reply.losses == [])
  }

  @Test func `of Jina's shape passes but for the model's name`() throws {
    let text = #"{"id":"1", "model":"up","object":"list","results":[{"index":0,"relevance_score":0.5,"document":{"text":"A"},"x":1}],"#
    let usage = #""usage":{"total_tokens":9,"prompt_tokens":9}}"#
    let reply = try reply(text + usage, .jina)
    #expect(String(decoding: reply.body, as: UTF8.self) == (text + usage).replacing(#""up""#, with: #""rr""#))
  }

  @Test func `of Jina's shape is mended where a vendor differs`() throws {
    // A document as a text (BigModel, Qianfan), tokens elsewhere (SiliconFlow), no id, no model, the wrong order.
    let reply = try reply(
      #"{"results":[{"index":0,"relevance_score":0.1,"document":"A"},{"index":1,"score":0.9,"document":null}],"tokens":{"input_tokens":5,"output_tokens":1}}"#,
      .jina, returns: true)
    let json = try JSON(parsing: reply.body)
    #expect(
      json["results"] == [
        ["index": 1, "score": 0.9, "document": ["text": "b", "id": 7], "relevance_score": 0.9],
        ["index": 0, "relevance_score": 0.1, "document": ["text": "A"]],
      ])
    #expect(json["id"]?.string?.isEmpty == false && json["model"] == "rr" && json.at("usage.total_tokens") == 6)
    #expect(reply.usage == Usage(input: 6))
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"results":{}}"#, #"{"results":[{"index":2,"relevance_score":1}]}"#,
    #"{"results":[{"index":-1,"relevance_score":1}]}"#,
    #"{"results":[{"index":0}]}"#, #"{"results":[{"index":0,"relevance_score":"1"}]}"#,
  ])
  func `is broken without results that fit the request`(text: String) {
    #expect(throws: Fault.self) { try reply(text, .cohere) }
    #expect(throws: Fault.self) { try reply(text, .jina) }
  }

  @Test func `may be an error with status 200`() {
    let fault = #expect(throws: Fault.self) { try reply(#"{"code":"Arrearage","message":"x"}"#, .dashscope) }
    #expect(fault?.kind == .funds)
  }

  @Test func `comes out as the shared case expects`() throws {
    for test in try Shared.cases("rerank-02") {
      let options = try #require(test.at("options.request"))
      let members: [(String, JSON)] = [("model", "rr"), ("query", "q")] + options.members.map { ($0.name, $0.value) }
      let reply = try RerankReply(
        Array(try #require(test["input"]).bytes), to: try RerankRequest.decode(.object(members)),
        model: test.at("options.client_model")?.string ?? "", shape: .cohere)
      #expect(Shared.fits(try JSON(parsing: reply.body), test["expected"]))
    }
  }
}
