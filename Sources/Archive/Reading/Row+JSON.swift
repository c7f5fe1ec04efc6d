package import Base

extension Row {
  /// The columns as the commands and the API show them. Source: DESIGN §5, Commands.
  package var json: JSON {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    writer.member("id", record.id)
    writer.member("time", Timestamp(milliseconds: record.time).rfc3339)
    writer.member("key", record.key)
    writer.member("client_wire", record.clientWire)
    writer.member("provider", record.provider)
    writer.member("model", record.model)
    writer.member("model_served", record.modelServed)
    writer.member("status", record.status)
    writer.member("finish", Self.optional(record.finish))
    writer.member("stream", record.isStream)
    writer.member("complete", record.isComplete)
    writer.member("tokens_in", Self.optional(record.tokens?.input))
    writer.member("tokens_out", Self.optional(record.tokens?.output))
    writer.member("estimated", record.tokens?.isEstimated ?? false)
    writer.member("latency_ms", Double(record.latency) / 1000)
    writer.member("ttft_ms", record.firstByte.map { JSON(Double($0) / 1000) } ?? .null)
    writer.member("error", Self.optional(record.error))
    writeMore(&writer)
    writer.endObject()
    return writer.json()
  }

  private func writeMore(_ writer: inout JSONWriter) {
    writer.member("error_message", Self.optional(record.errorMessage))
    writer.member("endpoint", record.endpoint)
    writer.member("path", record.path)
    writer.member("tries", record.tries)
    writer.member("calls", hasCalls)
    writer.member("tools", hasTools)
    writer.member("losses", .array(record.losses.map { JSON($0) }))
    writer.member("keeps", record.keeps == .full ? "full" : "metadata")
  }

  private static func optional(_ text: String) -> JSON { text.isEmpty ? .null : JSON(text) }
  private static func optional(_ number: Int?) -> JSON { number.map { JSON($0) } ?? .null }
}
