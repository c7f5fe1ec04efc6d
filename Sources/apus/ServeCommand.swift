import Base
import Gateway
import HTTP

/// `apus serve [--config FILE] [--listen HOST:PORT] [--data DIR]`: runs the gateway until a signal ends it.
struct ServeCommand: Command {
  static let name = "serve"
  static let summary = "Run the gateway"
  static let usage = "[--config FILE] [--listen HOST:PORT] [--data DIR]"
  static let options = commonOptions + "\n  --listen ADDR   listen on this address instead of server.listen; port 0 takes a free one"

  private let source: ConfigSource

  init(_ arguments: inout Arguments) throws(UsageError) {
    let common = try CommonOptions(&arguments)
    let listen = try arguments.option("--listen")
    try arguments.end()
    if let listen {
      do throws(Fault) {
        _ = try Address(parsing: listen)
      } catch {
        throw UsageError(message: error.message)
      }
    }
    source = ConfigSource(file: common.config, listen: listen, data: common.data)
  }

  func run() -> Int32 {
    do throws(Fault) {
      try App(source).run()
      return 0
    } catch {
      Log.flush()
      Output.complain("apus serve: \(error.message)" + (error.detail.isEmpty ? "" : " (\(error.detail))"))
      return error.kind == .invalid ? 2 : 1
    }
  }
}
