package import Base

/// The form that a client's wire gives to errors.
package enum ErrorShape: Sendable {
  /// OpenAI: Chat, Responses, completions, embeddings and rerank.
  case openAI

  /// An error as an HTTP answer.
  package struct Reply: Sendable {
    /// The HTTP status.
    package var status: Int
    /// Header fields to add, beside the content type `application/json`.
    package var headers: [(name: String, value: String)]
    /// The JSON body.
    package var body: [UInt8]
  }

  /// The whole HTTP answer that a fault is.
  package func reply(_ fault: Fault) -> Reply {
    var headers: [(name: String, value: String)] = []
    if let seconds = fault.retryAfter, fault.kind != .funds { headers.append(("retry-after", String(max(0, seconds)))) }
    if fault.kind == .dailyLimit { headers.append(("x-should-retry", "false")) }
    return Reply(status: fault.kind.status, headers: headers, body: body(fault))
  }

  /// The event that ends a stream whose head is already out.
  package func frame(_ fault: Fault) -> [UInt8] {
    Array("data: ".utf8) + body(fault) + Array("\n\n".utf8)
  }

  private func body(_ fault: Fault) -> [UInt8] {
    var writer = JSONWriter(capacity: 192)
    writer.beginObject()
    writer.key("error")
    writer.beginObject()
    OpenAIErrorTable.write(fault, &writer)
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}
