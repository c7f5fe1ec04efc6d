import Base

/// Tools and the choice among them on their way to a Messages upstream. Source: wire-formats §2.5, §2.8, §5.
struct AnthropicTools {
  private(set) var names = ToolNames(.messages)
  private(set) var losses: [Loss] = []
  private var tools: [(tool: Tool, name: String)] = []
  private var choice: (type: String, name: String?)?
  private var isSingle = false

  /// Whether a tool must be called.
  var isForced: Bool { choice?.type == "any" || choice?.type == "tool" }

  /// Reads tools and choice; where the model knows no forced choice, it may choose itself.
  mutating func read(_ chat: Chat, _ capabilities: Capabilities) throws(Fault) {
    names.reserve(chat.tools)
    var allowed: [String]?
    if case .allowed(let names, _) = chat.toolChoice { allowed = names }
    for tool in chat.tools where allowed?.contains(tool.name) ?? true { add(tool, chat.wire) }
    try readChoice(chat)
    if isForced, capabilities.toolChoice == .autoOnly {
      choice = ("auto", nil)
      losses.append(Loss(chat.wire.path(of: .toolChoice), .downgraded))
    }
    guard !tools.isEmpty, chat.parallelCalls == false, choice?.type != "none" else { return }
    choice = choice ?? ("auto", nil)
    isSingle = true
  }

  private mutating func add(_ tool: Tool, _ wire: ClientWire) {
    let name = names.upstream(tool.name)
    let member = tool.isFreeform && wire == .chat ? "custom.name" : wire.member(.toolName)
    if name != tool.name { losses.append(Loss(tool.path.text(member), .renamed)) }
    if tool.isFreeform {
      names.emulate(tool.name)
      losses.append(Loss(tool.path.text(), .emulated))
    }
    tools.append((tool, name))
  }

  private mutating func readChoice(_ chat: Chat) throws(Fault) {
    switch chat.toolChoice {
    case nil: return
    case .some(.none): choice = ("none", nil)
    case .auto, .allowed(_, isRequired: false): choice = ("auto", nil)
    case .required, .allowed(_, isRequired: true):
      guard !tools.isEmpty else { throw refusal("A tool must be called, but there is none that this model can call.", chat) }
      choice = ("any", nil)
    case .named(let name):
      guard tools.contains(where: { $0.tool.name == name }) else {
        throw refusal("The tool '\(name)' that must be called is not among the tools that this model can call.", chat)
      }
      choice = ("tool", names.upstream(name))
    }
    if tools.isEmpty { choice = nil }
  }

  private func refusal(_ message: String, _ chat: Chat) -> Fault {
    Fault(.invalid, message, code: "unsupported_parameter", param: chat.wire.path(of: .toolChoice))
  }

  /// Writes `tools` and `tool_choice`, where there are tools.
  func write(_ writer: inout JSONWriter) {
    guard !tools.isEmpty else { return }
    writer.key("tools")
    writer.beginArray()
    for (tool, name) in tools { write(tool, name, &writer) }
    writer.endArray()
    guard let choice else { return }
    writer.key("tool_choice")
    writer.beginObject()
    writer.member("type", choice.type)
    if let name = choice.name { writer.member("name", name) }
    if isSingle { writer.member("disable_parallel_tool_use", true) }
    writer.endObject()
  }

  private func write(_ tool: Tool, _ name: String, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", name)
    if let description = tool.description { writer.member("description", description) }
    writer.key("input_schema")
    write(schema: tool.parameters ?? [:], &writer)
    if case .function(_, let strict?) = tool.kind { writer.member("strict", strict) }
    writer.endObject()
  }

  /// The schema as it is; what the wire insists on is added where it lacks.
  private func write(schema: JSON, _ writer: inout JSONWriter) {
    guard schema["type"] == nil else { return writer.value(schema) }
    writer.beginObject()
    writer.member("type", "object")
    for (name, value) in schema.members { writer.member(name, value) }
    if schema.count == 0 { writer.member("properties", [:]) }
    writer.endObject()
  }
}
