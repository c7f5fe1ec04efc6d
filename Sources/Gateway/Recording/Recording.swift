import Archive
import HTTP

/// The bytes of an exchange on their way into its record.
final class Recording {
  let keeps: Record.Keeps
  private(set) var request = Record.Body()
  private(set) var response = Record.Body()

  init(_ keeps: Record.Keeps) {
    self.keeps = keeps
  }

  /// The request's body, as it came.
  @inline(never)
  func asked(_ headers: Headers, _ body: [UInt8]) {
    guard keeps == .full else { return }
    request = Record.Body(body, type: headers[.contentType] ?? "", coding: headers[.contentEncoding] ?? "")
  }

  /// The reply's head.
  @inline(never)
  func began(_ headers: Headers) {
    guard keeps == .full else { return }
    response.type = headers[.contentType] ?? ""
    response.coding = headers[.contentEncoding] ?? ""
  }

  /// A piece of the reply's body, as it goes to the client.
  func add(_ piece: [UInt8]) {
    guard keeps == .full, !response.isCut else { return }
    let room = Record.mostBody - response.bytes.count
    response.isCut = piece.count > room
    if response.bytes.isEmpty, !response.isCut { response.bytes = piece } else { response.bytes += piece.prefix(room) }
  }
}
