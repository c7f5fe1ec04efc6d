import Base
import FoundationEssentials
import HTTP
import Testing
import Wire

@testable import Gateway

/// `apus.example.yaml` against the code that reads it.
@Suite struct `The example of a config` {
  private let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  private func contents(_ path: String) throws -> String {
    try #require(ConfigSource(file: nil, environment: [:]).text(of: "\(root)/\(path)"))
  }

  private func text() throws -> String { try contents("apus.example.yaml") }

  /// Reads a config text: what it says, and the mistakes.
  private func read(_ text: String) throws -> (config: Config, mistakes: [String]) {
    let mistakes = Mistakes()
    let values = ["ALICE_KEY": "a", "DEEPSEEK_API_KEY": "d"]
    let yaml = try YAML(parsing: Array(text.utf8), name: "example").filling { values[$0] }
    let source = ConfigSource(file: "/nowhere/apus.yaml", environment: [:])
    let config = Config(Setting(yaml, file: "example"), mistakes, source: source, values: [:])
    return (config, mistakes.sorted.map(\.description))
  }

  @Test func `is read without a mistake and changes nothing`() throws {
    let (config, mistakes) = try read(text())
    #expect(mistakes == [])
    #expect(config.warnings == [])
    let plain = Config()
    #expect((config.server.listen, config.server.bodyLimit, config.hasDemo) == (plain.server.listen, plain.server.bodyLimit, true))
    #expect(
      (config.server.limits.idle, config.server.limits.head, config.server.drain) == (
        plain.server.limits.idle, plain.server.limits.head, plain.server.drain
      ))
    #expect(config.providers.isEmpty && config.keys.isEmpty)
  }

  @Test func `is read without a mistake when all of it is taken in`() throws {
    var lines: [Substring] = []
    for line in try text().split(separator: "\n", omittingEmptySubsequences: false) {
      let indent = line.prefix { $0 == " " }
      guard line.dropFirst(indent.count).hasPrefix("#| ") else {
        lines.append(line)
        continue
      }
      let taken = indent + line.dropFirst(indent.count + 3)
      // The empty list that stands before gives way.
      if let name = taken.split(separator: ":").first, lines.last == "\(name): []" { lines.removeLast() }
      lines.append(taken)
    }
    let (config, mistakes) = try read(lines.joined(separator: "\n"))
    #expect(mistakes == [])
    #expect(config.keys.map(\.name) == ["alice"])
    #expect(config.providers.map(\.name) == ["deepseek", "ollama", "edgeone", "local"])
    #expect(config.aliases.map(\.id) == ["fast"])
    #expect(config.server.tls?.certificate == "server.pem")
  }

  // What the code reads is found in its own text, so that a new member can't be forgotten.

  @Test func `names every member of the config`() throws {
    let text = try text()
    let names = try members(readIn: ["Gateway/Config"], except: ["steps"])
    #expect(names.count > 30)
    #expect(names.filter { !text.contains("\($0):") } == [])
  }

  @Test func `leaves no member of a provider file to guessing`() throws {
    let text = try contents("docs/provider-files.md")
    let names = try members(readIn: ["Wire/Provider"], except: [])
    #expect(names.count > 80)
    #expect(names.filter { !text.contains($0) } == [])
  }

  /// The names that the Swift files of these folders ask a `Fields` for, sorted.
  private func members(readIn folders: [String], except: Set<String>) throws -> [String] {
    var names: Set<String> = []
    for folder in folders {
      let path = "\(root)/Sources/\(folder)"
      for file in try FileManager.default.contentsOfDirectory(atPath: path) where file.hasSuffix(".swift") {
        let text = try contents("Sources/\(folder)/\(file)")
        for match in text.matches(of: /(?:fields|parts|named|status|probes)\["([a-z_]+)"\]|required\("([a-z_]+)"\)/) {
          if let name = match.1 ?? match.2 { names.insert(String(name)) }
        }
      }
    }
    return names.subtracting(except).sorted()
  }
}
