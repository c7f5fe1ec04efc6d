import Archive
import Base
import Gateway

/// `apus records …`: looks at what was recorded and decides on it, beside a running gateway or without one.
struct RecordsCommand: Command {
  static let name = "records"
  static let summary = "Look at what was recorded"
  static let usage = "list|show|search|stats|verify|confirm|reject|needs-edit|reset|tag|untag|score|undo [OPTIONS]"
  static let options =
    """
      list            one record a line, the latest first
      search TEXT     the records in which the text was said, as list shows them; quotes make a phrase
      show ID         one record: the request, the response, and the reply that was read from it
      stats           how much there is
      verify          rebuild every body and compare its digest
      confirm, reject, needs-edit, reset [ID …]   decide on records: by ids, by the filters below, or --all
      tag WORD, untag WORD, score 1-5|none [ID …]   put a word or a score on them
      undo            take the last decision back

      --json          one JSON object a line
      --limit N       at most so many records
      --since, --until T   a time (2026-11-25, 2026-11-25T08:00:00Z) or an age (2h, 7d)
      --model, --provider, --key, --endpoint, --error WORD   only records with it; * in a model for any text, * for any error
      --wire WORD     openai-chat, openai-responses, openai-completions, anthropic, gemini
      --finish WORD   stop, stop_sequence, tool, length, context_window, filter, pause; empty for records without
      --status N      200, or a class: 5xx
      --complete, --stream, --calls, --tools yes|no   finished, streamed, calling tools, offering tools
      --text TEXT     only records in which it was said
      --state new|confirmed|rejected|needs-edit, --tag WORD, --min-score N   only records on which that was decided
      --dry-run       (deciding) only count; --by NAME: who decides, else $USER
      --raw request|response   (show) the exact bytes
      --forget-dropped   (stats) begin the count of dropped records anew

    """ + commonOptions

  private let source: ConfigSource
  private let action: any RecordsAction

  init(_ arguments: inout Arguments) throws(UsageError) {
    source = try CommonOptions(&arguments).source
    let isJSON = arguments.flag("--json")
    let filter = try RecordsFilter(&arguments)
    switch arguments.next() {
    case "list": action = RecordsList(filter, isJSON: isJSON)
    case "search":
      guard let text = arguments.next() else { throw UsageError(message: "search needs a text") }
      guard filter.filter.text == nil else { throw UsageError(message: "search has its text; --text is for list") }
      action = RecordsList(filter.searching(text), isJSON: isJSON)
    case "show": action = try RecordsShow(&arguments)
    case "stats": action = RecordsStats(&arguments, isJSON: isJSON)
    case "verify": action = RecordsVerify(isJSON: isJSON)
    case "undo": action = RecordsUndo(isJSON: isJSON)
    case let word? where RecordsReview.words.contains(word): action = try RecordsReview(word, &arguments, filter, isJSON: isJSON)
    case let word?: throw UsageError(message: "“\(word)” is none of \(Self.actions)")
    case nil: throw UsageError(message: "say one of \(Self.actions)")
    }
    try arguments.end()
    guard filter.isEmpty || action is RecordsList || action is RecordsReview else {
      throw UsageError(message: "filters are for list, search and decisions; the others look at one record or at all")
    }
  }

  private static let actions =
    (["list", "show", "search", "stats", "verify"] + RecordsReview.words + ["undo"]).joined(separator: ", ")

  func run() -> Int32 {
    do throws(Fault) {
      let places = RecordPlaces(try source.load().config.record, source)
      let leftover = Leftover(spool: places.spool, archive: places.archive)
      try leftover.settle()
      return try action.run(places, leftover)
    } catch {
      Output.complain("apus records: \(error.message)" + (error.detail.isEmpty ? "" : " (\(error.detail))"))
      return 1
    }
  }
}

/// One of the things that `apus records` does.
protocol RecordsAction {
  /// The exit code.
  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32
}

extension RecordPlaces {
  /// The archive for reading; nil where nothing was recorded yet.
  func reader() throws(Fault) -> Archive? {
    do throws(Fault) {
      return try Archive.open(archive.exposed, mode: .read)
    } catch {
      if error.storeTrouble == .missing { return nil }
      throw error
    }
  }
}
