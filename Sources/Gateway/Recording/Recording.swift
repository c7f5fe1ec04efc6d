import Archive
import HTTP

/// The bytes of an exchange on their way into its record.
final class Recording {
  let keeps: Record.Keeps
  private let budget: RecordingBudget
  private(set) var request = Record.Body()
  private(set) var response = Record.Body()

  init(_ keeps: Record.Keeps, _ budget: RecordingBudget) {
    self.keeps = keeps
    self.budget = budget
  }

  deinit {
    budget.used -= response.bytes.count
  }

  /// The request's body, as it came.
  @inline(never)
  func asked(_ headers: Headers, _ body: [UInt8]) {
    guard keeps == .full else { return }
    request = Record.Body(kept(body), type: headers[.contentType] ?? "", coding: headers[.contentEncoding] ?? "")
    request.isCut = body.count > Record.mostBody
  }

  /// The reply's head.
  @inline(never)
  func began(_ headers: Headers) {
    guard keeps == .full else { return }
    response.type = headers[.contentType] ?? ""
    response.coding = headers[.contentEncoding] ?? ""
  }

  /// A piece of a reply's body, as it goes to the client.
  func add(_ piece: [UInt8]) {
    guard keeps == .full, !response.isCut else { return }
    let room = min(Record.mostStreamed - response.bytes.count, RecordingBudget.most - budget.used)
    guard piece.count <= room else { return response.isCut = true }
    budget.used += piece.count
    if response.bytes.isEmpty { response.bytes = piece } else { response.bytes += piece }
  }

  /// The whole body of a reply.
  func answered(_ head: Headers, _ body: [UInt8]) {
    began(head)
    guard keeps == .full else { return }
    budget.used -= response.bytes.count
    response.isCut = body.count > Record.mostBody
    response.bytes = kept(body)
    budget.used += response.bytes.count
  }

  /// As much of a body as a record holds.
  private func kept(_ body: [UInt8]) -> [UInt8] { body.count > Record.mostBody ? Array(body.prefix(Record.mostBody)) : body }
}

/// The memory of one loop's recordings under way.
final class RecordingBudget {
  /// Bytes of replies that are held for their records.
  var used = 0
  /// Beyond that, replies that pass in pieces are cut in the record.
  static let most = 128 << 20
}
