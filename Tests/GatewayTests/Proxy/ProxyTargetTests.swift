import Base
import Testing

@testable import Gateway

@Suite struct `The target of a path` {
  @Test(
    arguments: [
      ("/api.openai.com/v1/chat/completions", "api.openai.com", "/v1/chat/completions", nil),
      ("/api.openai.com", "api.openai.com", "/", nil), ("/api.openai.com/", "api.openai.com", "/", nil),
      ("/api.openai.com?a=1", "api.openai.com", "/", "a=1"), ("/api.openai.com/x?", "api.openai.com", "/x", ""),
      // Path and query stay as they are.
      ("/a.b//c/./d%2Fe;f?x=%3a&y=/../z?", "a.b", "//c/./d%2Fe;f", "x=%3a&y=/../z?"), ("/a.b/...", "a.b", "/...", nil),
      ("/a.b/v1/x..y", "a.b", "/v1/x..y", nil),
      // One spelling: case, the dot at the end, the dots of other scripts.
      ("/API.OpenAI.com/x", "api.openai.com", "/x", nil), ("/api.openai.com./x", "api.openai.com", "/x", nil),
      ("/api%E3%80%82openai%ef%bc%8ecom/x", "api.openai.com", "/x", nil),
      ("/api.openai%EF%BD%A1com%E3%80%82/x", "api.openai.com", "/x", nil),
      ("/xn--bcher-kva.example/x", "xn--bcher-kva.example", "/x", nil), ("/127.0.0.1/x", "127.0.0.1", "/x", nil),
      ("/0x7F.1/x", "0x7f.1", "/x", nil),
    ] as [(String, String, String, String?)])
  func `is a domain in its one spelling, and path and query as they came`(target: String, domain: String, path: String, query: String?)
    throws
  {
    let found = try #require(try ProxyTarget(target))
    #expect(found.domain == domain)
    #expect(found.path == path)
    #expect(found.query == query)
  }

  @Test(arguments: [
    "/", "/v1/models", "/console", "/health", "//api.openai.com/x", "/x/api.openai.com/y", "*", "/2130706433/x", "/017700000001/x",
    "/[::1]/x",
    "/localhost/x", "/localhost:80/x", "/?a.b", "/x?/a.b/c",
  ])
  func `is none where the first segment has no dot`(target: String) throws {
    #expect(try ProxyTarget(target) == nil)
  }

  @Test(arguments: [
    // Ports, users, brackets, labels that are empty.
    "/api.openai.com:443/x", "/api.openai.com:/x", "/user@api.openai.com/x", "/api.openai.com@evil.example/x", "/a:b@c.d/x",
    "/[::ffff:127.0.0.1]/x", "/api..openai.com/x", "/.api.openai.com/x", "/api.openai.com../x", "/./x", "/../x", "/localhost./x",
    // Percent-encoding of anything but the dots of other scripts, broken or not.
    "/api%2Eopenai.com/x", "/api%2eopenai%2ecom/x", "/%61pi.openai.com/x", "/api.openai.com%2Fx/y", "/api.openai.com%00.evil/x",
    "/api.openai.com%23.evil/x", "/api.openai.com%3F/x", "/api.openai.com%5C/x", "/evil.example%2f..%2fapi.openai.com/x", "/a.b%/x",
    "/%E3%80%82%E3%80%82/x", "/api.openai.com\\/x", "/api.openai.com;x/y", "/api.openai.com,evil.example/x", "/%5b%3a%3a1%5d.x/y",
  ])
  func `is refused where the domain is not plain`(target: String) {
    #expect { try ProxyTarget(target) } throws: { ($0 as? Fault)?.kind == .permission }
  }

  @Test func `is refused beyond the longest name`() throws {
    let labels = String(repeating: "a23456789.", count: 25)
    #expect(try ProxyTarget("/\(labels)abc/x")?.domain.utf8.count == 253)
    #expect(throws: Fault.self) { try ProxyTarget("/\(labels)abcd/x") }
  }

  @Test(arguments: [
    "/a.b/..", "/a.b/../x", "/a.b/x/../y", "/a.b/%2e%2e/x", "/a.b/.%2E/x", "/a.b/x%2f..%2fy", "/a.b/x%5c..%5cy", "/a.b/x\\..\\y",
    "/a.b/%252e%252e/x", "/a.b/x/%2E./../y",
  ])
  func `is refused where the path leads up, for anybody`(target: String) {
    #expect { try ProxyTarget(target) } throws: { ($0 as? Fault)?.kind == .invalid }
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("0x7f.1", true), ("127.1", true), ("a.0x", true), ("a.b.0xff", true), ("1.2.3.4", true), ("a.1b", false),
    ("1.a", false), ("0x7f.com", false),
  ])
  func `may be a number in disguise`(name: String, isNumber: Bool) {
    #expect(DomainName.isNumber(name) == isNumber)
  }
}

@Suite struct `The kind of a domain` {
  @Test(arguments: [
    // The path first, then the domain, then OpenAI's.
    ("/anthropic/v1/messages", "api.deepseek.com", ProxyAuth.anthropic), ("/v1/messages/count_tokens", "x.example", .anthropic),
    ("/v1beta/models/m:generateContent", "x.example", .google), ("/v1/models/m:streamGenerateContent", "x.example", .google),
    ("/v1beta/openai/chat/completions", "generativelanguage.googleapis.com", .openai), ("/v1/models", "api.anthropic.com", .anthropic),
    ("/v1/models", "generativelanguage.googleapis.com", .google), ("/v1/models", "api.openai.com", .openai), ("/", "x.example", .openai),
  ])
  func `is told by the path, else by the domain`(path: String, domain: String, auth: ProxyAuth) {
    #expect(ProxyAuth.recognised(path: path, domain: domain) == auth)
  }
}
