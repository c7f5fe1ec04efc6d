import Base
import HTTP
import Testing
import Upstream
import Wire

@testable import Gateway

@Suite struct `The router` {
  private func router() throws -> Router {
    let files = try providers([
      ("one", ""), ("two", "models: [m, {id: big/model, aliases: [big]}, {id: hid, hidden: true}, 'pat-*']"),
      ("closed", "models: [c], models_closed: true"),
    ])
    return Router(files, aliases: try aliases("[{id: fast, to: [two/big/model, one/m]}, {id: dead, to: [nobody/x]}]"), hasDemo: true)
  }

  private func aliases(_ text: String) throws -> [AliasConfig] {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array("{models: \(text)}".utf8), name: "t", into: mistakes))
    let source = ConfigSource(file: "/nowhere", environment: [:])
    return Config(setting, mistakes, source: source, values: [:]).aliases
  }

  @Test(arguments: [
    // An alias, a bare name in the providers' order, a provider's own, names with slashes, further names, patterns, unlisted ones.
    ("fast", ["two/big/model", "one/m"]), ("m", ["one/m"]), ("two/m", ["two/m"]), ("big/model", ["two/big/model"]),
    ("big", ["two/big/model"]),
    ("two/big/model", ["two/big/model"]), ("hid", ["two/hid"]), ("two/any/thing", ["two/any/thing"]), ("apus-demo", ["demo/apus-demo"]),
    ("demo/apus-demo", ["demo/apus-demo"]), ("closed/c", ["closed/c"]),
  ])
  func `finds who may answer`(name: String, targets: [String]) throws {
    #expect(try router().route(name).targets.map(\.name) == targets)
  }

  @Test(arguments: ["", "x", "M", "one", "one/", "/m", "closed/x", "pat-1", "nobody/m", " m"])
  func `never guesses`(name: String) throws {
    #expect(throws: Fault.self) { try router().route(name) }
  }

  @Test func `lists each name once, the owner's first, the demo last`() throws {
    #expect(try router().list.map(\.id) == ["fast", "dead", "m", "big/model", "c", "apus-demo"])
    #expect(try router().deadTargets.map(\.target) == ["nobody/x"])
  }
}

@Suite struct `The keys` {
  private func head(_ fields: String, target: String = "/") -> RequestHead {
    var headers = Headers()
    for line in fields.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers.append(name: Array(parts[0].utf8), Array(parts[1].drop { $0 == " " }.utf8))
    }
    return RequestHead(method: "GET", target: target, headers: headers)
  }

  private let keys = Keys([key("alice", "sk-alice"), key("bob", "sk-bob"), key("blank", "  ")].compactMap { $0 })

  private static func key(_ name: String, _ secret: String) -> KeyConfig? {
    let mistakes = Mistakes()
    let setting = Setting.read(Array("{name: \(name), key: \"\(secret)\"}".utf8), name: "t", into: mistakes)
    return setting.flatMap { KeyConfig(Field($0, path: "", into: mistakes)) }
  }

  @Test(arguments: [
    ("authorization: Bearer sk-alice", "/", "alice"), ("Authorization: BEARER  sk-bob", "/", "bob"), ("x-api-key: sk-alice", "/", "alice"),
    ("x-goog-api-key: sk-bob", "/", "bob"), ("", "/?key=sk-alice", "alice"), ("", "/?a=1&key=sk%2dbob&b", "bob"),
    // Two credentials: the first that is one of ours.
    ("authorization: Bearer other\nx-api-key: sk-alice", "/", "alice"), ("authorization: Bearer sk-bob\nx-api-key: sk-alice", "/", "bob"),
  ])
  func `are found in every carrier`(fields: String, target: String, name: String) throws {
    #expect(try keys.authorise(head(fields, target: target)).name == name)
  }

  @Test(arguments: [
    "", "authorization: Basic sk-alice", "authorization: Bearer", "authorization: sk-alice", "authorization: Bearer sk-alic",
    "authorization: Bearer sk-alice2", "x-api-key: SK-ALICE", "x-api-key:  ", "cookie: key=sk-alice", "authorization: Bearer   ",
  ])
  func `let nobody else in`(fields: String) {
    #expect(throws: Fault.self) { try keys.authorise(head(fields)) }
  }

  @Test(arguments: [
    ("*", "any/thing", true), ("a*", "abc", true), ("a*", "ba", false), ("*c", "abc", true), ("a*c*e", "abcde", true),
    ("a*c*e", "abde", false),
    ("abc", "abc", true), ("abc", "abcd", false), ("ab*ba", "aba", false),
  ])
  func `allow models by pattern`(pattern: String, name: String, fits: Bool) {
    #expect(ModelPattern(pattern).matches(name) == fits)
  }
}
