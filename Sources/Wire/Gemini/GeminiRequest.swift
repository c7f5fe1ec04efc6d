package import Base

/// Gemini requests: read into a `Chat`, written from one, or changed in place where both sides speak Gemini.
package enum GeminiRequest {
  /// Reads a client's body; the model's name and whether to stream are in the path.
  ///
  /// `.invalid` with the member's path for what can't be understood or can't travel to another wire.
  package static func decode(_ body: JSON, model: String, isStream: Bool) throws(Fault) -> Chat {
    try GeminiRequestCheck.check(body)
    var reader = GeminiRequestReader(model: model, isStream: isStream)
    if let system = body.gemini("systemInstruction") { try reader.readSystem(system) }
    if let contents = body.gemini("contents") { try reader.readContents(contents) }
    for (name, value) in body.members where !value.isNull { try reader.read(name, value) }
    try reader.checkToolChoice()
    return reader.chat
  }

  /// What the target can't do, as the client's mistake.
  static func unsupported(_ message: String, _ path: String, code: String = "unsupported_content") -> Fault {
    Fault(.invalid, message, code: code, param: path)
  }
}

/// Reads the members of a Gemini body. Source: wire-formats §3.4, §5.4.
///
/// What no other wire can take is reported here: the result only goes to other wires.
struct GeminiRequestReader {
  private(set) var chat: Chat
  private var hasLostTools = false

  init(model: String, isStream: Bool) {
    chat = Chat(wire: .gemini, model: model)
    chat.isStream = isStream
    chat.wantsUsage = true  // it has its place in every stream of this wire
  }

  mutating func readSystem(_ system: JSON) throws(Fault) {
    var message = Message(.system, [], at: SourcePath("systemInstruction"))
    for (position, part) in (system["parts"] ?? .null).elements.enumerated() {
      let path = message.path.at("parts", position)
      guard let text = part["text"]?.string else {
        throw GeminiRequest.unsupported("Only text can be a system instruction for this model.", path.text())
      }
      message.contents.append(Message.Content(.text(text), at: path))
    }
    chat.messages.append(message)
  }

  mutating func readContents(_ contents: JSON) throws(Fault) {
    var reader = GeminiContentReader()
    for (position, content) in contents.elements.enumerated() { try reader.read(content, at: SourcePath("contents", position)) }
    chat.messages += reader.messages
    chat.losses += reader.losses
  }

  /// Reads one other member.
  mutating func read(_ name: String, _ value: JSON) throws(Fault) {
    switch GeminiName.camel(name) {
    case "contents", "systemInstruction", "model": break
    case "tools": readTools(value)
    case "toolConfig": try readToolConfig(value)
    case "generationConfig": try readGeneration(value)
    case "cachedContent":
      throw GeminiRequest.unsupported(
        "This model can't use content that Google has cached; send it in full.", name, code: "unsupported_parameter")
    case "store" where value.bool == false, "safetySettings" where value.count == 0, "labels" where value.count == 0: break
    case "safetySettings", "labels": drop(GeminiName.camel(name))
    default: drop(name)
    }
  }

  private mutating func drop(_ path: String) { chat.losses.append(Loss(path, .dropped)) }

  // MARK: Tools

  private mutating func readTools(_ list: JSON) {
    for (position, tool) in list.elements.enumerated() {
      let path = SourcePath("tools", position)
      let own = tool.gemini("functionDeclarations")
      for (number, declaration) in (own ?? .null).elements.enumerated() { read(declaration, at: path.at("functionDeclarations", number)) }
      let others = tool.members.filter { GeminiName.camel($0.name) != "functionDeclarations" && !$0.value.isNull }
      guard !others.isEmpty else { continue }
      hasLostTools = true
      if own == nil { drop(path.text()) } else { for other in others { drop(path.text(other.name)) } }
    }
  }

  private mutating func read(_ declaration: JSON, at path: SourcePath) {
    var parameters = declaration.gemini("parametersJsonSchema")
    if parameters == nil, let schema = declaration["parameters"], !schema.isNull {
      parameters = SchemaConversion.jsonSchema(fromOpenAPI: schema, at: path.text("parameters"), &chat.losses)
    }
    let tool = Tool(
      declaration["name"]?.string ?? "", description: declaration["description"]?.string,
      .function(parameters: parameters, strict: nil), at: path)
    chat.tools.append(tool)
    for (name, value) in declaration.members where !value.isNull && !Self.known.contains(GeminiName.camel(name)) {
      if GeminiName.camel(name) == "behavior", ["BLOCKING", "UNSPECIFIED"].contains(value.string ?? "") { continue }
      drop(path.text(name))
    }
  }

  private static let known: Set<String> = ["name", "description", "parameters", "parametersJsonSchema"]

  private mutating func readToolConfig(_ config: JSON) throws(Fault) {
    for (name, value) in config.members where !value.isNull {
      guard GeminiName.camel(name) == "functionCallingConfig" else {
        drop("toolConfig.\(name)")
        continue
      }
      try readCalling(value, "toolConfig.functionCallingConfig")
    }
  }

  private mutating func readCalling(_ value: JSON, _ path: String) throws(Fault) {
    let names = (value.gemini("allowedFunctionNames") ?? .null).elements.compactMap(\.string)
    let mode = value["mode"]?.string?.uppercased() ?? "AUTO"
    switch mode {
    case "NONE": chat.toolChoice = ToolChoice.none
    case "ANY":
      chat.toolChoice = names.isEmpty ? .required : names.count == 1 ? .named(names[0]) : .allowed(names, isRequired: true)
    case "AUTO", "VALIDATED", "MODE_UNSPECIFIED", "":
      if mode == "VALIDATED" { chat.losses.append(Loss(path + ".mode", .downgraded)) }
      let isSaid = value["mode"]?.string != nil && mode != "MODE_UNSPECIFIED"
      chat.toolChoice = names.isEmpty ? (isSaid ? .auto : nil) : .allowed(names, isRequired: false)
    default:
      throw GeminiRequest.unsupported(
        "Invalid value for '\(path).mode': expected one of AUTO, ANY, NONE, VALIDATED, but got '\(mode.prefix(64))'.", path + ".mode",
        code: "invalid_value")
    }
    for (name, value) in value.members where !value.isNull && value.bool != false {
      if !["mode", "allowedFunctionNames"].contains(GeminiName.camel(name)) { drop("\(path).\(name)") }
    }
  }

  /// Refuses a choice that can't be met because a tool of the vendor's own can't travel, and forgets one without tools.
  /// Source: wire-formats §2.4.
  mutating func checkToolChoice() throws(Fault) {
    guard chat.tools.isEmpty else { return }
    switch chat.toolChoice {
    case .required where hasLostTools:
      throw GeminiRequest.unsupported(
        "A tool must be called, but all tools are Google's own and can't be used with this model.",
        "toolConfig.functionCallingConfig.mode", code: "unsupported_parameter")
    case .auto, ToolChoice.none?: chat.toolChoice = nil
    default: return
    }
  }

  // MARK: Settings

  private mutating func readGeneration(_ config: JSON) throws(Fault) {
    for (name, value) in config.members where !value.isNull { try readSetting(GeminiName.camel(name), value, "generationConfig.\(name)") }
    try readFormat(config)
  }

  private mutating func readSetting(_ name: String, _ value: JSON, _ path: String) throws(Fault) {
    switch name {
    case "temperature": chat.settings.temperature = value
    case "topP": chat.settings.topP = value
    case "topK": chat.settings.topK = value.geminiInt.map { JSON($0) } ?? value
    case "candidateCount": chat.settings.candidates = value.geminiInt
    case "maxOutputTokens": chat.settings.maxTokens = value.geminiInt
    case "stopSequences": chat.settings.stop = value.elements.compactMap(\.string)
    case "seed": chat.settings.seed = value
    case "presencePenalty": chat.settings.presencePenalty = value
    case "frequencyPenalty": chat.settings.frequencyPenalty = value
    case "responseLogprobs": chat.settings.logprobs = value.bool
    case "logprobs": chat.settings.topLogprobs = value
    case "thinkingConfig": readThinking(value, path)
    case "responseMimeType", "responseSchema", "responseJsonSchema": break
    case "responseModalities": try readModalities(value, path)
    default: drop(path)
    }
  }

  /// An answer without text can't be had from other wires; with it, the rest is left out. Source: wire-formats §2.4.
  private mutating func readModalities(_ value: JSON, _ path: String) throws(Fault) {
    let words = value.elements.compactMap { $0.string?.uppercased() }
    guard words.contains(where: { $0 != "TEXT" && $0 != "MODALITY_UNSPECIFIED" }) else { return }
    guard words.contains("TEXT") else {
      throw GeminiRequest.unsupported("This model answers with text only.", path, code: "unsupported_parameter")
    }
    drop(path)
  }

  private mutating func readThinking(_ value: JSON, _ path: String) {
    var thinking = Thinking(budget: value.gemini("thinkingBudget")?.geminiInt, isShown: value.gemini("includeThoughts")?.bool)
    if let word = value.gemini("thinkingLevel")?.string?.lowercased(), word != "thinking_level_unspecified" {
      thinking.effort = Thinking.Effort(rawValue: word)
      if thinking.effort == nil { drop("\(path).thinkingLevel") }
    }
    chat.thinking = thinking
  }

  private mutating func readFormat(_ config: JSON) throws(Fault) {
    let type = config.gemini("responseMimeType")?.string ?? ""
    var schema = config.gemini("responseJsonSchema")
    if schema == nil, let openAPI = config.gemini("responseSchema") {
      schema = SchemaConversion.jsonSchema(fromOpenAPI: openAPI, at: "generationConfig.responseSchema", &chat.losses)
    }
    switch type.lowercased() {
    case "", "application/json", "text/plain":
      if let schema {
        // Neither form closes its objects by itself. Source: wire-formats §5.4.
        chat.format = .schema(OutputFormat.Schema(schema: schema, isFromOpenAPI: true))
      } else if type.lowercased() == "application/json" {
        chat.format = .json
      }
    default:
      throw GeminiRequest.unsupported(
        "This model can't answer in the format '\(type.prefix(64))'.", "generationConfig.responseMimeType", code: "unsupported_parameter")
    }
  }
}
