import Base
import Datasets
import Gateway

/// `apus export --case CASE.json`: what training data is made of a case.
struct ExportCommand: Command {
  static let name = "export"
  static let summary = "Write recorded conversations as training data"
  static let usage = "--case CASE.json [CASE.json …]"
  static let options = "  --case CASE.json   a case of the dataset corpus; with several, one line of output for each\n" + commonOptions

  private let files: [String]

  init(_ arguments: inout Arguments) throws(UsageError) {
    _ = try CommonOptions(&arguments)
    guard let first = try arguments.option("--case") else { throw UsageError(message: "name the file of a case") }
    files = [first] + arguments.rest()
    try arguments.end()
  }

  func run() -> Int32 {
    for file in files {
      guard let text = ConfigSource(file: nil).text(of: file) else {
        Output.complain("apus export: \(file) can't be read")
        return 1
      }
      do throws(Fault) {
        Output.print(try DatasetCase(JSON(parsing: text)).run().description)
      } catch {
        Output.complain("apus export: \(file): \(error.message)")
        return 1
      }
    }
    return 0
  }
}
