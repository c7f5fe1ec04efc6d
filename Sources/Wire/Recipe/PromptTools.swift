import Base

/// Tool calls through words of the prompt, for sites without tools: `tools: prompt` of a provider file.
///
/// The model is told the tools and to answer a call with nothing but
///
///     <tool_calls>
///     [{"name": "get_weather", "arguments": {"city": "Paris"}}]
///     </tool_calls>
///
/// What fits this exactly, with known names and arguments that are objects, becomes calls; everything else stays text.
package enum PromptTools {
  static let opening = "<tool_calls>"
  static let closing = "</tool_calls>"

  /// What the model is told; nil when there is nothing to call.
  static func instructions(_ chat: Chat) -> String? {
    guard !chat.tools.isEmpty, chat.toolChoice != ToolChoice.none else { return nil }
    var lines = ["You can call these tools, given as JSON, one a line:"]
    for tool in chat.tools {
      var members: [(String, JSON)] = [("name", JSON(tool.name))]
      if let text = tool.description { members.append(("description", JSON(text))) }
      if let schema = tool.parameters { members.append(("parameters", schema)) }
      lines.append(String(decoding: JSON.object(members).bytes, as: UTF8.self))
    }
    lines += ["To call tools, answer with nothing but this, and stop:", opening]
    lines += [#"[{"name": "NAME", "arguments": {"PARAMETER": "value"}}]"#, closing]
    switch chat.toolChoice {
    case .required?, .allowed(_, isRequired: true)?: lines.append("You must call a tool.")
    case .named(let name)?: lines.append("You must call the tool \(name).")
    default: lines.append("Results come as <tool_result> in later messages. Answer in plain text when you need no tool.")
    }
    return lines.joined(separator: "\n")
  }

  /// A call of an earlier turn, as the model is told to write it.
  static func text(of call: ToolCall) -> String {
    // nil is right: arguments that are no JSON are told as the text that they are
    let arguments = (try? JSON(parsing: call.arguments)) ?? JSON(call.arguments)
    let form = JSON.array([.object([("name", JSON(call.name)), ("arguments", arguments)])])
    return opening + "\n" + String(decoding: form.bytes, as: UTF8.self) + "\n" + closing
  }

  /// A result of an earlier call.
  static func text(of result: ToolResult) -> String {
    let name = result.name.map { " name=\"\($0)\"" } ?? ""
    return "<tool_result\(name) id=\"\(result.id)\">\n\(result.isError ? Emulation.error(result.text) : result.text)\n</tool_result>"
  }

  /// The calls in a text that is nothing else; nil for any other text.
  static func calls(in text: String, names: Set<String>) -> [(name: String, arguments: String)]? {
    let inner = text.drop { $0.isWhitespace }
    guard inner.hasPrefix(opening), let end = inner.firstRange(of: closing) else { return nil }
    guard inner[end.upperBound...].allSatisfy(\.isWhitespace) else { return nil }
    let form = inner[..<end.lowerBound].dropFirst(opening.count)
    // nil is right: what is no JSON is text
    guard let json = try? JSON(parsing: Array(form.utf8)), json.kind == .array, json.count > 0 else { return nil }
    var calls: [(name: String, arguments: String)] = []
    for element in json.elements {
      guard let name = element["name"]?.string, names.contains(name), let arguments = element["arguments"], arguments.kind == .object,
        element.count == 2
      else { return nil }
      calls.append((name, String(decoding: arguments.bytes, as: UTF8.self)))
    }
    return calls
  }
}

/// Turns a text part that is a call in words into calls. A text that can't be one any more passes at once.
package struct PromptToolReader: Sendable {
  private let names: Set<String>
  private var held: (place: Place, text: String)?
  private var shift = 0
  private var hasCalls = false
  private let source: RecipeSource

  /// `tools`: the names that may be called; none turns it off.
  package init(_ tools: [String], source: RecipeSource = RecipeSource()) {
    names = Set(tools)
    self.source = source
  }

  package mutating func rewrite(_ events: [Event]) -> [Event] {
    guard !names.isEmpty else { return events }
    var out: [Event] = []
    for event in events { take(event, &out) }
    return out
  }

  private mutating func take(_ event: Event, _ out: inout [Event]) {
    switch event {
    case .open(let place, .text(let text, let citations)) where citations.isEmpty && held == nil:
      held = (place, text)
      settle(&out)
    case .delta(let place, let text) where held?.place == place:
      held?.text += text
      settle(&out)
    case .close(let place) where held?.place == place: close(&out)
    case .open(let place, let part): out.append(.open(moved(place), part))
    case .delta(let place, let text): out.append(.delta(moved(place), text))
    case .signature(let place, let signature): out.append(.signature(moved(place), signature))
    case .citation(let place, let citation):
      if held?.place == place { release(&out) }
      out.append(.citation(moved(place), citation))
    case .close(let place): out.append(.close(moved(place)))
    case .finish(let candidate, let reason, let sequence):
      if held != nil { close(&out) }
      out.append(.finish(candidate: candidate, hasCalls && reason == .stop ? .tool : reason, sequence: sequence))
    default: out.append(event)
    }
  }

  private func moved(_ place: Place) -> Place { Place(place.candidate, place.part + shift) }

  /// Lets the text go when it can't be a call any more.
  private mutating func settle(_ out: inout [Event]) {
    guard let held else { return }
    let text = held.text.drop { $0.isWhitespace }
    let isPossible = text.hasPrefix(PromptTools.opening) || PromptTools.opening.hasPrefix(text)
    if !isPossible || held.text.utf8.count > 1 << 20 { release(&out) }
  }

  private mutating func release(_ out: inout [Event]) {
    guard let held else { return }
    self.held = nil
    out.append(.open(moved(held.place), .text("")))
    if !held.text.isEmpty { out.append(.delta(moved(held.place), held.text)) }
  }

  private mutating func close(_ out: inout [Event]) {
    guard let held else { return }
    guard let calls = PromptTools.calls(in: held.text, names: names) else {
      release(&out)
      return out.append(.close(moved(held.place)))
    }
    self.held = nil
    hasCalls = true
    for (number, call) in calls.enumerated() {
      let place = Place(held.place.candidate, held.place.part + shift + number)
      out.append(.open(place, .call(ToolCall(id: "call_" + Generator.hex(24, source), name: call.name))))
      out.append(.delta(place, call.arguments))
      out.append(.close(place))
    }
    shift += calls.count - 1
  }
}
