package import Base
import Wire

/// One case of `formats/dataset-cases`, or a sequence of records there.
package struct DatasetCase {
  private let json: JSON

  /// A case.
  package init(_ json: JSON) {
    self.json = json
  }

  /// What is made of it: the record of each format with the warnings, or which records of a sequence are kept. Source: DESIGN §5.
  package func run() throws(Fault) -> JSON {
    if let sequence = json["recorded_sequence"], sequence.kind == .array { return try Self.chain(Array(sequence.elements)) }
    guard let recorded = json["recorded"], recorded.kind == .object else {
      throw Fault(.invalid, "A case has “recorded” or “recorded_sequence”.")
    }
    return Self.records(SampleReader(Self.exchange(recorded)))
  }

  private static func records(_ reader: SampleReader) -> JSON {
    if let refusal = reader.refusal { return ["invalid_reason": JSON(refusal.reason.rawValue)] }
    var warnings = reader.sample.warnings
    let formats: [(String, DatasetFormat)] = [("sharegpt", .sharegpt), ("openai", .openai), ("trl", .trl)]
    var members = formats.map { name, format in (name, record(reader.sample, format, &warnings)) }
    members.append(("warnings", .array(warnings.map(\.rawValue).sorted().map { JSON($0) })))
    return .object(members)
  }

  private static func record(_ sample: Sample, _ format: DatasetFormat, _ warnings: inout Set<Warning>) -> JSON {
    do throws(Refusal) {
      let record = try format.record(sample, FormatOptions())
      warnings.formUnion(record.warnings)
      // nil can't be: it was just written.
      return (try? JSON(parsing: record.line)) ?? .null
    } catch {
      return ["invalid_reason": JSON(error.reason.rawValue)]
    }
  }

  private static func chain(_ sequence: [JSON]) throws(Fault) -> JSON {
    var links: [String: ResponseLink] = [:]
    let items = try sequence.map { record throws(Fault) in
      var exchange = exchange(record)
      if exchange.wire == .responses {
        let link = ResponseLink(request: exchange.request, response: exchange.response)
        if let id = link.previous { exchange.history = try ResponseLink.history(id) { links[$0] } }
        if let id = link.id { links[id] = link }
      }
      let reader = SampleReader(exchange)
      return ChainSelection.Item(id: record["id"]?.string ?? "", chain: ChainHash(reader.sample), refusal: reader.refusal)
    }
    let selection = ChainSelection(items)
    var members: [(String, JSON)] = [
      ("keep", .array(selection.keep.map { JSON($0) })), ("drop", .object(selection.drop.map { ($0.id, JSON($0.reason)) })),
    ]
    if !selection.siblings.isEmpty { members.append(("siblings", .array(selection.siblings.map { .array($0.map { JSON($0) }) }))) }
    return .object(members)
  }

  // MARK: What was recorded

  private static func exchange(_ recorded: JSON) -> RecordedExchange {
    let response = recorded["response"] ?? .null
    return RecordedExchange(
      wire: wire(recorded["client_format"]?.string), request: Array((recorded["request"] ?? .null).bytes),
      status: response["status"]?.int ?? 0, response: bytes(response))
  }

  private static func wire(_ name: String?) -> ClientWire? {
    switch name {
    case "openai_chat": .chat
    case "anthropic_messages": .messages
    case "gemini_generate": .gemini
    case "openai_responses": .responses
    default: nil
    }
  }

  private static func bytes(_ response: JSON) -> [UInt8] {
    if let chunks = response["chunks_b64"], chunks.kind == .array {
      return chunks.elements.flatMap { Base64.decode($0.string ?? "") ?? [] }
    }
    if let stream = response["sse"]?.string { return Array(stream.utf8) }
    guard let body = response["body"], !body.isNull else { return [] }
    return body.string.map { Array($0.utf8) } ?? Array(body.bytes)
  }
}
