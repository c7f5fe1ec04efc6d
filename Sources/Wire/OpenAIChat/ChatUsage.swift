import Base

extension Usage {
  /// Reads the `usage` of a Chat reply, of the dialects too; nil when it is none. Source: wire-formats §8.
  init?(chat json: JSON?) {
    guard let json, json.kind == .object else { return nil }
    self.init(chat: json.source.span, in: json.range)
  }

  /// Reads the `usage` object that is a part of a text, without a tape; nil when it is none.
  init?(chat text: Span<UInt8>, in part: Range<Int>) {
    var counts = ChatCounts()
    guard JSONScan.members(text, in: part, { counts.read(text, $0, $1) }), !counts.isEmpty else { return nil }
    // Rerank tells nothing but the total.
    self.init(input: counts.input == 0 && counts.output == 0 ? counts.total : counts.input, output: counts.output)
    cacheRead = counts.cached ?? counts.looseCached
    cacheWrite = counts.cacheWrite
    inputAudio = counts.inputAudio
    inputImage = counts.inputImage
    reasoning = counts.reasoning
    outputAudio = counts.outputAudio
    outputImage = counts.outputImage
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

/// The counters of a `usage` object while it is read in one pass.
private struct ChatCounts {
  var isEmpty = true
  var input = 0
  var output = 0
  var total = 0
  var cached: Int?
  /// Where dialects put what was read from the cache.
  var looseCached = 0
  var cacheWrite = 0
  var inputAudio = 0
  var inputImage = 0
  var reasoning = 0
  var outputAudio = 0
  var outputImage = 0

  mutating func read(_ text: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) {
    isEmpty = false
    if text[value.lowerBound] == UInt8(ascii: "{") {
      if JSONScan.isEqual(text, name, "prompt_tokens_details") {
        _ = JSONScan.members(text, in: value) { readInput(text, $0, $1) }
      } else if JSONScan.isEqual(text, name, "completion_tokens_details") {
        _ = JSONScan.members(text, in: value) { readOutput(text, $0, $1) }
      }
    } else if let count = Self.count(text, value) {
      read(text, name, count)
    }
  }

  private mutating func read(_ text: Span<UInt8>, _ name: Range<Int>, _ count: Int) {
    if JSONScan.isEqual(text, name, "prompt_tokens") || JSONScan.isEqual(text, name, "input_tokens") {
      input = count
    } else if JSONScan.isEqual(text, name, "completion_tokens") || JSONScan.isEqual(text, name, "output_tokens") {
      output = count
    } else if JSONScan.isEqual(text, name, "total_tokens") {
      total = count
    } else if JSONScan.isEqual(text, name, "cached_tokens") || JSONScan.isEqual(text, name, "prompt_cache_hit_tokens") {
      looseCached = max(looseCached, count)
    } else if JSONScan.isEqual(text, name, "reasoning_tokens") {
      reasoning = max(reasoning, count)
    }
  }

  private mutating func readInput(_ text: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) {
    guard let count = Self.count(text, value) else { return }
    if JSONScan.isEqual(text, name, "cached_tokens") { cached = count }
    if JSONScan.isEqual(text, name, "cache_write_tokens") { cacheWrite = count }
    if JSONScan.isEqual(text, name, "audio_tokens") { inputAudio = count }
    if JSONScan.isEqual(text, name, "image_tokens") { inputImage = count }
  }

  private mutating func readOutput(_ text: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) {
    guard let count = Self.count(text, value) else { return }
    if JSONScan.isEqual(text, name, "reasoning_tokens") { reasoning = count }
    if JSONScan.isEqual(text, name, "audio_tokens") { outputAudio = count }
    if JSONScan.isEqual(text, name, "image_tokens") { outputImage = count }
  }

  /// A whole number; 0 for a negative one, the largest for one that doesn't fit, nil for anything else.
  private static func count(_ text: Span<UInt8>, _ value: Range<Int>) -> Int? {
    let isNegative = text[value.lowerBound] == UInt8(ascii: "-")
    let digits = value.dropFirst(isNegative ? 1 : 0)
    guard !digits.isEmpty else { return nil }
    var number = 0
    for position in digits {
      let digit = Int(text[position]) - 48
      guard 0...9 ~= digit else { return nil }
      number = number > (Int.max - 9) / 10 ? .max : number * 10 + digit
    }
    return isNegative ? 0 : number
  }
}
