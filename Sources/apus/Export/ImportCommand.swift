import Archive
import Base
import Datasets
import Gateway

/// `apus import FILE …`: files training data of any of our formats, or another recorder's file, in the archive.
struct ImportCommand: Command {
  static let name = "import"
  static let summary = "File training data, or another recorder's records, in the archive"
  static let usage = "FILE [FILE …] [--state new|confirmed|rejected|needs-edit]"
  static let options =
    """
      FILE            lines of JSON (or one array) of any format of `apus export`, .zst too; or a .db with the table interactions
      --state STATE   what is decided on them where they don't say; else confirmed
      --by NAME       who decides, else $USER

    """ + commonOptions

  private let source: ConfigSource
  private let files: [String]
  private let state: Review.State
  private let who: String

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    state = try RecordsFilter.state(&arguments) ?? .confirmed
    who = try arguments.option("--by") ?? Environment.all["USER"] ?? "owner"
    files = arguments.rest()
    try arguments.end()
    guard !files.isEmpty else { throw UsageError(message: "name a file") }
  }

  func run() -> Int32 {
    do throws(Fault) {
      let places = RecordPlaces(try source.load().config.record, source)
      try Archive.makeFolder(of: places.archive.exposed)
      try Leftover(spool: places.spool, archive: places.archive).settle()
      let importer = Importer(try Archive.open(places.archive.exposed, mode: .write), state: state, who: who)
      for file in files {
        if file.hasSuffix(".db") || file.hasSuffix(".sqlite") {
          try importer.read(try RecorderFile(file), file)
        } else {
          try importer.read(file)
        }
      }
      let outcome = try importer.end()
      for mistake in outcome.mistakes { Output.complain("apus import: \(mistake)") }
      Output.print("filed \(outcome.filed) records; repeated: \(outcome.repeated), not understood: \(outcome.mistakes.count)")
      return outcome.mistakes.isEmpty ? 0 : 1
    } catch {
      Output.complain("apus import: \(error.message)" + (error.detail.isEmpty ? "" : " (\(error.detail))"))
      return 1
    }
  }
}
