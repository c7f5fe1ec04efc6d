internal import Base
package import Wire

/// Reads what a record's bytes mean: who said what in which conversation, how the reply ended, what it took.
///
/// Known wires are understood; everything else is kept as bytes.
package struct EntryReader {
  /// What was asked, in no wire's words; nil where it is no chat, or was not understood.
  package private(set) var chat: Chat?
  /// What was answered; nil where it is no chat's reply.
  package private(set) var recorded: RecordedReply?
  private var row: Row
  private let record: Record
  private var body: JSON?

  /// Reads a record; never fails, since a body may be anything.
  package init(_ record: Record) {
    self.record = record
    row = Row(record)
    judgeStatus()
    guard record.keeps == .full else { return }
    let request = Self.decoded(record.request)
    body = request.flatMap { try? JSON(parsing: $0) }  // nil is right: a body may be anything
    guard let asked = asked() else { return }
    row.record.clientWire = asked.wire.rawValue
    nameModel(asked)
    guard asked.isChat else { return }
    readRequest(asked)
    readReply(asked)
  }

  /// Bytes to which a packed body may grow; the JSON of them takes ten times as much while it is read.
  private static let mostUnpacked = 16 << 20

  static func decoded(_ body: Record.Body) -> [UInt8]? {
    if body.coding.isEmpty { return body.bytes }
    guard let decoded = ContentCoding.decode(body.bytes, coding: body.coding, limit: mostUnpacked), !decoded.isCut else { return nil }
    return decoded.bytes
  }

  /// What the exchange asked for, where that is known.
  private struct Asked {
    var wire: ClientWire
    var isChat: Bool
    var model: String?
    var isStream: Bool
  }

  static let chats: Set<String> = ["chat", "completions", "responses", "messages", "generate_content"]

  private func asked() -> Asked? {
    if record.endpoint == "proxy" {
      guard let path = VendorPath(method: record.method, path: Self.vendorPath(record.path)) else { return nil }
      let isStream = path.isStream || body?["stream"]?.bool ?? false
      return Asked(
        wire: path.wire, isChat: path.endpoint == .chat || path.endpoint == .completions, model: path.model, isStream: isStream)
    }
    guard let wire = ClientWire(rawValue: record.clientWire) else { return nil }
    return Asked(wire: wire, isChat: Self.chats.contains(record.endpoint), isStream: record.isStream)
  }

  /// A path without the domain that it begins with.
  static func vendorPath(_ path: String) -> String {
    let rest = path.dropFirst()
    return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
  }

  private mutating func nameModel(_ asked: Asked) {
    guard record.endpoint == "proxy" else { return }
    row.record.model = body?["model"]?.string ?? asked.model ?? record.model
    row.record.isStream = asked.isStream
  }

  private mutating func readRequest(_ asked: Asked) {
    guard let body = body.map({ Self.named($0, asked) }) else { return }
    chat = RecordedRequest(asked.wire, body, model: asked.model ?? record.model, isStream: asked.isStream).chat
    row.hasTools = chat?.tools.isEmpty == false
  }

  /// A body with the model's name, which every wire but Gemini's wants there, while some vendors have it in the path alone.
  private static func named(_ body: JSON, _ asked: Asked) -> JSON {
    guard asked.wire != .gemini, body.kind == .object, body["model"]?.string == nil else { return body }
    var edit = JSONEdit(body)
    edit.set("model", to: JSON(asked.model ?? "-"), in: body)
    // nil can't be: it was JSON before.
    return (try? JSON(parsing: edit.bytes())) ?? body
  }

  private mutating func readReply(_ asked: Asked) {
    guard record.status > 0, let bytes = Self.decoded(record.response) else { return }
    let recorded = RecordedReply(asked.wire, status: record.status, bytes)
    self.recorded = recorded
    let first = recorded.reply.candidates.first
    row.hasCalls = first?.parts.contains { if case .call = $0 { true } else { false } } ?? false
    row.isUnderstood = chat != nil && (recorded.reply.isComplete || first != nil)
    if row.record.finish.isEmpty { row.record.finish = first?.finish?.rawValue ?? "" }
    if row.record.modelServed.isEmpty { row.record.modelServed = recorded.reply.head.model ?? "" }
    if row.record.tokens == nil, let usage = recorded.reply.usage { row.record.tokens = Record.Tokens(usage) }
    judge(recorded)
  }

  /// An error that passed by path is no finished answer.
  private mutating func judgeStatus() {
    guard record.endpoint == "proxy", record.status >= 400 else { return }
    row.record.isComplete = false
    guard row.record.error.isEmpty else { return }
    let fault = RecordedReply(.chat, status: record.status, Self.decoded(record.response) ?? []).fault
    row.record.error = (fault?.kind ?? .broken).rawValue
    row.record.errorMessage = fault?.message ?? ""
  }

  /// A reply that passed by path is complete when its own end came, not when its connection's did.
  private mutating func judge(_ recorded: RecordedReply) {
    // Of what was too long to be kept the end is not known here; the gateway saw it.
    guard record.endpoint == "proxy", !recorded.reply.isComplete, !record.response.isCut else { return }
    row.record.isComplete = false
    guard row.record.error.isEmpty else { return }
    row.record.error = (recorded.fault?.kind ?? .broken).rawValue
    row.record.errorMessage = recorded.fault?.message ?? ""
  }

  /// The record as it is filed.
  package func entry() -> Entry {
    var entry = Entry(row)
    guard record.keeps == .full else { return entry }
    if let chat {
      let conversation = Conversation(chat, recorded?.reply)
      entry.turns = conversation.turns
      entry.firstOwn = conversation.firstOwn
    }
    let shared = record.request.coding.isEmpty ? body.map { SharedPieces.ranges(in: $0) } ?? [] : []
    entry.request = FiledBody(record.request, digest: Digest.sha256(record.request.bytes), shared: shared)
    entry.response = FiledBody(record.response, digest: Digest.sha256(record.response.bytes), shared: [])
    return entry
  }
}

extension Record.Tokens {
  /// What an upstream counted.
  package init(_ usage: Usage) {
    (input, output, cached, reasoning) = (usage.input, usage.output, usage.cacheRead, usage.reasoning)
  }
}
