import Base
import HTTP
import Testing

@testable import Gateway

@Suite struct `A probe` {
  private func rule(
    _ method: String = "GET", _ target: String = "/x", agent: String? = nil, peer: Address? = nil, isOwn: Bool = false,
    by probes: Probes = Probes()
  ) -> Probes.Rule? {
    var headers = Headers()
    if let agent { headers.append(.userAgent, agent) }
    return probes.rule(RequestHead(method: method, target: target, headers: headers), peer, isOwn: isOwn)
  }

  @Test(arguments: [
    ("/.env", Probes.Rule.prefix), ("/.env.production?x", .prefix), ("/.git/config", .prefix), ("/WP-Login.php", .prefix),
    ("//wp-admin//x", .prefix), ("/%2eenv", .prefix), ("/%2Egit/HEAD", .prefix), ("/cgi-bin/luci", .prefix), ("/xmlrpc.php", .path),
    ("/phpMyAdmin/index.php", .prefix), ("/INDEX.php", .path), ("/actuator/env", .prefix), ("/vendor/phpunit/x", .prefix),
  ])
  func `is told by its path, however it is written`(target: String, expected: Probes.Rule) {
    #expect(rule("GET", target) == expected)
    #expect(rule("POST", target) == expected)
    // No rule for paths takes away what the gateway offers.
    #expect(rule("GET", target, isOwn: true) == nil)
  }

  @Test(arguments: [
    "/", "/v1/chat/completions", "/api.openai.com/v1/models", "/api.openai.com/.env", "/x/.env", "/environment", "/wpx", "/console",
    "/api/x",
    "/favicon.ico", "/.well-known/x", "/robots.txt", "/xmlrpc.phpx",
  ])
  func `is no honest path`(target: String) {
    #expect(rule("GET", target) == nil)
  }

  @Test(arguments: ["TRACE", "TRACK", "PROPFIND", "DEBUG", "trace", "CONNECT"])
  func `is told by its method, on every path`(method: String) {
    #expect(rule(method) == .method)
    #expect(rule(method, "/v1/models", isOwn: true) == .method)
  }

  @Test(arguments: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "get"])
  func `is no method that APIs use`(method: String) {
    #expect(rule(method) == nil)
  }

  @Test(arguments: [
    "sqlmap/1.7", "Mozilla/5.0 (compatible; Nmap Scripting Engine)", "Mozilla/5.0 zgrab/0.x", "masscan/1.3", "NIKTO", "x Nuclei y",
    String(repeating: "x", count: 505) + "sqlmap ",
  ])
  func `is told by its agent, on every path`(agent: String) {
    #expect(rule(agent: agent) == .userAgent)
    #expect(rule(agent: agent, isOwn: true) == .userAgent)
  }

  @Test(arguments: [
    "OpenAI/Python 1.2.3", "curl/8.1", "python-httpx/0.27", "anthropic-sdk-typescript", "", "nma", "sqlma",
    String(repeating: "x", count: 507) + "sqlmap",
  ])
  func `is no honest agent`(agent: String) {
    #expect(rule(agent: agent) == nil)
  }

  @Test func `is also what the config says`() throws {
    var probes = Probes()
    probes.add(
      paths: ["/Old"], prefixes: ["/v1/secret/"], agents: ["BadBot"], methods: ["patch", "GET"],
      addresses: [try #require(AddressBlock("192.0.2.0/24")), try #require(AddressBlock("2001:db8::1"))])
    #expect(rule("POST", "/old", by: probes) == .path)
    #expect(rule("POST", "/v1/secret/x", by: probes) == .prefix)
    #expect(rule("POST", agent: "my badbot 1", by: probes) == .userAgent)
    #expect(rule("PATCH", by: probes) == .method)
    #expect(rule("GET", by: probes) == .method)
    #expect(rule("POST", peer: Address("192.0.2.9", port: 1), by: probes) == .address)
    #expect(rule("POST", peer: Address("::ffff:192.0.2.9", port: 1), isOwn: true, by: probes) == .address)
    #expect(rule("POST", peer: Address("2001:db8::1", port: 1), by: probes) == .address)
    #expect(rule("POST", peer: Address("192.0.3.9", port: 1), by: probes) == nil)
    #expect(rule("POST", "/.env", by: probes) == .prefix)
  }
}
