import Archive
import Base
import Gateway
import Wire

/// `apus records show ID`: one record, with what was read from it.
struct RecordsShow: RecordsAction {
  private enum Side: String { case request, response }

  private let id: String
  private let side: Side?

  init(_ arguments: inout Arguments) throws(UsageError) {
    let raw = try arguments.option("--raw")
    side = raw.flatMap(Side.init)
    if let raw, side == nil { throw UsageError(message: "--raw wants request or response, not “\(raw)”") }
    guard let id = arguments.next() else { throw UsageError(message: "show needs a record's id") }
    self.id = id
  }

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    guard let archive = try places.reader(), var row = try archive.find(id) else {
      Output.complain("apus records: there is no record \(id)")
      return 1
    }
    let bodies = try archive.bodies(id)
    guard side == nil || bodies != nil else {
      Output.complain("apus records: of \(id) only metadata was kept")
      return 1
    }
    row.record.request = bodies?.request ?? Record.Body()
    row.record.response = bodies?.response ?? Record.Body()
    switch side {
    case .request: Self.write(row.record.request)
    case .response: Self.write(row.record.response)
    case nil: Output.print(try Self.json(row, archive.turns(id), archive.review(of: id)).description)
    }
    return 0
  }

  private static func write(_ body: Record.Body) {
    Output.write(body.bytes)
    if body.isCut { Output.complain("apus records: these are the first \(body.bytes.count) bytes; of what was longer no more is kept") }
  }

  private static func json(_ row: Row, _ turns: [Turn], _ decided: (review: Review, events: [Review.Event])) -> JSON {
    let read = EntryReader(row.record)
    return .object([
      ("record", row.json), ("request", view(row.record, row.record.request)), ("response", view(row.record, row.record.response)),
      ("request_cut", JSON(row.record.request.isCut)), ("response_cut", JSON(row.record.response.isCut)),
      ("reply", read.recorded?.reply.json ?? .null), ("turns", .array(turns.map { EntryReader.json(of: $0) })),
      ("review", decided.review.json(decided.events)),
    ])
  }

  private static func view(_ record: Record, _ body: Record.Body) -> JSON { record.keeps == .full ? EntryReader.view(body) : .null }
}

extension Review {
  /// What was decided, and every decision.
  fileprivate func json(_ events: [Event]) -> JSON {
    [
      "state": JSON(state.rawValue), "score": score.map { JSON($0) } ?? .null, "tags": .array(tags.map { JSON($0) }),
      "decisions": .array(
        events.map { event in
          [
            "decision": JSON(event.batch), "field": JSON(event.field), "old": JSON(event.old), "new": JSON(event.new),
            "by": JSON(event.who),
            "time": JSON(Timestamp(milliseconds: event.time).rfc3339), "undone": JSON(event.isUndone),
          ]
        }),
    ]
  }
}
