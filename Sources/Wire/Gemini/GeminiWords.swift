import Base

/// What Gemini's word for the end of a candidate means.
enum GeminiFinish: Equatable {
  /// The candidate ended for a reason that other wires know.
  case reason(FinishReason)
  /// The upstream gave up.
  case abort
  /// The word says nothing.
  case none

  /// Source: wire-formats §9.
  init(_ word: String, _ words: [String: FinishReason]) {
    if let reason = words[word] {
      self = .reason(reason)
      return
    }
    switch word {
    case "", "FINISH_REASON_UNSPECIFIED": self = .none
    case "STOP": self = .reason(.stop)
    case "MAX_TOKENS": self = .reason(.length)
    case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
      "IMAGE_RECITATION":
      self = .reason(.filter)
    default: self = .abort
    }
  }

  /// The fault of an upstream that gave up before anything came.
  static func fault(_ word: String, message: String? = nil) -> Fault {
    let name = Redaction.clean(String(word.prefix(64))) ?? ""
    let more = message.flatMap { Redaction.clean(String($0.prefix(256))) }.map { ": \($0)" } ?? ""
    return Fault(.broken, "The upstream gave up with the finish reason \"\(name)\".", detail: "finishReason \(name)\(more)")
  }
}

extension FinishReason {
  /// Gemini's word for it. Source: wire-formats §9.
  var gemini: String {
    switch self {
    case .stop, .stopSequence, .tool, .pause: "STOP"
    case .length, .contextWindow: "MAX_TOKENS"
    case .filter: "SAFETY"
    }
  }
}

extension Usage {
  /// Reads `usageMetadata`; nil when it is none. Source: wire-formats §8.
  init?(gemini json: JSON?) {
    guard let json, json.kind == .object, json.count > 0 else { return nil }
    self.init()
    for (name, value) in json.members {
      let count = max(0, value.int ?? 0)
      switch name {
      case "promptTokenCount", "toolUsePromptTokenCount": input = Self.sum(input, count)
      case "candidatesTokenCount": output = Self.sum(output, count)
      case "thoughtsTokenCount":
        output = Self.sum(output, count)
        reasoning = count
      case "cachedContentTokenCount": cacheRead = count
      case "promptTokensDetails": (inputAudio, inputImage) = Self.details(value)
      case "candidatesTokensDetails": (outputAudio, outputImage) = Self.details(value)
      default: break
      }
    }
  }

  private static func sum(_ left: Int, _ right: Int) -> Int {
    let (sum, isTooLarge) = left.addingReportingOverflow(right)
    return isTooLarge ? .max : sum
  }

  private static func details(_ list: JSON) -> (audio: Int, image: Int) {
    var counts = (audio: 0, image: 0)
    for detail in list.elements {
      let count = max(0, detail["tokenCount"]?.int ?? 0)
      switch detail["modality"]?.string {
      case "AUDIO": counts.audio = count
      case "IMAGE": counts.image = count
      default: break
      }
    }
    return counts
  }

  /// Writes `usageMetadata`; counters of details that are 0 are left out.
  func writeGemini(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("promptTokenCount", input)
    writer.member("candidatesTokenCount", max(0, output - reasoning))
    writer.member("totalTokenCount", total)
    if reasoning > 0 { writer.member("thoughtsTokenCount", reasoning) }
    if cacheRead > 0 { writer.member("cachedContentTokenCount", cacheRead) }
    writer.endObject()
  }
}

/// Probabilities of tokens between Gemini's `logprobsResult` and Chat's `logprobs`, the form they have in the model.
/// Source: wire-formats §6.1, §6.4.
enum GeminiLogprobs {
  /// Chat's form; nil when there is nothing in it.
  static func chat(_ result: JSON) -> JSON? {
    let chosen = result["chosenCandidates"] ?? .null
    guard chosen.count > 0 else { return nil }
    var tops = (result["topCandidates"] ?? .null).elements
    let content = chosen.elements.map { token in
      let others = (tops.next()?["candidates"] ?? .null).elements.map { JSON.object(entry($0)) }
      return JSON.object(entry(token) + [("top_logprobs", .array(others))])
    }
    return ["content": .array(content), "refusal": nil]
  }

  private static func entry(_ token: JSON) -> [(String, JSON)] {
    [("token", token["token"] ?? ""), ("logprob", token["logProbability"] ?? 0), ("bytes", .null)]
  }

  /// The tokens in Chat's objects, in order.
  static func tokens(_ pieces: [JSON]) -> [JSON] {
    pieces.flatMap { piece in
      Array((piece["content"] ?? .null).elements) + Array((piece["refusal"] ?? .null).elements)
    }
  }

  /// Writes the member `logprobsResult`.
  static func write(_ tokens: [JSON], _ writer: inout JSONWriter) {
    writer.key("logprobsResult")
    writer.beginObject()
    writer.key("chosenCandidates")
    writer.beginArray()
    for token in tokens { write(token, &writer) }
    writer.endArray()
    if tokens.contains(where: { ($0["top_logprobs"]?.count ?? 0) > 0 }) {
      writer.key("topCandidates")
      writer.beginArray()
      for token in tokens {
        writer.beginObject()
        writer.key("candidates")
        writer.beginArray()
        for other in (token["top_logprobs"] ?? .null).elements { write(other, &writer) }
        writer.endArray()
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  private static func write(_ token: JSON, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("token", token["token"] ?? "")
    writer.member("logProbability", token["logprob"] ?? 0)
    writer.endObject()
  }
}
