import Base
package import Wire

/// The demo model: answers about the request it got, the same for the same request, without any network.
package struct Demo: Sendable {
  /// Its name, which clients use.
  package static let model = "apus-demo"
  /// The provider that records name.
  package static let provider = "demo"

  private let chat: Chat
  /// The request's text, from which the reply's id is made.
  private let seed: [UInt8]

  /// The same answer for the same `seed`.
  package init(_ chat: Chat, seed: [UInt8]) {
    self.chat = chat
    self.seed = seed
  }

  /// The reply's events in order, a few words each, so that a stream shows its steps.
  package func events() -> [Event] {
    let id = "chatcmpl-" + Digest.hex(Digest.sha256(seed).prefix(12))
    var events: [Event] = [.start(ReplyHead(id: id, model: Self.model, created: Time.now.seconds)), .candidate(0)]
    append(thought, as: .reasoning(Reasoning("")), &events)
    var finish = FinishReason.stop
    if let call = toolCall {
      append(call.arguments, as: .call(ToolCall(id: "call_" + id.suffix(20), name: call.name, kind: call.kind)), &events)
      finish = .tool
    } else {
      append(answer, as: .text(""), &events)
    }
    events.append(.finish(candidate: 0, finish))
    events.append(.usage(usage(events)))
    events.append(.end)
    return events
  }

  private func append(_ text: String, as part: Part, _ events: inout [Event]) {
    let place = Place(0, events.count { if case .open = $0 { true } else { false } })
    events.append(.open(place, part))
    for piece in Self.pieces(text) { events.append(.delta(place, piece)) }
    events.append(.close(place))
  }

  /// About four words each, at least three pieces for every text of three letters or more.
  private static func pieces(_ text: String) -> [String] {
    let size = max(1, min(24, (text.count + 2) / 3))
    var pieces: [String] = []
    var rest = text[...]
    while !rest.isEmpty {
      pieces.append(String(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return pieces
  }
}

// MARK: - What it says

extension Demo {
  private var messages: [Message] { chat.messages }

  private var lastText: String { messages.last { $0.role == .user && !$0.contents.isEmpty }?.text(separator: " ") ?? "" }

  private var thought: String {
    "The request has \(messages.count) message\(messages.count == 1 ? "" : "s"). I am the demo model, so I only describe it."
  }

  private var answer: String {
    let words = lastText.split { $0.isWhitespace }.count
    let quote = String(lastText.prefix(200)).replacing("\n", with: "\n> ")
    let images = messages.flatMap(\.contents).count { if case .media(let media) = $0.part { media.kind == .image } else { false } }
    var lines = ["**Apus is running.** This is its demo model; it needs no key and no network.", ""]
    lines += ["You sent:", "", "> " + (quote.isEmpty ? "(no text)" : quote), ""]
    lines += ["| what | value |", "|---|---|", "| messages | \(messages.count) |", "| words in the last one | \(words) |"]
    if images > 0 { lines.append("| images | \(images) |") }
    lines += ["| streamed | \(chat.isStream ? "yes" : "no") |", ""]
    lines.append("Name a provider in `apus.yaml` to talk to a real model.")
    return lines.joined(separator: "\n")
  }

  /// The first tool with arguments that fit its schema, unless its result is already there or the client wants none.
  private var toolCall: ToolCall? {
    guard chat.toolChoice != ToolChoice.none, messages.last?.contents.contains(where: \.part.isResult) != true else { return nil }
    var wanted: String?
    if case .named(let name) = chat.toolChoice { wanted = name }
    guard let tool = chat.tools.first(where: { wanted == nil || $0.name == wanted }) else { return nil }
    if tool.isFreeform { return ToolCall(id: "", name: tool.name, arguments: lastText, kind: .freeform) }
    return ToolCall(id: "", name: tool.name, arguments: DemoArguments.example(of: tool.parameters ?? [:], text: lastText).description)
  }

  /// Counted, not measured: about four bytes a token.
  private func usage(_ events: [Event]) -> Usage {
    var output = 0
    for case .delta(_, let text) in events { output += text.utf8.count }
    var usage = Usage(input: max(1, messages.reduce(0) { $0 + $1.text().utf8.count } / 4), output: max(1, output / 4))
    usage.reasoning = thought.utf8.count / 4
    return usage
  }
}

/// Makes a value that fits a JSON Schema, as far as the demo needs it.
enum DemoArguments {
  static func example(of schema: JSON, text: String, depth: Int = 0) -> JSON {
    if let value = schema["const"] ?? schema["enum"]?[0] ?? schema["default"] { return value }
    guard depth < 8 else { return .null }
    if let first = schema["anyOf"]?[0] ?? schema["oneOf"]?[0] { return example(of: first, text: text, depth: depth + 1) }
    switch schema["type"]?.string ?? schema["type"]?[0]?.string ?? "object" {
    case "string": return JSON(text.isEmpty ? "example" : String(text.prefix(60)))
    case "integer", "number": return schema["minimum"] ?? 1
    case "boolean": return true
    case "array": return .array(schema["items"].map { [example(of: $0, text: text, depth: depth + 1)] } ?? [])
    case "null": return .null
    default:
      let required = Set(schema["required"]?.elements.compactMap { $0.string } ?? [])
      let members = (schema["properties"]?.members.map { $0 } ?? []).filter { required.isEmpty || required.contains($0.name) }
      return .object(members.map { ($0.name, example(of: $0.value, text: text, depth: depth + 1)) })
    }
  }
}
