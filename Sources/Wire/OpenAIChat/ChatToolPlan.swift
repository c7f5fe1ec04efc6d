import Base

/// Which tools go up to a Chat upstream, and what is said of them. Source: wire-formats §4, §5.1.
struct ChatToolPlan {
  /// The choice that is written, if any.
  enum Choice {
    case word(String)
    case named(Tool)
    /// The official API's own list of allowed tools.
    case allowed([Tool], isRequired: Bool)
  }

  /// The tools that are written.
  private(set) var tools: [Tool]
  private(set) var choice: Choice?
  /// Whether several calls may come in one turn, where that is written.
  private(set) var parallel: Bool?

  private let isOfficial: Bool
  private let isAutoOnly: Bool

  /// Throws `unsupported_parameter` when the choice names a tool that doesn't go up, or asks for a call where there is no tool.
  init(_ chat: Chat, _ model: TargetModel, _ losses: inout [Loss]) throws(Fault) {
    tools = chat.tools
    isOfficial = model.dialect.officialOnly == .passed
    isAutoOnly = model.dialect.toolChoice == .autoOnly || model.capabilities.toolChoice == .autoOnly
    let path = chat.path(of: .toolChoice)
    if let wanted = chat.toolChoice { try choose(wanted, chat.wire, path) }
    if isAutoOnly { soften(path, &losses) }
    guard !tools.isEmpty else {
      choice = nil
      return
    }
    parallel = chat.parallelCalls
    guard isAutoOnly, let asked = parallel else { return }
    parallel = nil
    if !asked { losses.append(Loss(chat.path(of: .parallelCalls), .dropped)) }
  }

  private mutating func choose(_ wanted: ToolChoice, _ wire: ClientWire, _ path: String) throws(Fault) {
    switch wanted {
    case .none: choice = .word("none")
    case .auto: choice = .word("auto")
    case .required:
      guard !tools.isEmpty else { throw Self.unfit(path) }
      choice = .word("required")
    case .named(let name):
      guard let tool = tools.first(where: { $0.name == name }) else { throw Self.unfit(path) }
      choice = .named(tool)
    case .allowed(let names, let isRequired):
      let allowed = tools.filter { names.contains($0.name) }
      guard let first = allowed.first else { throw Self.unfit(path) }
      if isOfficial, wire != .gemini {
        choice = .allowed(allowed, isRequired: isRequired)
      } else {
        tools = allowed
        choice = isRequired && wire == .gemini && allowed.count == 1 ? .named(first) : .word(isRequired ? "required" : "auto")
      }
    }
  }

  /// What is left of the choice where `auto` is the only one that is known.
  private mutating func soften(_ path: String, _ losses: inout [Loss]) {
    guard !tools.isEmpty else { return }
    switch choice {
    case .word("none"):
      tools = []
      losses.append(Loss(path, .emulated))
    case .allowed(let allowed, let isRequired):
      tools = allowed
      choice = .word("auto")
      if isRequired { losses.append(Loss(path, .downgraded)) }
    case .word("required"), .named:
      choice = .word("auto")
      losses.append(Loss(path, .downgraded))
    case .word, nil: break
    }
  }

  private static func unfit(_ path: String) -> Fault {
    Fault(
      .invalid, "The choice of tools asks for a tool that this model can't be given.", code: "unsupported_parameter", param: path)
  }
}

extension ChatRequestEncoder {
  /// Writes the tools, the choice among them, and whether they may be called side by side.
  mutating func writeTools(_ plan: ChatToolPlan) {
    for tool in chat.tools where tool.isFreeform && !dialect.customTools { names.emulate(tool.name) }
    guard !plan.tools.isEmpty else { return }
    writer.key("tools")
    writer.beginArray()
    for tool in plan.tools { write(tool) }
    writer.endArray()
    if let choice = plan.choice { write(choice) }
    if let parallel = plan.parallel { writer.member("parallel_tool_calls", parallel) }
  }

  /// A tool's name as it goes up.
  mutating func upstreamName(_ name: String) -> String { names.upstream(name) }

  private mutating func write(_ tool: Tool) {
    let isCustom = tool.isFreeform && dialect.customTools
    let name = upstreamName(tool.name)
    if name != tool.name { losses.append(Loss(tool.path.text(chat.wire.member(.toolName)), .renamed)) }
    if tool.isFreeform, !isCustom { losses.append(Loss(tool.path.text(), .emulated)) }
    let type = isCustom ? "custom" : "function"
    writer.beginObject()
    writer.member("type", type)
    writer.key(type)
    writer.beginObject()
    writer.member("name", name)
    if let description = tool.description { writer.member("description", description) }
    switch tool.kind {
    case .freeform(let format?) where isCustom: writer.member("format", format)
    case .freeform where isCustom: break
    case .freeform:
      if let parameters = tool.parameters { writer.member("parameters", parameters) }
    case .function(let parameters, let strict):
      if let parameters { writer.member("parameters", parameters) }
      if let strict { writer.member("strict", strict) }
    }
    writer.endObject()
    writer.endObject()
  }

  private mutating func write(_ choice: ChatToolPlan.Choice) {
    writer.key("tool_choice")
    switch choice {
    case .word(let word): writer.value(word)
    case .named(let tool): reference(tool)
    case .allowed(let tools, let isRequired):
      writer.beginObject()
      writer.member("type", "allowed_tools")
      writer.key("allowed_tools")
      writer.beginObject()
      writer.member("mode", isRequired ? "required" : "auto")
      writer.key("tools")
      writer.beginArray()
      for tool in tools { reference(tool) }
      writer.endArray()
      writer.endObject()
      writer.endObject()
    }
  }

  private mutating func reference(_ tool: Tool) {
    let type = tool.isFreeform && dialect.customTools ? "custom" : "function"
    let name = upstreamName(tool.name)
    writer.beginObject()
    writer.member("type", type)
    writer.key(type)
    writer.beginObject()
    writer.member("name", name)
    writer.endObject()
    writer.endObject()
  }
}
