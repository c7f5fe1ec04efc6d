import Base

/// The response object: what is known of the reply, and the members of the request that it repeats. Source: wire-formats §3.2, §8, §9.
struct ResponsesObject: Sendable {
  private let context: ReplyContext
  private let id: String
  /// The members of the request that are repeated, each in one line: they stand in events.
  private let echo: [(name: String, value: JSON)]

  init(_ context: ReplyContext) {
    self.context = context
    id = context.id ?? Identifier.make("resp_")
    echo = Self.echo(of: context.request)
  }

  /// How a response ended.
  enum End: Sendable {
    case none
    case finished(FinishReason)
    case failed(Fault)
  }

  func write(_ end: End, _ items: [ResponsesItem], _ usage: Usage?, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", id)
    writer.member("object", "response")
    writer.member("created_at", context.created)
    writer.member("status", Self.status(end))
    writer.key("error")
    if case .failed(let fault) = end { Self.write(fault, &writer) } else { writer.null() }
    writer.key("incomplete_details")
    if case .finished(let reason) = end, let why = Self.incomplete(reason) {
      writer.value(["reason": JSON(why)])
    } else {
      writer.null()
    }
    writer.member("model", context.model)
    writer.key("output")
    writer.beginArray()
    for item in items { item.write(&writer) }
    writer.endArray()
    writeEcho(&writer)
    writer.key("usage")
    if let usage { Self.write(usage, &writer) } else { writer.null() }
    writer.endObject()
  }

  /// The word for an end.
  static func status(_ end: End) -> String {
    switch end {
    case .none: "in_progress"
    case .failed: "failed"
    case .finished(let reason): incomplete(reason) == nil ? "completed" : "incomplete"
    }
  }

  /// Why a reply is not complete; nil for one that is.
  static func incomplete(_ reason: FinishReason) -> String? {
    switch reason {
    case .length, .contextWindow: "max_output_tokens"
    case .filter: "content_filter"
    case .stop, .stopSequence, .tool, .pause: nil
    }
  }

  private static func write(_ fault: Fault, _ writer: inout JSONWriter) {
    let isLimit = fault.kind == .rateLimited || fault.kind == .keyLimit || fault.kind == .dailyLimit || fault.kind == .muted
    writer.value(["code": JSON(isLimit ? "rate_limit_exceeded" : "server_error"), "message": JSON(fault.message)])
  }

  private static func write(_ usage: Usage, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("input_tokens", usage.input)
    let cached = JSON(usage.cacheWrite + usage.cacheWriteHour)
    writer.member("input_tokens_details", ["cached_tokens": JSON(usage.cacheRead), "cache_write_tokens": cached])
    writer.member("output_tokens", usage.output)
    writer.member("output_tokens_details", ["reasoning_tokens": JSON(usage.reasoning)])
    writer.member("total_tokens", usage.total)
    writer.endObject()
  }

  /// Members that every response repeats, with what holds where the request has none.
  private static let always: [(name: String, usual: JSON)] = [("parallel_tool_calls", true), ("tool_choice", "auto"), ("tools", [])]
  /// Members that are repeated where the request has them.
  private static let asked: Set<String> = [
    "instructions", "max_output_tokens", "max_tool_calls", "metadata", "reasoning", "service_tier", "temperature", "text", "top_logprobs",
    "top_p", "truncation", "user", "safety_identifier", "prompt_cache_key",
  ]

  private static func echo(of request: JSON?) -> [(name: String, value: JSON)] {
    var echo = always.map { (name: $0.name, value: $0.usual) }
    for (name, value) in request?.members.map({ $0 }) ?? [] where !value.isNull {
      // nil can't be: what a value writes of itself is JSON.
      guard let line = try? JSON(parsing: value.description) else { continue }
      if let known = echo.firstIndex(where: { $0.name == name }) {
        echo[known].value = line
      } else if asked.contains(name) {
        echo.append((name, line))
      }
    }
    return echo
  }

  private func writeEcho(_ writer: inout JSONWriter) {
    for (name, value) in echo { writer.member(name, value) }
  }
}
