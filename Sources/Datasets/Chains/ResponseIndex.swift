import Archive
import Base
import Wire

/// Finds the calls that `previous_response_id` means among all records of an archive. Source: formats/datasets.md §9.3, `missing_history`.
///
/// It keeps 8 bytes of the digest of each id; what is found is read again and compared.
struct ResponseIndex {
  private var places: [UInt64: Int] = [:]
  /// What records go on from.
  private var previous: [Int: UInt64] = [:]

  private static let pageSize = 64

  /// Knows nothing.
  init() {}

  /// Reads every record of the wire in an archive once.
  init(_ archive: Archive) throws(Fault) {
    var filter = Filter()
    filter.clientWire = ClientWire.responses.rawValue
    var page: [Int] = []
    try archive.list(filter) { _, place throws(Fault) in
      page.append(place)
      if page.count == Self.pageSize {
        try add(page, archive)
        page = []
      }
      return true
    }
    try add(page, archive)
  }

  private mutating func add(_ page: [Int], _ archive: Archive) throws(Fault) {
    for exported in try archive.exported(page, hasReviews: false) {
      guard let link = ResponseLink(exported) else { continue }
      let provider = exported.row.record.provider
      // The latest come first: of two with one id the earlier counts.
      if let id = link.id { places[Self.key(id, provider)] = exported.place }
      if let id = link.previous { previous[exported.place] = Self.key(id, provider) }
    }
  }

  /// An id means something at who gave it alone.
  private static func key(_ id: String, _ provider: String) -> UInt64 {
    Digest.sha256(Array("\(provider)\n\(id)".utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Whether a record goes on from another, so that its own turns are not all of its conversation.
  func continues(_ place: Int) -> Bool { previous[place] != nil }

  /// The record that a record goes on from.
  func before(_ place: Int) -> Int? { previous[place].flatMap { places[$0] } }

  /// What was said before a record; nil where it begins its conversation, and where something of that is missing.
  func history(of exported: ExportedRow, in archive: Archive) throws(Fault) -> [JSON]? {
    guard continues(exported.place), let id = ResponseLink(exported)?.previous else { return nil }
    let provider = exported.row.record.provider
    return try ResponseLink.history(id) { id throws(Fault) in
      guard let place = places[Self.key(id, provider)] else { return nil }
      return try archive.exported([place], hasReviews: false).first.flatMap { ResponseLink($0) }
    }
  }
}

extension ResponseLink {
  /// Of an archived record; nil where it is no whole call of the wire.
  fileprivate init?(_ exported: ExportedRow) {
    let record = exported.row.record
    guard !exported.isDamaged, record.status < 400, !record.request.isCut, !record.response.isCut,
      EntryReader.wire(of: record) == .responses, let request = EntryReader.plain(record.request),
      let response = EntryReader.plain(record.response)
    else { return nil }
    self.init(request: request, response: response)
  }
}
