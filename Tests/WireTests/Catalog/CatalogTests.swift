import Base
import Testing

@testable import Wire

@Suite struct `A list of models` {
  private static let models = [
    CatalogModel("a", owner: "x", displayName: "A", created: 1_760_000_000, maxInput: 10, maxOutput: 5), CatalogModel("b/c", owner: "x"),
    CatalogModel("e", owner: "x", kind: .embedding), CatalogModel("d", owner: "y"), CatalogModel("r", owner: "y", kind: .rerank),
  ]

  private func list(_ shape: CatalogShape, _ query: [String: String] = [:], _ models: [CatalogModel] = models) throws -> JSON {
    try JSON(parsing: shape.list(models) { query[$0] })
  }

  private func names(_ list: JSON) -> [String] {
    (list["data"] ?? list["models"])?.elements.compactMap { $0["id"]?.string ?? $0["name"]?.string } ?? []
  }

  @Test func `holds what the wire can ask`() throws {
    #expect(names(try list(.openAI)) == ["a", "b/c", "e", "d", "r"])
    #expect(names(try list(.anthropic)) == ["a", "b/c", "d"])
    #expect(names(try list(.gemini)) == ["models/a", "models/b/c", "models/e", "models/d"])
  }

  @Test func `tells what is known and leaves out what isn't`() throws {
    #expect(try list(.openAI).at("data[1]") == ["id": "b/c", "object": "model", "created": 0, "owned_by": "x"])
    #expect(
      try list(.anthropic).at("data[1]") == [
        "type": "model", "id": "b/c", "display_name": "b/c", "created_at": "1970-01-01T00:00:00Z", "max_input_tokens": nil,
        "max_tokens": nil, "lifecycle": "active",
      ])
    #expect(try list(.anthropic).at("data[0].created_at") == "2025-10-09T08:53:20Z")
    #expect(
      try list(.gemini).at("models[2]") == [
        "name": "models/e", "displayName": "e", "supportedGenerationMethods": ["embedContent", "batchEmbedContents"],
      ])
  }

  @Test func `may be empty`() throws {
    #expect(try list(.openAI, [:], []) == ["object": "list", "data": []])
    #expect(try list(.anthropic, [:], []) == ["data": [], "has_more": false, "first_id": nil, "last_id": nil])
    #expect(try list(.gemini, [:], []) == ["models": []])
  }

  @Test(
    arguments: [
      ([:], ["a", "b/c", "d"], false), (["limit": "2"], ["a", "b/c"], true), (["limit": "2", "after_id": "a"], ["b/c", "d"], false),
      (["limit": "1", "after_id": "a"], ["b/c"], true), (["after_id": "d"], [], false), (["limit": "1", "before_id": "d"], ["b/c"], true),
      (["limit": "5", "before_id": "d"], ["a", "b/c"], false), (["before_id": "a"], [], false), (["limit": ""], ["a", "b/c", "d"], false),
    ] as [([String: String], [String], Bool)])
  func `comes in pages to Anthropic clients`(query: [String: String], ids: [String], hasMore: Bool) throws {
    let page = try list(.anthropic, query)
    #expect(names(page) == ids)
    #expect(page["has_more"]?.bool == hasMore)
    #expect(page["first_id"]?.string == ids.first && page["last_id"]?.string == ids.last)
  }

  @Test func `comes in pages to Gemini clients, each with the token of the next`() throws {
    var query = ["pageSize": "3"]
    let first = try list(.gemini, query)
    #expect(names(first) == ["models/a", "models/b/c", "models/e"])
    query["pageToken"] = first["nextPageToken"]?.string
    let second = try list(.gemini, query)
    #expect(names(second) == ["models/d"] && second["nextPageToken"] == nil)
    #expect(names(try list(.gemini, ["page_size": "1"])) == ["models/a"])
    #expect(names(try list(.gemini, ["pageSize": "5000"])).count == 4)
    #expect(names(try list(.gemini, ["pageSize": "0"])).count == 4)
  }

  @Test func `has at most 1,000 models on a page`() throws {
    let many = (0..<1001).map { CatalogModel("m\($0)", owner: "x") }
    #expect(try list(.anthropic, [:], many)["has_more"] == true)
    #expect(names(try list(.gemini, ["pageSize": "2000"], many)).count == 1000)
    #expect(names(try list(.openAI, [:], many)).count == 1001)
  }

  @Test(
    arguments: [
      (CatalogShape.anthropic, "limit", "0"), (.anthropic, "limit", "1001"), (.anthropic, "limit", "x"), (.anthropic, "after_id", "e"),
      (.anthropic, "before_id", "zz"), (.gemini, "pageSize", "-1"), (.gemini, "pageToken", "***"), (.gemini, "pageToken", "enp6"),
    ] as [(CatalogShape, String, String)])
  func `has no page that can't be`(shape: CatalogShape, name: String, value: String) {
    let fault = #expect(throws: Fault.self) { try list(shape, [name: value]) }
    #expect(fault?.kind == .invalid && fault?.param == name)
  }

  @Test func `goes one way at a time`() {
    #expect(throws: Fault.self) { try list(.anthropic, ["after_id": "a", "before_id": "d"]) }
  }

  @Test func `shows one model as in the list`() throws {
    for shape in [CatalogShape.openAI, .anthropic, .gemini] {
      let one = try #require(shape.one(Self.models[0]))
      let all = try list(shape)
      #expect(try JSON(parsing: one) == (all["data"] ?? all["models"])?[0])
    }
    #expect(CatalogShape.anthropic.one(Self.models[2]) == nil && CatalogShape.gemini.one(Self.models[4]) == nil)
  }

  @Test(
    arguments: [
      ("/v1/models", [], CatalogShape.openAI), ("/v1/models", ["anthropic-version"], .anthropic), ("/v1beta/models", [], .gemini),
      ("/v1/models", ["x-goog-api-key"], .gemini), ("/v1/models/a", ["x-goog-api-client"], .gemini),
      ("/v1/models", ["x-goog-api-key", "anthropic-version"], .gemini), ("/v1/models", ["x-api-key"], .openAI),
    ] as [(String, [String], CatalogShape)])
  func `takes the shape of the client's wire`(path: String, headers: [String], shape: CatalogShape) {
    #expect(CatalogShape(path: path, hasHeader: headers.contains) == shape)
  }

  @Test func `comes out as the shared cases expect`() throws {
    let kinds: [String: ProviderModel.Kind] = ["chat": .chat, "embeddings": .embedding]
    for test in try Shared.cases("models-") {
      let shape = try #require(
        (["openai-chat": .openAI, "anthropic": .anthropic, "gemini": .gemini] as [String: CatalogShape])[test["to"]?.string ?? ""])
      let models = test["input"]?.elements.map { model in
        CatalogModel(
          model["id"]?.string ?? "", owner: model["owned_by"]?.string ?? "", kind: kinds[model.at("methods[0]")?.string ?? ""] ?? .chat,
          displayName: model["display_name"]?.string, created: model["created"]?.int ?? 0, maxInput: model["max_input_tokens"]?.int,
          maxOutput: model["max_output_tokens"]?.int)
      }
      #expect(Shared.fits(try list(shape, [:], models ?? []), test["expected"]), "\(test["id"]?.string ?? "")")
    }
  }
}
