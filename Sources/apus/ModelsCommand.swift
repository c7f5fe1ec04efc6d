import Base
import Gateway
import Upstream
import Wire

/// `apus models`: lists the models that clients can ask for, one on a line, with who answers.
struct ModelsCommand: Command {
  static let name = "models"
  static let summary = "List the models, one on a line"

  private let source: ConfigSource

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    try arguments.end()
  }

  func run() -> Int32 {
    source.withSetup { setup in
      for model in setup.router.list { Output.print("\(model.id)\t\(model.owner)\t\(model.kind.rawValue)") }
      return 0
    }
  }
}

extension ConfigSource {
  /// Calls `body` with what the config amounts to; tells what is wrong otherwise.
  func withSetup(_ body: (Setup) -> Int32) -> Int32 {
    do throws(Fault) {
      let loaded = try load()
      let sessions = SessionStore(folder: dataFolder + "/sessions")
      return body(try Setup(loaded.config, values: loaded.values, origins: Origins(folder: folder), sessions: sessions))
    } catch {
      Output.complain(error.message)
      return 1
    }
  }
}
