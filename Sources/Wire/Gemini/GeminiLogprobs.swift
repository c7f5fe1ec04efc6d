import Base

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

/// The probabilities of a candidate's tokens while they come. Source: wire-formats §6.4.
struct GeminiAverage: Sendable {
  private var sum = 0.0
  private var count = 0

  mutating func add(_ tokens: [JSON]) {
    for token in tokens {
      guard let value = token["logprob"]?.double else { continue }
      sum += value
      count += 1
    }
  }

  /// The mean, nil without tokens.
  var value: Double? { count == 0 ? nil : sum / Double(count) }
}
