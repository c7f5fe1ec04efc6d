import Base
import Gateway
import Upstream
import Wire

/// `apus providers`: lists the providers, one on a line: name, wire, address, and whether it is on.
struct ProvidersCommand: Command {
  static let name = "providers"
  static let summary = "List the providers, one on a line"

  private let source: ConfigSource

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    try arguments.end()
  }

  func run() -> Int32 {
    source.withSetup { setup in
      let on = setup.router.providers
      for provider in on { Output.print(line(provider.file, "on" + accounts(provider))) }
      for file in builtIn() where !on.contains(where: { $0.name == file.name }) {
        Output.print(line(file, "off: " + reason(file)))
      }
      return 0
    }
  }

  private func builtIn() -> [ProviderFile] {
    let mistakes = Mistakes()
    return ProviderCatalog.files.compactMap { ProviderFile.read($0.bytes, name: $0.name, into: mistakes) }
  }

  /// How a web app's accounts were last: `: ok, muted (540 s)`.
  private func accounts(_ provider: Provider) -> String {
    guard provider.isWeb else { return "" }
    let words = provider.keys.reports(now: Time.monotonic).map { $0.state + ($0.rest.map { " (\($0) s)" } ?? "") }
    return ": " + words.joined(separator: ", ")
  }

  private func line(_ file: ProviderFile, _ state: String) -> String {
    "\(file.name)\t\(file.recipe == nil ? file.wire.rawValue : "web")\t\((file.origin ?? file.baseURL)?.description ?? "-")\t\(state)"
  }

  private func reason(_ file: ProviderFile) -> String {
    if file.enable == .named { return "name it under providers:" }
    let variables = file.credentials.filter(\.isRequired).compactMap { $0.variables.first }
    return "set " + variables.joined(separator: ", ")
  }
}
