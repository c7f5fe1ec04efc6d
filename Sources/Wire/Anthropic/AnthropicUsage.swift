import Base

/// The tokens that a Messages reply tells of, while it tells. Source: wire-formats §8.
///
/// Later members replace earlier ones; `input_tokens` does not hold what came from the cache or went into it.
struct AnthropicUsage: Sendable {
  private var input = 0
  private var cacheRead = 0
  private var cacheWrite = 0
  private var cacheWriteHour = 0
  private var output = 0
  private var thinking = 0
  private var isKnown = false

  /// Takes a `usage` object in.
  mutating func merge(_ json: JSON?) {
    guard let json, json.kind == .object, json.count > 0 else { return }
    isKnown = true
    input = Self.count(json["input_tokens"]) ?? input
    cacheRead = Self.count(json["cache_read_input_tokens"]) ?? cacheRead
    let minutes = Self.count(json.at("cache_creation.ephemeral_5m_input_tokens"))
    cacheWriteHour = Self.count(json.at("cache_creation.ephemeral_1h_input_tokens")) ?? cacheWriteHour
    cacheWrite = Self.count(json["cache_creation_input_tokens"]) ?? minutes.map { $0 + cacheWriteHour } ?? cacheWrite
    output = Self.count(json["output_tokens"]) ?? output
    thinking = Self.count(json.at("output_tokens_details.thinking_tokens")) ?? thinking
  }

  /// The totals so far, nil before the first.
  var total: Usage? {
    guard isKnown else { return nil }
    var usage = Usage(input: input + cacheRead + cacheWrite, output: output)
    usage.cacheRead = cacheRead
    usage.cacheWriteHour = min(cacheWriteHour, cacheWrite)
    usage.cacheWrite = cacheWrite - usage.cacheWriteHour
    usage.reasoning = min(thinking, output)
    return usage
  }

  /// A count that can be added to others.
  private static func count(_ json: JSON?) -> Int? { json?.wholeNumber.map { min(max(0, $0), 1 << 53) } }
}

extension Usage {
  /// Writes the `usage` object of Messages; what the cache did is told only where it did something.
  func writeMessages(_ writer: inout JSONWriter) {
    let written = Self.sum(cacheWrite, cacheWriteHour)
    writer.beginObject()
    writer.member("input_tokens", max(0, input - min(input, Self.sum(cacheRead, written))))
    if written > 0 { writer.member("cache_creation_input_tokens", written) }
    if cacheRead > 0 { writer.member("cache_read_input_tokens", cacheRead) }
    if cacheWriteHour > 0 {
      writer.key("cache_creation")
      writer.beginObject()
      writer.member("ephemeral_5m_input_tokens", cacheWrite)
      writer.member("ephemeral_1h_input_tokens", cacheWriteHour)
      writer.endObject()
    }
    writer.member("output_tokens", output)
    if reasoning > 0 {
      writer.key("output_tokens_details")
      writer.beginObject()
      writer.member("thinking_tokens", reasoning)
      writer.endObject()
    }
    writer.endObject()
  }

  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, isTooLarge) = one.addingReportingOverflow(other)
    return isTooLarge ? .max : sum
  }
}
