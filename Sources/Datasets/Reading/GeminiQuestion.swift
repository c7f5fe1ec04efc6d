import Base

/// Reads a Gemini request. Source: formats/datasets.md §9.1.
struct GeminiQuestion {
  private(set) var question = Question()

  init(_ body: JSON, _ notes: inout Notes) {
    let system = GeminiParts.member(body, "systemInstruction")
    for part in GeminiParts.parts(system?["parts"] ?? .null, "systemInstruction.parts", isModel: false, &notes) {
      question.messages.append(Spoken(.system, [part]))
    }
    if let text = system, text.kind == .string { question.messages.append(Spoken(.system, [.text(notes.text(text))])) }
    for (position, content) in (body["contents"] ?? .null).elements.enumerated() { read(content, position, &notes) }
    for (position, tool) in (body["tools"] ?? .null).elements.enumerated() { readTool(tool, position, &notes) }
  }

  private mutating func read(_ content: JSON, _ position: Int, _ notes: inout Notes) {
    let place = "contents[\(position)].parts"
    let parts = content["parts"] ?? .null
    switch content["role"]?.string {
    case "user", "function", "tool", "", nil:
      question.messages.append(Spoken(.client, GeminiParts.parts(parts, place, isModel: false, &notes)))
    case "model":
      var message = Spoken(.model, GeminiParts.parts(parts, place, isModel: true, &notes))
      message.thoughtSeparator = ""
      question.messages.append(message)
    case "system": question.messages.append(Spoken(.system, GeminiParts.parts(parts, place, isModel: false, &notes)))
    case let role: notes.refuse(.unknownRole, "contents[\(position)].role: \(Shown.word(role))")
    }
  }

  private mutating func readTool(_ tool: JSON, _ position: Int, _ notes: inout Notes) {
    for (name, value) in tool.members where !value.isNull {
      guard name == "functionDeclarations" || name == "function_declarations" else {
        if name == "computerUse" {
          notes.refuse(.unsupportedToolType, "tools[\(position)].computerUse")
        } else {
          notes.warn(.serverToolDropped)
        }
        continue
      }
      for function in value.elements {
        let own = GeminiParts.member(function, "parameters")?.present.map(ToolDefinition.lowered)
        let parameters = own ?? GeminiParts.member(function, "parametersJsonSchema")
        question.tools.append(
          ToolDefinition(name: notes.text(function["name"]), description: notes.text(function["description"]), parameters: parameters))
      }
    }
  }
}

/// Reads parts of Gemini contents, those of requests and those of replies.
enum GeminiParts {
  static func parts(_ list: JSON, _ place: String, isModel: Bool, _ notes: inout Notes) -> [SpokenPart] {
    var parts: [SpokenPart] = []
    for (position, part) in list.elements.enumerated() {
      if let part = self.part(part, "\(place)[\(position)]", isModel: isModel, &notes) { parts.append(part) }
    }
    return parts
  }

  /// A member by its camel or its snake name: the API takes both.
  static func member(_ json: JSON, _ name: String) -> JSON? {
    if let value = json[name] { return value }
    var snake = ""
    for letter in name.unicodeScalars {
      if (65...90).contains(letter.value) { snake += "_" + String(letter).lowercased() } else { snake.unicodeScalars.append(letter) }
    }
    return snake == name ? nil : json[snake]
  }

  private static func part(_ part: JSON, _ place: String, isModel: Bool, _ notes: inout Notes) -> SpokenPart? {
    if let text = part["text"], text.kind == .string {
      return part["thought"]?.bool == true ? .reasoning(notes.text(text)) : .text(notes.text(text))
    }
    if let call = member(part, "functionCall"), call.kind == .object {
      let arguments = call["args"]?.present.map { notes.cleaned($0) } ?? "{}"
      return .call(CallTurn(id: notes.text(call["id"]), name: notes.text(call["name"]), arguments: arguments))
    }
    if let result = member(part, "functionResponse"), result.kind == .object { return .result(self.result(result, place, &notes)) }
    for name in ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] where member(part, name)?.present != nil {
      notes.refuse(.serverTool, "\(place).\(name)")
      return nil
    }
    return media(part, place, isModel: isModel, &notes).map { .image($0) }
  }

  private static func result(_ result: JSON, _ place: String, _ notes: inout Notes) -> SpokenResult {
    let id = result["id"]?.string
    var content = Content(result["response"]?.present.map { notes.cleaned($0) } ?? "{}")
    for (position, part) in (result["parts"] ?? .null).elements.enumerated() {
      if let picture = media(part, "\(place).functionResponse.parts[\(position)]", isModel: false, &notes) {
        content.append(.image(picture))
      }
    }
    return SpokenResult(id: id?.isEmpty == true ? nil : id, name: notes.text(result["name"]), content: content, isByName: true)
  }

  /// Gemini's own clients send the URL-safe alphabet. Source: formats/wire-formats.md §3.4.
  private static func standard(_ base64: String) -> String { Base64.decode(base64, .urlSafe).map { Base64.encode($0) } ?? base64 }

  private static func media(_ part: JSON, _ place: String, isModel: Bool, _ notes: inout Notes) -> Picture? {
    let data = member(part, "inlineData")
    let file = member(part, "fileData")
    guard let holder = data ?? file else {
      // A part with a signature alone says nothing.
      let names = part.members.filter { !["thought", "thoughtSignature", "thought_signature"].contains($0.name) }
      if let name = names.first?.name { notes.refuse(.unsupportedMedia, "\(place): \(Shown.word(name))") }
      return nil
    }
    let type = notes.text(member(holder, "mimeType"))
    guard !isModel, type.hasPrefix("image/") || type.isEmpty && data == nil else {
      notes.refuse(.unsupportedMedia, "\(place): \(Shown.word(type))")
      return nil
    }
    if let data { return Pictures.data(Self.standard(notes.text(data["data"])), type, place, &notes) }
    return Picture(.url(notes.text(member(holder, "fileUri"))))
  }
}
