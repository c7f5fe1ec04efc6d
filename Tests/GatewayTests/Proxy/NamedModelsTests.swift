import Base
import Testing

@testable import Gateway

@Suite struct `A key that is limited to models` {
  private static let key = Keys.Key(
    name: "k", models: ["good*", "whole.example/*", "part.example/m-*"].map { ModelPattern($0) }, onDisconnect: .cancel)

  private func isAllowed(_ target: String, _ body: String = "", _ method: String = "POST", _ key: Keys.Key = key) throws -> Bool {
    let target = try #require(try ProxyTarget(target))
    do throws(Fault) {
      try NamedModels.check(target, method: method, body: Array(body.utf8), key)
      return true
    } catch {
      #expect(error.kind == .permission)
      return false
    }
  }

  @Test(arguments: [
    ("/a.b/v1/chat/completions", #"{"model":"good-1"}"#), ("/a.b/v1/x", #"{"model":"models/good"}"#),
    ("/part.example/v1/x", #"{"model":"m-1"}"#), ("/a.b/v1beta/models/good:generateContent", "{}"),
    ("/a.b/v1beta/models/good:batchEmbedContents", #"{"requests":[{"model":"models/good"}]}"#),
    ("/a.b/openai/deployments/good/chat/completions", "{}"), ("/a.b/v1/messages/batches", #"{"requests":[{"params":{"model":"good"}}]}"#),
    // What stands in messages is no model's name.
    ("/a.b/v1/x", #"{"model":"good","messages":[{"model":"bad"}],"tools":[{"model":"bad"}]}"#),
    ("/whole.example/anything", "binary\u{0}"), ("/whole.example/x", #"{"model":"any"}"#),
  ])
  func `passes what names its models alone`(target: String, body: String) throws {
    #expect(try isAllowed(target, body))
  }

  @Test(arguments: [
    ("/a.b/x", #"{"model":"bad"}"#), ("/a.b/x", ""), ("/a.b/x", "{}"), ("/a.b/x", "model=good"), ("/a.b/x", #"["good"]"#),
    ("/a.b/x", #"{"model":"good"}x"#), ("/a.b/x", #"{"model":7}"#), ("/part.example/x", #"{"model":"n-1"}"#),
    // The second of two, other cases and spellings, lists, requests within requests, the path, the query.
    ("/a.b/x", #"{"model":"good","model":"bad"}"#), ("/a.b/x", #"{"model":"bad","model":"good"}"#),
    ("/a.b/x", #"{"model":"good","Model":"bad"}"#), ("/a.b/x", #"{"model":"good","mod\u0065l":"bad"}"#),
    ("/a.b/x", #"{"model":"good","models":["good","bad"]}"#), ("/a.b/x", #"{"model":"good","requests":[{"params":{"model":"bad"}}]}"#),
    ("/a.b/x", #"{"model":"good","requests":[{"body":{"model":"bad"}}]}"#), ("/a.b/v1/models/bad:generateContent", #"{"model":"good"}"#),
    ("/a.b/v1/models/b%61d:generateContent", "{}"), ("/a.b/openai/deployments/bad/x", #"{"model":"good"}"#),
    ("/a.b/engines/bad/completions", #"{"model":"good"}"#), ("/a.b/x?model=bad", #"{"model":"good"}"#),
    ("/a.b/v1/models/good:generateContent", "not JSON"),
    // A pattern for one domain is none for another, and a bare one does not stand for domains.
    ("/other.example/x", #"{"model":"m-1"}"#), ("/good.example/x", #"{"model":"bad"}"#),
  ])
  func `passes nothing else`(target: String, body: String) throws {
    #expect(try !isAllowed(target, body))
    #expect(try isAllowed(target, body, "POST", Keys.owner))
  }

  @Test(arguments: [
    ("/a.b/v1/models", "GET", true), ("/a.b/v1/models", "HEAD", true), ("/a.b/v1beta/models/x", "GET", true),
    ("/a.b/v1/models", "POST", false),
    ("/a.b/v1/files", "GET", false), ("/a.b/v1/models/bad:generateContent", "GET", false),
    ("/a.b/v1/models/bad%3agenerateContent", "GET", false),
    ("/a.b/v1/models/x", "DELETE", false), ("/a.b/v1/models/x/y", "GET", false),
  ])
  func `may see what models there are`(target: String, method: String, isFine: Bool) throws {
    #expect(try isAllowed(target, "", method) == isFine)
  }
}
