import Testing

@testable import Wire

@Suite struct `A vendor's path` {
  @Test(arguments: [
    // Chat and what is like it, behind any prefix.
    ("POST", "/v1/chat/completions", EndpointName.chat, ClientWire.chat), ("POST", "/chat/completions", .chat, .chat),
    ("POST", "/compatible-mode/v1/chat/completions", .chat, .chat), ("POST", "/api/v3/chat/completions", .chat, .chat),
    ("POST", "/api/paas/v4/chat/completions", .chat, .chat), ("POST", "/v1beta/openai/chat/completions", .chat, .chat),
    ("POST", "/v1/chat/completions/", .chat, .chat), ("POST", "/v1/responses", .chat, .responses),
    ("POST", "/api/v3/responses", .chat, .responses), ("POST", "/v1/completions", .completions, .completions),
    ("POST", "/beta/completions", .completions, .completions), ("POST", "/v1/embeddings", .embeddings, .chat),
    ("POST", "/v1/rerank", .rerank, .chat), ("POST", "/v2/rerank", .rerank, .chat), ("POST", "/compatible-api/v1/reranks", .rerank, .chat),
    // Messages.
    ("POST", "/v1/messages", .chat, .messages), ("POST", "/anthropic/v1/messages", .chat, .messages),
    ("POST", "/v1/messages/count_tokens", .countTokens, .messages), ("POST", "/api/anthropic/v1/messages", .chat, .messages),
    // Lists.
    ("GET", "/v1/models", .models, .chat), ("HEAD", "/v1/models", .models, .chat), ("GET", "/v1beta/models", .models, .gemini),
    ("GET", "/anthropic/v1/models", .models, .messages), ("GET", "/v1beta/openai/models", .models, .chat),
  ])
  func `tells the endpoint and the wire`(method: String, path: String, endpoint: EndpointName, wire: ClientWire) throws {
    let found = try #require(VendorPath(method: method, path: path))
    #expect(found.endpoint == endpoint && found.wire == wire && found.model == nil && !found.isStream)
  }

  @Test(arguments: [
    ("/v1beta/models/gemini-2.5-pro:generateContent", EndpointName.chat, ClientWire.gemini, "gemini-2.5-pro", false),
    ("/v1beta/models/gemini-2.5-pro:streamGenerateContent", .chat, .gemini, "gemini-2.5-pro", true),
    ("/v1/models/a/b:c:generateContent", .chat, .gemini, "a/b:c", false),
    ("/v1beta/models/e:embedContent", .embeddings, .gemini, "e", false),
    ("/v1beta/models/e:batchEmbedContents", .embeddings, .gemini, "e", false),
    ("/v1beta/models/a%3Ab:countTokens", .countTokens, .gemini, "a:b", false),
    ("/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", .chat, .gemini, "g", true),
    // A deployment of Azure's.
    ("/openai/deployments/my-gpt/chat/completions", .chat, .chat, "my-gpt", false),
    ("/openai/deployments/my%20gpt/embeddings", .embeddings, .chat, "my gpt", false),
    ("/openai/deployments/d/completions", .completions, .completions, "d", false),
  ])
  func `tells the model where it is in it`(path: String, endpoint: EndpointName, wire: ClientWire, model: String, isStream: Bool) throws {
    let found = try #require(VendorPath(method: "POST", path: path))
    #expect(found.endpoint == endpoint && found.wire == wire && found.model == model && found.isStream == isStream)
  }

  @Test(arguments: [
    ("GET", "/v1/chat/completions"), ("POST", "/v1/models"), ("DELETE", "/v1/models"), ("POST", ""), ("POST", "/"), ("GET", "/"),
    ("POST", "/v1/chat"), ("POST", "/v1/threads/t/messages"), ("POST", "/v1/messages/batches"), ("POST", "/v1/chat/completions/id"),
    ("GET", "/v1/responses/id"), ("POST", "/v1/images/generations"), ("POST", "/v1/audio/speech"), ("POST", "/v1beta/models/g:predict"),
    ("POST", "/v1beta/models/:generateContent"), ("POST", "/v1/count_tokens"), ("GET", "/v1beta/models/g:generateContent"),
    ("POST", String(repeating: "/a", count: 2048) + "/chat/completions"),
  ])
  func `that is not known tells nothing`(method: String, path: String) {
    #expect(VendorPath(method: method, path: path) == nil)
  }

  @Test func `is read to its limit`() {
    let path = "/chat/completions"
    #expect(VendorPath(method: "POST", path: "/" + String(repeating: "a", count: VendorPath.mostBytes - 1 - path.count) + path) != nil)
  }
}
