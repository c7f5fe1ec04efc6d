import Base
import Gateway

/// `apus translate CASE.json`: what the gateway makes of one case of the conformance corpus.
struct TranslateCommand: Command {
  static let name = "translate"
  static let summary = "Print what the gateway makes of a conformance case"
  static let usage = "CASE.json [CASE.json …]"
  static let options = "  CASE.json       a case; with several, one line of output for each\n" + commonOptions

  private let files: [String]

  init(_ arguments: inout Arguments) throws(UsageError) {
    _ = try CommonOptions(&arguments)
    files = arguments.rest()
    guard !files.isEmpty else { throw UsageError(message: "name the file of a case") }
  }

  func run() -> Int32 {
    for file in files {
      guard let text = ConfigSource(file: nil).text(of: file) else {
        Output.complain("apus translate: \(file) can't be read")
        return 1
      }
      do throws(Fault) {
        Output.print(try ConformanceCase(JSON(parsing: text)).run().description)
      } catch {
        Output.complain("apus translate: \(file): \(error.message)")
        return 1
      }
    }
    return 0
  }
}
