import Archive
import Base
import Gateway

/// `apus records stats`: how much there is, in the archive and before it.
struct RecordsStats: RecordsAction {
  private let isJSON: Bool
  private let forgets: Bool

  init(_ arguments: inout Arguments, isJSON: Bool) {
    forgets = arguments.flag("--forget-dropped")
    self.isJSON = isJSON
  }

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    if forgets { SpoolFolder.forgetDropped(places.spool) }
    let stats = try places.reader()?.stats() ?? Archive.Stats()
    let dropped = SpoolFolder.peek(places.spool)?.dropped ?? 0
    let numbers = [
      ("exchanges", stats.exchanges), ("conversations", stats.conversations), ("spooled", try leftover.count()), ("dropped", dropped),
      ("incomplete", stats.incomplete), ("errors", stats.errors), ("messages", stats.nodes), ("bytes", stats.storedBytes),
      ("raw_bytes", stats.rawBytes),
    ]
    var members: [(String, JSON)] = numbers.map { ($0.0, JSON($0.1)) }
    for (name, time) in [("oldest", stats.oldest), ("newest", stats.newest)] {
      members.append((name, time.map { JSON(Timestamp(milliseconds: $0).rfc3339) } ?? .null))
    }
    if isJSON {
      Output.print(JSON.object(members).description)
    } else {
      for (name, value) in members { Output.print("\(name)\t\(value.string ?? (value.isNull ? "-" : value.description))") }
    }
    return 0
  }
}
