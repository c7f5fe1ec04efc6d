import Base
import HTTP
import Testing
import Upstream
import Wire

@testable import Gateway

@Suite struct `The domains that are allowed` {
  /// What a `proxy` section makes of the list, and its mistakes.
  private func read(_ text: String) throws -> (config: ProxyConfig, mistakes: [String]) {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array("{proxy: \(text)}".utf8), name: "t", into: mistakes))
    let config = Config(setting, mistakes, source: ConfigSource(file: "/nowhere", environment: [:]), values: [:])
    return (config.proxy, mistakes.sorted.map(\.description))
  }

  @Test func `are the built-in ones, with what the config adds and without what it takes away`() throws {
    let builtIn = Set(ProxyDomain.builtIn.keys)
    #expect(builtIn.count == 10)
    #expect(Set(ProxyConfig().domains.keys) == builtIn)
    let (config, mistakes) = try read(
      "{allow: {New.Example.: true, other.example: {https: false}, api.openai.com: false, not.there: false}}")
    #expect(mistakes == [])
    #expect(Set(config.domains.keys) == builtIn.subtracting(["api.openai.com"]).union(["new.example", "other.example"]))
    #expect(Set(try read("{builtin: false, allow: {a.b: {}}}").config.domains.keys) == ["a.b"])
  }

  @Test func `say how and where they are asked`() throws {
    let (config, _) = try read(
      "{allow: {a.b: {auth: google, https: false, key: ' k ', origin: 'http://127.0.0.1:9/x/'}, c.d: {https: false}, e.f: {key: ''}}}")
    let domain = try #require(config.domains["a.b"])
    #expect(domain.auth == .google)
    #expect(domain.key == Secret("k"))
    #expect(try domain.url.description == "http://127.0.0.1:9/x")
    #expect(try config.domains["c.d"]?.url.description == "http://c.d")
    #expect(config.domains["e.f"]?.key == nil)
    #expect(try config.domains["api.openai.com"]?.url.description == "https://api.openai.com")
  }

  @Test(arguments: [
    "{allow: {'a.b:443': true}}", "{allow: {localhost: true}}", "{allow: {'a.b/c': true}}", "{allow: {a.b: {auth: basic}}}",
    "{allow: {a.b: {keys: x}}}", "{allow: {a.b: {origin: 'ftp://x'}}}", "{probes: {addresses: [10.0.0.0/33]}}", "{probes: {path: []}}",
    "{allow: {'http://a.b': true}}", "{deny: []}",
  ])
  func `are checked when the config is read`(text: String) throws {
    #expect(try read(text).mistakes.count == 1)
  }

  @Test func `are the only ones, and the refusal tells the line that adds another`() throws {
    let proxy = try Proxy(ProxyConfig(), origins: Origins(folder: "."))
    #expect(try proxy.domain("api.openai.com").name == "api.openai.com")
    for name in ["openai.com", "xapi.openai.com", "api.openai.com.evil.example", "127.0.0.1", "0x7f.1", "127.1"] {
      #expect { try proxy.domain(name) } throws: {
        let fault = $0 as? Fault
        return fault?.kind == .permission && fault?.message.contains("proxy: {allow: {\(name): true}}") == true
      }
    }
  }

  @Test func `keep their connections over a reload, and go to public addresses unless an origin is named`() throws {
    let origins = Origins(folder: ".")
    let first = try Proxy(try read("{allow: {a.b: {https: false}, c.d: {origin: 'http://127.0.0.1:9'}}}").config, origins: origins)
    #expect(first.usedOrigins.isEmpty)
    let (own, other) = (try first.origin(of: first.domain("a.b")), try first.origin(of: first.domain("c.d")))
    let second = try Proxy(try read("{allow: {a.b: {https: false, key: x}}}").config, origins: origins)
    #expect(try second.origin(of: second.domain("a.b")) === own)
    #expect(second.usedOrigins.map(\.host) == ["a.b"])
    let here = Address(bytes: [127, 0, 0, 1], port: 80)
    #expect(!own.admits(here) && own.admits(Address(bytes: [1, 1, 1, 1], port: 80)) && other.admits(here))
  }
}
