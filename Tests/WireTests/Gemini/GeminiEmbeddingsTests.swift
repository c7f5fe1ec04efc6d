import Base
import Testing

@testable import Wire

private let model = TargetModel(name: "emb-x", capabilities: Capabilities(wire: .gemini))

@Suite struct `Embeddings of Gemini` {
  @Test(
    arguments: [
      (
        #"{"model":"e","input":["a","b"],"dimensions":64,"user":"u"}"#,
        #"{"requests":[{"model":"models/emb-x","content":{"parts":[{"text":"a"}]},"outputDimensionality":64},{"model":"models/emb-x","content":{"parts":[{"text":"b"}]},"outputDimensionality":64}]}"#,
        ["user:dropped"]
      ),
      (
        #"{"model":"e","input":"a","encoding_format":"base64"}"#,
        #"{"requests":[{"model":"models/emb-x","content":{"parts":[{"text":"a"}]}}]}"#, []
      ),
    ] as [(String, String, [String])])
  func `are asked for in one batch`(body: String, expected: String, losses: [String]) throws {
    let found = try GeminiEmbeddings.encode(.of(body), for: model)
    #expect(try JSON(parsing: found.body) == .of(expected))
    #expect(found.losses.map(\.description) == losses)
  }

  @Test(arguments: [#"{"model":"e","input":[1,2]}"#, #"{"model":"e","input":[[1],[2]]}"#, #"{"model":"e"}"#, #"{"model":"e","input":[]}"#])
  func `are refused for anything but texts`(body: String) {
    #expect(fault { _ = try GeminiEmbeddings.encode(.of(body), for: model) }?.kind == .invalid)
  }

  @Test(
    arguments: [
      (#"{"encoding_format":"base64"}"#, [#""AACAPwAAAMA=""#, #""AAAAPwAAgD4=""#]),
      (#"{"input":["a","b"]}"#, ["[1.0,-2.0]", "[0.5,0.25]"]),
      (#"{"encoding_format":"float"}"#, ["[1.0,-2.0]", "[0.5,0.25]"]),
    ] as [(String, [String])])
  func `come back in the format that was asked for`(request: String, expected: [String]) throws {
    let found = try GeminiEmbeddings.reply(
      .of(#"{"embeddings":[{"values":[1.0,-2.0]},{"values":[0.5,0.25]}]}"#), to: .of(request), model: "emb-1")
    let body = try JSON(parsing: found.body)
    #expect(body["object"] == "list" && body["model"] == "emb-1" && body["usage"] == ["prompt_tokens": 0, "total_tokens": 0])
    for (index, text) in expected.enumerated() {
      #expect(try body["data"]?[index] == ["object": "embedding", "index": JSON(index), "embedding": .of(text)])
    }
    #expect(found.losses.map(\.description) == ["usage:synthesized"])
  }

  @Test func `have the usage that the upstream tells`() throws {
    let found = try GeminiEmbeddings.reply(
      .of(#"{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":4}}"#), to: ["input": "a"], model: "e")
    #expect(try JSON(parsing: found.body)["usage"] == ["prompt_tokens": 4, "total_tokens": 4])
    #expect(found.losses.isEmpty)
  }

  @Test(arguments: ["{}", #"{"embeddings":[]}"#, #"{"embeddings":[{"values":[1]},{}]}"#, #"{"embeddings":[{"values":[1]}]}"#])
  func `are broken where one is missing`(body: String) {
    #expect(fault { _ = try GeminiEmbeddings.reply(.of(body), to: ["input": ["a", "b"]], model: "e") }?.kind == .broken)
  }

  @Test func `of a Gemini client are asked for on the OpenAI wire`() throws {
    let one = try GeminiEmbeddings.decode(
      .of(#"{"content":{"parts":[{"text":"a"},{"text":"b"}]},"task_type":"RETRIEVAL_QUERY","output_dimensionality":8}"#), isBatch: false,
      for: model)
    #expect(try JSON(parsing: one.body) == ["model": "emb-x", "input": "a\nb", "dimensions": 8, "encoding_format": "float"])
    #expect(one.losses.map(\.description) == ["task_type:dropped"])
    let batch = try GeminiEmbeddings.decode(
      .of(#"{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]},"title":"t"}]}"#),
      isBatch: true, for: model)
    #expect(try JSON(parsing: batch.body) == ["model": "emb-x", "input": ["a", "b"], "encoding_format": "float"])
    #expect(batch.losses.map(\.description) == ["requests[1].title:dropped"])
  }

  @Test(
    arguments: [
      (#"{"content":{"parts":[{"inlineData":{"data":"","mimeType":"image/png"}}]}}"#, false, "content.parts[0]"),
      (#"{"content":{"parts":[]}}"#, false, "content.parts"), (#"{"requests":[]}"#, true, "requests"),
      (
        #"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"a"}]},"outputDimensionality":8}]}"#, true,
        "requests[1].outputDimensionality"
      ),
    ] as [(String, Bool, String)])
  func `of a Gemini client are refused where they can't travel`(body: String, isBatch: Bool, param: String) {
    #expect(fault { _ = try GeminiEmbeddings.decode(.of(body), isBatch: isBatch, for: model) }?.param == param)
  }

  @Test func `go back to a Gemini client in the order of its inputs`() throws {
    let body = try JSON.of(#"{"data":[{"index":1,"embedding":"AACAPwAAAMA="},{"index":0,"embedding":[0.5]}]}"#)
    let batch = try JSON(parsing: GeminiEmbeddings.geminiReply(body, isBatch: true, count: 2))
    #expect(batch == ["embeddings": [["values": [0.5]], ["values": [1.0, -2.0]]]])
    let one = try JSON(parsing: GeminiEmbeddings.geminiReply(.of(#"{"data":[{"embedding":[0.5]}]}"#), isBatch: false, count: 1))
    #expect(one == ["embedding": ["values": [0.5]]])
    #expect(fault { _ = try GeminiEmbeddings.geminiReply(body, isBatch: true, count: 3) }?.kind == .broken)
  }
}
