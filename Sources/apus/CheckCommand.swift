import Base
import Gateway
import Upstream

/// `apus check`: reads the config and every provider file, and tells all mistakes at once.
struct CheckCommand: Command {
  static let name = "check"
  static let summary = "Check the config and the provider files"

  private let source: ConfigSource

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    try arguments.end()
  }

  func run() -> Int32 {
    do throws(Fault) {
      let mistakes = Mistakes()
      let loaded = try source.read(mistakes)
      for mistake in mistakes.sorted { Output.print(mistake.description) }
      for warning in loaded.config.warnings { Output.print("warning: \(warning)") }
      guard mistakes.all.isEmpty else { return 1 }
      let setup = try Setup(loaded.config, values: loaded.values, origins: Origins(folder: source.folder))
      try setup.checkListeners()
      return report(setup)
    } catch {
      Output.print(error.message + (error.detail.isEmpty ? "" : " (\(error.detail))"))
      return 1
    }
  }

  private func report(_ setup: Setup) -> Int32 {
    let dead = setup.router.deadTargets
    for (alias, target) in dead {
      Output.print("models: \(alias) leads to “\(target)”, which no provider has that is on; `apus providers` tells what is missing")
    }
    guard dead.isEmpty else { return 1 }
    Output.print("\(source.file ?? "no file"): fine; \(setup.router.providers.count) providers, \(setup.router.list.count) models")
    return 0
  }
}
