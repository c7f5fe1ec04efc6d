import Archive
import Base
import Gateway

/// `apus records list` and `search`: one record a line, the latest first.
struct RecordsList: RecordsAction {
  private let chosen: RecordsFilter
  private let isJSON: Bool

  init(_ chosen: RecordsFilter, isJSON: Bool) {
    self.chosen = chosen
    self.isJSON = isJSON
  }

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    guard let archive = try places.reader() else { return 0 }
    try archive.list(chosen.filter, limit: chosen.limit) { row, _ throws(Fault) in
      Output.print(isJSON ? row.json.description : Self.line(row))
      return true
    }
    return 0
  }

  private static func line(_ row: Row) -> String {
    let record = row.record
    let time = Timestamp(milliseconds: record.time).rfc3339
    let tokens = record.tokens.map { "\($0.input)+\($0.output)" } ?? "-"
    let end = record.error.isEmpty ? (record.finish.isEmpty ? "-" : record.finish) : record.error
    let upstream = record.provider.isEmpty ? "-" : record.provider + "/" + record.modelServed
    let asked = record.model.isEmpty ? record.path : record.model
    return [time, record.id, record.key, asked, upstream, String(record.status), end, tokens, "\(record.latency / 1000)ms"]
      .map(Self.harmless).joined(separator: "\t")
  }

  /// Names come from clients: what would steer a terminal is left out.
  private static func harmless(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.generalCategory.isSteering }))
  }
}

extension Unicode.GeneralCategory {
  fileprivate var isSteering: Bool { self == .control || self == .format || self == .lineSeparator || self == .paragraphSeparator }
}
