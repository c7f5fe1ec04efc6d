import Base

/// The response object, in the three states that a reply shows it in. What all of them have alike is made once.
///
///     {"id":…,"object":"response","created_at":7,"status":"…","error":…,"incomplete_details":…,"model":"m","output":[ … ], echo ,"usage":…}
///     ╰───────────────── head ─────────────────╯                                               ╰ items ╯  ╰ tail ╯
struct ResponsesObject: Sendable {
  private let head: [UInt8]
  private let model: [UInt8]
  private let tail: [UInt8]

  init(_ context: ReplyContext) {
    let id = context.id ?? Identifier.make("resp_")
    head = Self.members { writer in
      writer.member("id", id)
      writer.member("object", "response")
      writer.member("created_at", context.created)
    }
    model = Self.members { $0.member("model", context.model) }
    tail = Self.members { ResponsesEcho.write(context.request, &$0) }
  }

  /// Appends the object. `items` are the bytes of the items that are done.
  func write(
    status: String, error: (code: String, message: String)? = nil, incomplete: String? = nil, items: [[UInt8]] = [], usage: Usage? = nil,
    into bytes: inout [UInt8]
  ) {
    bytes.append(UInt8(ascii: "{"))
    bytes += head
    bytes += ",\"status\":\"".utf8
    bytes += status.utf8
    bytes += "\",\"error\":".utf8
    if let error { Self.write(error, &bytes) } else { bytes += "null".utf8 }
    bytes += ",\"incomplete_details\":".utf8
    bytes += (incomplete.map { "{\"reason\":\"\($0)\"}" } ?? "null").utf8
    bytes.append(UInt8(ascii: ","))
    bytes += model
    bytes += ",\"output\":[".utf8
    for (position, item) in items.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += item
    }
    bytes += "],".utf8
    bytes += tail
    bytes += ",\"usage\":".utf8
    if let usage { Self.write(usage, &bytes) } else { bytes += "null".utf8 }
    bytes.append(UInt8(ascii: "}"))
  }

  private static func write(_ error: (code: String, message: String), _ bytes: inout [UInt8]) {
    bytes += "{\"code\":\"".utf8
    bytes += error.code.utf8
    bytes += "\",\"message\":".utf8
    JSONWriter.escape(error.message, into: &bytes)
    bytes.append(UInt8(ascii: "}"))
  }

  private static func write(_ usage: Usage, _ bytes: inout [UInt8]) {
    var writer = JSONWriter()
    usage.writeResponses(&writer)
    bytes += writer.bytes
  }

  /// Members without the braces around them.
  private static func members(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    write(&writer)
    writer.endObject()
    return Array(writer.bytes.dropFirst().dropLast())
  }
}

/// The members of a request that its response repeats. Source: wire-formats §3.2.
enum ResponsesEcho {
  /// Writes what was sent, and of the members that may not be missing what holds when they were not.
  static func write(_ request: JSON?, _ writer: inout JSONWriter) {
    for (name, usual) in mandatory {
      writer.key(name)
      if let value = request?[name], !value.isNull { write(value, &writer) } else { writer.value(usual) }
    }
    for name in optional {
      guard let value = request?[name], !value.isNull else { continue }
      writer.key(name)
      write(value, &writer)
    }
  }

  /// A client may write its body on many lines; an event has one.
  private static func write(_ value: JSON, _ writer: inout JSONWriter) {
    switch value.kind {
    case .array:
      writer.beginArray()
      for element in value.elements { write(element, &writer) }
      writer.endArray()
    case .object:
      writer.beginObject()
      for (name, inner) in value.members {
        writer.key(name)
        write(inner, &writer)
      }
      writer.endObject()
    default: writer.value(value)
    }
  }

  private static let mandatory: [(name: String, usual: JSON)] = [("parallel_tool_calls", true), ("tool_choice", "auto"), ("tools", [])]
  private static let optional = [
    "instructions", "max_output_tokens", "max_tool_calls", "metadata", "prompt_cache_key", "prompt_cache_retention", "reasoning",
    "safety_identifier", "service_tier", "temperature", "text", "top_logprobs", "top_p", "truncation", "user",
  ]
}
