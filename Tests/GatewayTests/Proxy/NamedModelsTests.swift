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
    ("/a.b/v1/chat/completions", #"{"model":"good-1"}"#), ("/a.b/v1/embeddings", #"{"model":"models/good"}"#),
    ("/part.example/v1/responses", #"{"model":"m-1"}"#), ("/a.b/v1beta/models/good:generateContent", "{}"),
    ("/a.b/v1beta/models/good:batchEmbedContents", #"{"requests":[{"model":"models/good"}]}"#),
    ("/a.b/openai/deployments/good/chat/completions", "{}"), ("/a.b/v1/messages/batches", #"{"requests":[{"params":{"model":"good"}}]}"#),
    // What stands in messages is no model's name.
    ("/a.b/v1/messages", #"{"model":"good","messages":[{"model":"bad"}],"tools":[{"parameters":{"model":"bad"}}]}"#),
    ("/whole.example/anything", "binary\u{0}"), ("/whole.example/x", #"{"model":"any"}"#),
  ])
  func `passes what names its models alone`(target: String, body: String) throws {
    #expect(try isAllowed(target, body))
  }

  @Test(arguments: [
    ("/a.b/v1/completions", #"{"model":"bad"}"#), ("/a.b/v1/completions", ""), ("/a.b/v1/completions", "{}"),
    ("/a.b/v1/completions", "model=good"), ("/a.b/v1/completions", #"["good"]"#),
    ("/a.b/v1/completions", #"{"model":"good"}x"#), ("/a.b/v1/completions", #"{"model":7}"#),
    ("/part.example/v1/completions", #"{"model":"n-1"}"#),
    // The second of two, other cases and spellings, lists, requests within requests, the path, the query.
    ("/a.b/v1/completions", #"{"model":"good","model":"bad"}"#), ("/a.b/v1/completions", #"{"model":"bad","model":"good"}"#),
    ("/a.b/v1/completions", #"{"model":"good","Model":"bad"}"#), ("/a.b/v1/completions", #"{"model":"good","mod\u0065l":"bad"}"#),
    ("/a.b/v1/completions", #"{"model":"good","models":["good","bad"]}"#),
    ("/a.b/v1/completions", #"{"model":"good","requests":[{"params":{"model":"bad"}}]}"#),
    ("/a.b/v1/completions", #"{"model":"good","requests":[{"body":{"model":"bad"}}]}"#),
    ("/a.b/v1/models/bad:generateContent", #"{"model":"good"}"#),
    ("/a.b/v1/models/b%61d:generateContent", "{}"), ("/a.b/openai/deployments/bad/x", #"{"model":"good"}"#),
    ("/a.b/engines/bad/completions", #"{"model":"good"}"#), ("/a.b/v1/completions?model=bad", #"{"model":"good"}"#),
    ("/a.b/v1/models/good:generateContent", "not JSON"), ("/a.b/v1/completions?model=good", ""),
    ("/a.b/v1/completions?model=good&model=bad", #"{"model":"good"}"#),
    ("/a.b/v1beta%2fmodels%2fbad:generateContent", #"{"model":"good"}"#),
    ("/a.b/v1/completions", #"{"model":{"id":"bad"},"models":["good"]}"#), ("/a.b/models/bad/v1/chat/completions", #"{"model":"good"}"#),
    ("/a.b/v1/responses", #"{"model":"good","tools":[{"type":"image_generation","model":"bad"}]}"#),
    // To name a model permits nothing but its call.
    ("/a.b/v1/files", #"{"model":"good"}"#), ("/a.b/v1/batches", #"{"model":"good","input_file_id":"f"}"#),
    ("/a.b/v1/organization/admin_api_keys", #"{"model":"good"}"#), ("/a.b/v1/threads/t/messages", #"{"model":"good"}"#),
    ("/a.b/v1/files/f/engines/good", ""), ("/a.b/v1/files/models/good", "{}"),
    // A pattern for one domain is none for another, and a bare one does not stand for domains.
    ("/other.example/v1/completions", #"{"model":"m-1"}"#), ("/good.example/v1/completions", #"{"model":"bad"}"#),
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
    ("/a.b/v1/models/x", "DELETE", false), ("/a.b/v1/models/x/y", "GET", false), ("/a.b/models", "GET", true),
    ("/a.b/api/paas/v4/models", "GET", true), ("/a.b/v1/organization/x/models/y", "GET", false),
    ("/a.b/v1/organization/models", "GET", false),
    ("/a.b/v1/files/f?model=good", "DELETE", false), ("/a.b/v1/organization/admin_api_keys?model=good", "GET", false),
  ])
  func `may see what models there are`(target: String, method: String, isFine: Bool) throws {
    #expect(try isAllowed(target, "", method) == isFine)
  }
}
