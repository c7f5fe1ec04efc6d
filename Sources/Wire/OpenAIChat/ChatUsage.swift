import Base

extension Usage {
  /// Reads the `usage` of a Chat reply, of the dialects too; nil when it is none. Source: wire-formats §8.
  init?(chat json: JSON?) {
    guard let json, json.kind == .object, json.count > 0 else { return nil }
    self.init(
      input: json.count("prompt_tokens") ?? json.count("input_tokens") ?? 0,
      output: json.count("completion_tokens") ?? json.count("output_tokens") ?? 0)
    if input == 0, output == 0 { input = json.count("total_tokens") ?? 0 }  // rerank tells nothing else
    let details = json["prompt_tokens_details"]
    cacheRead = details?.count("cached_tokens") ?? json.count("cached_tokens") ?? json.count("prompt_cache_hit_tokens") ?? 0
    cacheWrite = details?.count("cache_write_tokens") ?? 0
    inputAudio = details?.count("audio_tokens") ?? 0
    inputImage = details?.count("image_tokens") ?? 0
    let produced = json["completion_tokens_details"]
    reasoning = produced?.count("reasoning_tokens") ?? json.count("reasoning_tokens") ?? 0
    outputAudio = produced?.count("audio_tokens") ?? 0
    outputImage = produced?.count("image_tokens") ?? 0
    guard reasoning > output else { return }
    output = output.addingReportingOverflow(reasoning).overflow ? .max : output + reasoning  // some dialects count it apart
  }

  /// Writes Chat's `usage` object; counters of details that are 0 are left out.
  func writeChat(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("prompt_tokens", input)
    writer.member("completion_tokens", output)
    writer.member("total_tokens", total)
    Self.write(
      "prompt_tokens_details",
      [
        ("cached_tokens", cacheRead), ("cache_write_tokens", cacheWrite + cacheWriteHour), ("audio_tokens", inputAudio),
        ("image_tokens", inputImage),
      ], &writer)
    Self.write(
      "completion_tokens_details",
      [
        ("reasoning_tokens", reasoning), ("audio_tokens", outputAudio), ("image_tokens", outputImage),
      ], &writer)
    writer.endObject()
  }

  private static func write(_ name: String, _ counters: [(String, Int)], _ writer: inout JSONWriter) {
    guard counters.contains(where: { $0.1 > 0 }) else { return }
    writer.key(name)
    writer.beginObject()
    for (name, count) in counters where count > 0 { writer.member(name, count) }
    writer.endObject()
  }
}

extension FinishReason {
  /// The meaning of Chat's word, nil for words that mean that the upstream gave up. Source: wire-formats §9.
  init?(chat word: String) {
    switch word {
    case "stop": self = .stop
    case "length", "max_tokens": self = .length
    case "tool_calls", "function_call": self = .tool
    case "content_filter", "sensitive": self = .filter
    case "model_context_window_exceeded": self = .contextWindow
    default: return nil
    }
  }

  /// Chat's word for it.
  var chat: String {
    switch self {
    case .stop, .stopSequence, .pause: "stop"
    case .tool: "tool_calls"
    case .length, .contextWindow: "length"
    case .filter: "content_filter"
    }
  }

  /// What Chat cannot say of it.
  func chatLoss(sequence: String?) -> Loss? {
    switch self {
    case .pause: Loss("stop_reason", .downgraded)
    case .stopSequence where sequence != nil: Loss("stop_sequence", .dropped)
    default: nil
    }
  }
}

extension JSON {
  /// A member that counts something: nil when it is missing or no whole number, 0 when it is negative.
  fileprivate func count(_ name: String) -> Int? { self[name]?.int.map { max(0, $0) } }
}
