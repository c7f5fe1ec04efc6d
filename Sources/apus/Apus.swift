import Base
import Glibc

/// The program: `apus COMMAND [OPTIONS]`.
@main
enum Apus {
  static let commands: [any Command.Type] = [
    ServeCommand.self, CheckCommand.self, ModelsCommand.self, ProviderCommand.self, ProvidersCommand.self, RecordsCommand.self,
    ExportCommand.self, ImportCommand.self,
    TranslateCommand.self,
  ]

  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  /// 0: fine, 1: a finding or failure, 2: wrong use.
  private static func run(_ words: [String]) -> Int32 {
    guard let name = words.first, !["--help", "-h", "help"].contains(name) else {
      Output.print(help)
      return words.isEmpty ? 2 : 0
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      Output.complain("apus: there is no command “\(name)”\(Suggestion.hint(for: name, among: commands.map { $0.name }))")
      return 2
    }
    var arguments = Arguments(words.dropFirst())
    if arguments.flag("--help") || arguments.flag("-h") {
      Output.print("apus \(command.name) \(command.usage)\n\n\(command.summary).\n\n\(command.options)")
      return 0
    }
    do throws(UsageError) {
      return try command.init(&arguments).run()
    } catch {
      Output.complain("apus \(name): \(error.message)\nTry: apus \(name) --help")
      return 2
    }
  }

  private static var help: String {
    let lines = commands.map { "  " + ($0.name + "            ").prefix(12) + $0.summary }
    return "Apus turns every chat model you may use into one API.\n\nUse: apus COMMAND [OPTIONS]\n\n"
      + lines.joined(separator: "\n") + "\n\nEvery command has --help."
  }
}
