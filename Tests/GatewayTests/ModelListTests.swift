import Base
import HTTP
import Testing
import Upstream
import Wire

@testable import Gateway

@Suite struct `The list of models` {
  private let router: Router

  init() throws {
    let files = try providers([
      ("one", "models: [{id: m, context: 100, max_output: 10}, {id: e, kind: embedding}, {id: big/model, hidden: true}]"), ("two", ""),
    ])
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array("{models: [{id: fast, to: [one/m]}]}".utf8), name: "t", into: mistakes))
    let source = ConfigSource(file: "/nowhere", environment: [:])
    router = Router(files, aliases: Config(setting, mistakes, source: source, values: [:]).aliases, hasDemo: true)
  }

  private func head(_ target: String, _ headers: [String] = []) -> RequestHead {
    var fields = Headers()
    for name in headers { fields.append(name: Array(name.utf8), Array("x".utf8)) }
    return RequestHead(method: "GET", target: target, headers: fields)
  }

  private func answer(_ target: String, _ headers: [String] = []) throws -> JSON {
    let head = head(target, headers)
    switch try ClientEndpoint(head) {
    case .modelList: return try JSON(parsing: ModelList.body(head, router, Keys.owner))
    case .model(let id): return try JSON(parsing: ModelList.body(id, head, router, Keys.owner))
    default: return .null
    }
  }

  @Test func `has the shape of the client's wire`() throws {
    let ids = try answer("/v1/models")["data"]?.elements.compactMap { $0["id"]?.string }
    #expect(ids == ["fast", "m", "e", "apus-demo"])
    #expect(try answer("/v1/models").at("data[0].owned_by") == "apus")
    let messages = try answer("/v1/models?limit=2&after_id=fast", ["Anthropic-Version"])
    #expect(messages["data"]?.elements.compactMap { $0["id"]?.string } == ["m", "apus-demo"])
    #expect(messages.at("data[0].max_input_tokens") == 100 && messages.at("data[0].max_tokens") == 10)
    let first = try answer("/v1beta/models?pageSize=2")
    #expect(first["models"]?.elements.compactMap { $0["name"]?.string } == ["models/fast", "models/m"])
    let second = try answer("/v1/models?pageSize=2&pageToken=\(first["nextPageToken"]?.string ?? "")", ["x-goog-api-client"])
    #expect(second["models"]?.elements.compactMap { $0["name"]?.string } == ["models/e", "models/apus-demo"])
  }

  @Test(
    arguments: [
      ("/v1/models/fast", [], "apus"), ("/v1/models/m", [], "one"), ("/v1/models/one%2Fm", [], "one"), ("/v1/models/big/model", [], "one"),
      ("/v1/models/apus-demo", [], "demo"),
    ] as [(String, [String], String)])
  func `tells of one model whose it is`(target: String, headers: [String], owner: String) throws {
    #expect(try answer(target, headers)["owned_by"]?.string == owner)
  }

  @Test func `tells of one model in every shape`() throws {
    #expect(try answer("/v1beta/models/m")["inputTokenLimit"] == 100)
    #expect(try answer("/v1beta/models/big/model")["name"] == "models/big/model")
    #expect(try answer("/v1/models/m", ["anthropic-version"])["max_tokens"] == 10)
    #expect(throws: Fault.self) { try answer("/v1/models/e", ["anthropic-version"]) }
    #expect(throws: Fault.self) { try answer("/v1beta/models/nobody") }
    #expect(throws: Fault.self) { try answer("/v1beta/models/") }
  }

  @Test(
    arguments: [
      ("GET", "/v1beta/models/a:b", nil), ("POST", "/v1beta/models/a:b", .unknownURL), ("POST", "/v1beta/models/a:", .unknownURL),
      ("POST", "/v1/models/a", .methodNotAllowed), ("GET", "/v1beta/models/a:generateContent", .methodNotAllowed),
      ("POST", "/v1beta/models/a:b:generateContent", nil),
    ] as [(String, String, Fault.Kind?)])
  func `knows a model's name from an unknown verb by the method`(method: String, target: String, kind: Fault.Kind?) {
    var found: Fault.Kind?
    do throws(Fault) {
      _ = try ClientEndpoint(RequestHead(method: method, target: target, headers: Headers()))
    } catch {
      found = error.kind
    }
    #expect(found == kind)
  }
}
