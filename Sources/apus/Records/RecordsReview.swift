import Archive
import Base
import Gateway

/// `apus records confirm|reject|needs-edit|reset|tag|untag|score`: decides on records, by ids or by the filters, and remembers who did.
struct RecordsReview: RecordsAction {
  static let words = ["confirm", "reject", "needs-edit", "reset", "tag", "untag", "score"]

  private let change: Review.Change
  private let ids: [String]?
  private let chosen: RecordsFilter
  private let isRehearsal: Bool
  private let who: String
  private let isJSON: Bool

  init(_ word: String, _ arguments: inout Arguments, _ chosen: RecordsFilter, isJSON: Bool) throws(UsageError) {
    isRehearsal = arguments.flag("--dry-run")
    let isAll = arguments.flag("--all")
    who = try arguments.option("--by") ?? Environment.all["USER"] ?? "owner"
    change = try Self.change(word, &arguments)
    var seen: Set<String> = []
    let ids = arguments.rest().filter { seen.insert($0).inserted }
    self.ids = ids.isEmpty ? nil : ids
    self.chosen = chosen
    self.isJSON = isJSON
    guard ids.isEmpty || chosen.isEmpty && !isAll else { throw UsageError(message: "name records or choose them by filters, not both") }
    if ids.isEmpty, chosen.isEmpty, !isAll { throw UsageError(message: "name records, choose them by filters, or say --all") }
  }

  private static func change(_ word: String, _ arguments: inout Arguments) throws(UsageError) -> Review.Change {
    switch word {
    case "confirm": return .state(.confirmed)
    case "reject": return .state(.rejected)
    case "needs-edit": return .state(.needsEdit)
    case "reset": return .state(.new)
    case "score":
      guard let text = arguments.next() else { throw UsageError(message: "score needs a number from 1 to 5, or none") }
      if text == "none" { return .score(nil) }
      guard let score = Int(text), Review.scores.contains(score) else {
        throw UsageError(message: "score wants a number from 1 to 5, or none, not “\(text)”")
      }
      return .score(score)
    default:
      guard let name = arguments.next(), !name.isEmpty, name.utf8.count <= Review.tagLimit, !name.utf8.contains(where: { $0 < 32 }) else {
        throw UsageError(message: "\(word) needs a word of at most \(Review.tagLimit) bytes")
      }
      return word == "tag" ? .tag(name) : .untag(name)
    }
  }

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    // Nothing was recorded where there is no archive; the file must not be made here.
    guard try places.hasArchive() else {
      Output.complain("apus records: nothing was recorded yet")
      return 1
    }
    let archive = try Archive.open(places.archive.exposed, mode: .write)
    let outcome = try archive.review(change, ids: ids, chosen.filter, limit: chosen.limit, who: who, isRehearsal: isRehearsal)
    if isJSON {
      let batch = outcome.batch.map { JSON($0) } ?? .null
      Output.print(JSON.object([("matched", JSON(outcome.matched)), ("changed", JSON(outcome.changed)), ("batch", batch)]).description)
    } else {
      let would = isRehearsal ? "would change" : "changed"
      Output.print("\(would) \(outcome.changed) of \(outcome.matched) records" + (outcome.batch.map { " (decision \($0))" } ?? ""))
    }
    if let ids, outcome.matched < ids.count {
      Output.complain("apus records: there are no \(ids.count - outcome.matched) of these records")
      return 1
    }
    return 0
  }
}

/// `apus records undo`: takes the last decision back.
struct RecordsUndo: RecordsAction {
  let isJSON: Bool

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    guard try places.hasArchive(),
      let outcome = try Archive.open(places.archive.exposed, mode: .write).undoReview(), let batch = outcome.batch
    else {
      Output.complain("apus records: there is no decision to take back")
      return 1
    }
    if isJSON {
      Output.print(JSON.object([("undone", JSON(batch)), ("changed", JSON(outcome.changed))]).description)
    } else {
      Output.print("took decision \(batch) back: \(outcome.changed) records")
    }
    return 0
  }
}

extension RecordPlaces {
  /// Whether there is an archive, of whatever version.
  func hasArchive() throws(Fault) -> Bool {
    do throws(Fault) {
      _ = try Archive.open(archive.exposed, mode: .read)
      return true
    } catch {
      if error.storeTrouble == .missing { return false }
      if error.storeTrouble == .older { return true }
      throw error
    }
  }
}
