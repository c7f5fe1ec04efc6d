import Base

/// How a reply ended, in the words of Responses. Source: wire-formats §9.
struct ResponsesFinish: Sendable, Equatable {
  let reason: FinishReason

  init(_ reason: FinishReason) { self.reason = reason }

  /// Why the answer is incomplete, nil when it is complete.
  var incomplete: String? {
    switch reason {
    case .length, .contextWindow: "max_output_tokens"
    case .filter: "content_filter"
    case .stop, .stopSequence, .tool, .pause: nil
    }
  }

  /// The status of the whole, which is also the end of the last event's name.
  var status: String { incomplete == nil ? "completed" : "incomplete" }

  /// Whether an answer that has no part gets an empty text. Source: wire-formats §6.2.
  var wantsText: Bool { reason == .stop || reason == .stopSequence }
}

extension Usage {
  /// Writes the `usage` object; its details are mandatory. Source: wire-formats §8.
  func writeResponses(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("input_tokens", input)
    writer.key("input_tokens_details")
    writer.beginObject()
    writer.member("cached_tokens", cacheRead)
    writer.member("cache_write_tokens", cacheWrite + cacheWriteHour)
    writer.endObject()
    writer.member("output_tokens", output)
    writer.key("output_tokens_details")
    writer.beginObject()
    writer.member("reasoning_tokens", reasoning)
    writer.endObject()
    writer.member("total_tokens", total)
    writer.endObject()
  }
}
