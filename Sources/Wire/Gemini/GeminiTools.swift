import Base

/// The tools of a chat and the choice among them on their way to a Gemini upstream. Source: wire-formats §2.5, §2.8, §5.1.
struct GeminiTools {
  var names = ToolNames(.gemini)
  private(set) var losses: [Loss] = []
  private var declarations: [JSON] = []
  private var mode: String?
  private var allowed: [String] = []

  init(_ chat: Chat, _ model: TargetModel) throws(Fault) {
    names.reserve(chat.tools)
    var sent = chat.tools
    if case .allowed(let wanted, isRequired: false) = chat.toolChoice {
      let names = Set(wanted)
      sent = sent.filter { names.contains($0.name) }
    }
    for tool in sent { declare(tool, chat.wire, model.capabilities) }
    try choose(chat)
    if chat.parallelCalls == false { losses.append(Loss(chat.wire.path(of: .parallelCalls), .dropped)) }
  }

  private mutating func declare(_ tool: Tool, _ wire: ClientWire, _ capabilities: Capabilities) {
    let name = names.upstream(tool.name)
    if name != tool.name { losses.append(Loss(tool.path.text(wire.member(.toolName)), .renamed)) }
    var members: [(String, JSON)] = [("name", JSON(name))]
    if let description = tool.description { members.append(("description", JSON(description))) }
    if tool.isFreeform {
      names.emulate(tool.name)
      losses.append(Loss(tool.path.text(), .emulated))
    }
    if let parameters = tool.parameters, !parameters.isNull {
      if capabilities.jsonSchema {
        members.append(("parametersJsonSchema", parameters))
      } else {
        let converted = SchemaConversion.openAPI(parameters)
        members.append(("parameters", converted.schema))
        if converted.isChanged { losses.append(Loss(tool.path.text(wire.member(.parameters)), .downgraded)) }
      }
    }
    declarations.append(.object(members))
  }

  private mutating func choose(_ chat: Chat) throws(Fault) {
    switch chat.toolChoice {
    case nil: break
    case ToolChoice.none?: mode = "NONE"
    case .auto: mode = "AUTO"
    case .required: mode = "ANY"
    case .named(let name): try require([name], chat)
    case .allowed(let names, let isRequired):
      if isRequired { try require(names, chat) } else { mode = "AUTO" }
    }
    guard declarations.isEmpty else { return }
    guard mode == "ANY" else { return mode = nil }
    throw refusal("A tool must be called, but there is none that this model can call.", chat)
  }

  private mutating func require(_ wanted: [String], _ chat: Chat) throws(Fault) {
    mode = "ANY"
    for name in wanted {
      guard chat.tools.contains(where: { $0.name == name }) else {
        throw refusal("The tool '\(name.prefix(64))' must be called, but it is not among the tools that this model can call.", chat)
      }
      allowed.append(names.upstream(name))
    }
  }

  private func refusal(_ message: String, _ chat: Chat) -> Fault {
    GeminiRequest.unsupported(message, chat.wire.path(of: .toolChoice), code: "unsupported_parameter")
  }

  func write(_ writer: inout JSONWriter) {
    if !declarations.isEmpty { writer.member("tools", [["functionDeclarations": .array(declarations)]]) }
    guard let mode else { return }
    var calling: [(String, JSON)] = [("mode", JSON(mode))]
    if !allowed.isEmpty { calling.append(("allowedFunctionNames", .array(allowed.map { JSON($0) }))) }
    writer.member("toolConfig", ["functionCallingConfig": .object(calling)])
  }
}
