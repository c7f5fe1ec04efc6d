import Archive
import Base
import Datasets
import Gateway

/// `apus export --format F --out DIR`: writes recorded conversations as training data. `apus export --case CASE.json`: what is made of a case.
struct ExportCommand: Command {
  static let name = "export"
  static let summary = "Write recorded conversations as training data"
  static let usage = "--format FORMAT --out DIR [--all] [OPTIONS]"
  static let options =
    """
      --format FORMAT   \(ExportOptions.words(DatasetFormat.self))
      --out DIR         the folder that the files go to: train.jsonl, invalid.jsonl, manifest.json, README.md …
      --all             also what nobody confirmed; else only confirmed conversations, or those of --state. Pairs also of answers that nobody judged: the one
                        that the conversation went on with before the others, else the last one

      Which records: the filters of `apus records`, and
      --state new|confirmed|rejected|needs-edit, --tag WORD, --min-score N   what was decided on them
      --only-function-call      only conversations in which a tool is called
      --max-records N           write at most so many
      --refuse-warnings W,W     count records with these warnings as invalid
      --keep-prefixes           also conversations that are the beginning of others

      How they are written:
      --tools-schema auto|yes|no|derive   declared tools, else what the calls tell; as declared; none; both
      --truncate-observation N  keep so many characters of a tool's result
      --reasoning keep|drop|split         thoughts in the format's own way; not at all; as a member of their own
      --loss all|last           train every answer or the last alone
      --text-beside-calls keep|drop       text in one turn with calls (ShareGPT)
      --template NAME           refuse what this chat template can't take
      --file jsonl|json, --zstd, --shards N
      --validation SHARE        this share of the conversations apart; --seed TEXT for another choice
      --raw                     the exchange beside each reason in invalid.jsonl

      What is left out, each listed in skipped.jsonl:
      --min-turns, --max-turns, --min-chars, --max-chars, --max-tokens N
      --max-repetition SHARE, --language en,zh,…, --same-language, --drop-refusals
      --dedup none|exact|near
      --scrub none|flag|mask|drop         secrets and personal data

      --case CASE.json …        what is made of cases of the dataset corpus, a line for each

    """ + commonOptions

  private enum Work {
    case cases([String])
    case export(ExportOptions)
  }

  private let source: ConfigSource
  private let work: Work

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    if let first = try arguments.option("--case") {
      work = .cases([first] + arguments.rest())
    } else {
      let words = arguments.pairs(without: ["--out"])
      var options = try ExportOptions(&arguments)
      options.remember(words)
      work = .export(options)
    }
    try arguments.end()
  }

  func run() -> Int32 {
    do throws(Fault) {
      switch work {
      case .cases(let files): return try run(files)
      case .export(let options): return try run(options)
      }
    } catch {
      Output.complain("apus export: \(error.message)" + (error.detail.isEmpty ? "" : " (\(error.detail))"))
      return 1
    }
  }

  private func run(_ files: [String]) throws(Fault) -> Int32 {
    for file in files {
      guard let text = ConfigSource(file: nil).text(of: file) else {
        Output.complain("apus export: \(file) can't be read")
        return 1
      }
      Output.print(try DatasetCase(JSON(parsing: text)).run().description)
    }
    return 0
  }

  private func run(_ options: ExportOptions) throws(Fault) -> Int32 {
    let loaded = try source.load()
    let places = RecordPlaces(loaded.config.record, source)
    try Leftover(spool: places.spool, archive: places.archive).settle()
    guard let archive = try places.reader() else {
      Output.complain("apus export: nothing was recorded yet")
      return 1
    }
    var options = options
    options.know(loaded.knownSecrets)
    let exporter = Exporter(archive, options.plan)
    let bar = ProgressBar("exported")
    exporter.progress = { bar.show($0, of: $1) }
    let counts = try exporter.run()
    bar.end()
    report(counts, options)
    return 0
  }

  private func report(_ counts: ExportCounts, _ options: ExportOptions) {
    let invalid = counts.invalid.values.reduce(0, +)
    let skipped = counts.skipped.values.reduce(0, +)
    Output.print(
      "wrote \(counts.allWritten) of \(counts.selected) records to \(options.plan.folder); invalid: \(invalid), left out: \(skipped)")
    for (reason, count) in counts.invalid.sorted(by: { $0.key < $1.key }) { Output.print("  invalid\t\(reason)\t\(count)") }
    for (reason, count) in counts.skipped.sorted(by: { $0.key < $1.key }) { Output.print("  left out\t\(reason)\t\(count)") }
    guard counts.selected == 0 else { return }
    let hint = options.isAll ? "no record fits" : "no confirmed record fits; confirm some with `apus records confirm`, or say --all"
    Output.complain("apus export: \(hint)")
  }
}
