import Base

@testable import Wire

extension JSON {
  /// A value from its text; a test's own text is JSON.
  static func of(_ text: String) throws -> JSON { try JSON(parsing: text) }
}

extension Part {
  /// A part in short: `text:…`, `think:…[signature]`, `call NAME#ID:…`.
  var short: String {
    switch self {
    case .text(let text, _): return "text:\(text)"
    case .reasoning(let reasoning):
      return "think:\(reasoning.text)" + (reasoning.signature.map { "[\($0.origin.rawValue) \($0.value)]" } ?? "")
    case .refusal(let text): return "refusal:\(text)"
    case .call(let call):
      let id = call.id.hasPrefix("call_") && call.id.count == 29 ? "new" : call.id
      return "call \(call.name)#\(id):\(call.arguments)" + (call.signature.map { "[\($0.origin.rawValue) \($0.value)]" } ?? "")
    case .result(let result):
      let parts = result.parts.map(\.short).joined(separator: "+")
      return "result \(result.name ?? "")#\(result.id.count == 29 ? "new" : result.id)\(result.isError ? "!" : ""):\(parts)"
    case .media(let media):
      switch media.source {
      case .data(let data, let type): return "\(media.kind.rawValue):\(type),\(data)"
      case .url(let url, let type): return "\(media.kind.rawValue):\(type ?? "?"),\(url)"
      case .file(let id, _): return "file:\(id)"
      }
    case .opaque(_, let json): return "opaque:\(json)"
    }
  }
}

/// The frames of a stream's text.
func frames(_ text: String, size: Int = .max) throws -> [Frame] {
  var stream = EventStream()
  var frames: [Frame] = []
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    try stream.feed(rest.prefix(size), into: &frames)
    rest = rest.dropFirst(size)
  }
  try stream.end(into: &frames)
  return frames
}

/// A stream of these chunks.
func stream(_ chunks: [String]) -> String { chunks.map { "data: \($0)\n\n" }.joined() }

/// The events of a Gemini upstream's stream of these chunks.
func geminiEvents(_ chunks: [String], endMeansStop: Bool = false) throws -> [Event] {
  var decoder = GeminiStreamDecoder(endMeansStop: endMeansStop)
  var events: [Event] = []
  for frame in try frames(stream(chunks)) { events += try decoder.decode(frame) }
  return events + (try decoder.end())
}

/// The fault that a body of work ends with, nil when it ends well.
func fault(_ body: () throws -> Void) -> Fault? {
  do { try body() } catch { return error as? Fault }
  return nil
}
