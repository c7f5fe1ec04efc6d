import Base

/// Reads contents and calls of Chat messages, those of requests and those of replies.
enum ChatParts {
  /// The parts of a message of the model.
  static func model(_ message: JSON, _ place: String, isReply: Bool, _ notes: inout Notes) -> [SpokenPart] {
    var parts: [SpokenPart] = []
    let thought = [message["reasoning_content"], message["reasoning"]].lazy.compactMap { $0 }.first { $0.string?.isEmpty == false }
    if let thought { parts.append(.reasoning(notes.text(thought))) }
    parts += self.parts(message["content"], "\(place).content", isModel: true, &notes)
    if let refusal = message["refusal"], refusal.string?.isEmpty == false {
      if isReply { notes.refuse(.refusal, "\(place).refusal") } else { parts.append(.text(notes.text(refusal))) }
    }
    if message["audio"]?.present != nil { notes.refuse(.unsupportedMedia, "\(place).audio") }
    if message["images"]?.present.map({ $0.count > 0 }) == true { notes.refuse(.unsupportedMedia, "\(place).images") }
    for (position, call) in (message["tool_calls"] ?? .null).elements.enumerated() {
      parts.append(.call(self.call(call, "\(place).tool_calls[\(position)]", &notes)))
    }
    if let legacy = message["function_call"], legacy.kind == .object {
      notes.warn(.legacyFunctions)
      parts.append(.call(call(["function": legacy], "\(place).function_call", &notes)))
    }
    return parts
  }

  static func call(_ call: JSON, _ place: String, _ notes: inout Notes) -> CallTurn {
    if let type = call["type"]?.string, type != "function", !type.isEmpty {
      notes.refuse(.unsupportedToolType, "\(place): \(Shown.word(type))")
    }
    let function = call["function"] ?? call
    return CallTurn(id: notes.text(call["id"]), name: notes.text(function["name"]), arguments: arguments(function["arguments"], &notes))
  }

  /// The text as it came; of an object its compact text.
  static func arguments(_ arguments: JSON?, _ notes: inout Notes) -> String {
    guard let arguments, !arguments.isNull else { return "" }
    return arguments.kind == .string ? notes.text(arguments) : notes.cleaned(arguments)
  }

  static func parts(_ content: JSON?, _ place: String, isModel: Bool, _ notes: inout Notes) -> [SpokenPart] {
    guard let content, !content.isNull else { return [] }
    if content.kind == .string { return [.text(notes.text(content))] }
    var parts: [SpokenPart] = []
    for (position, part) in content.elements.enumerated() {
      let place = "\(place)[\(position)]"
      switch part["type"]?.string {
      case "text", "input_text", "output_text", nil: parts.append(.text(notes.text(part.kind == .string ? part : part["text"])))
      case "refusal" where isModel: parts.append(.text(notes.text(part["refusal"])))
      case "thinking", "reasoning": parts.append(.reasoning(thinking(part, &notes)))
      case "image_url", "input_image":
        guard !isModel else {
          notes.refuse(.unsupportedMedia, "\(place): an image of the model")
          continue
        }
        if let image = Pictures.chat(part, place, &notes) { parts.append(.image(image)) }
      case let type: notes.refuse(.unsupportedMedia, "\(place): \(Shown.word(type))")
      }
    }
    return parts
  }

  /// A thought as a part, whose text is a string or a list of texts.
  private static func thinking(_ part: JSON, _ notes: inout Notes) -> String {
    let value = part["thinking"] ?? part["text"]
    if value?.kind == .array { return (value ?? .null).elements.map { notes.text($0["text"]) }.joined() }
    return notes.text(value)
  }
}

/// Reads images of all wires; what can't be one is refused.
enum Pictures {
  /// A part `image_url` or `input_image`.
  static func chat(_ part: JSON, _ place: String, _ notes: inout Notes) -> Picture? {
    if let id = part["file_id"]?.string, !id.isEmpty { return Picture(.kept(id)) }
    let url = part["image_url"]
    return address(notes.text(url?["url"] ?? url), place, &notes)
  }

  /// A `data:` URL's bytes, or another address.
  static func address(_ url: String, _ place: String, _ notes: inout Notes) -> Picture? {
    guard url.prefix(5).lowercased() == "data:" else {
      if url.isEmpty { notes.refuse(.unsupportedMedia, "\(place): an image without an address") }
      return url.isEmpty ? nil : Picture(.url(url))
    }
    let rest = url.dropFirst(5)
    guard let comma = rest.firstIndex(of: ","), rest[..<comma].lowercased().hasSuffix(";base64") else {
      notes.refuse(.unsupportedMedia, "\(place): a data URL that is not base64")
      return nil
    }
    let type = String(rest[..<comma].prefix { $0 != ";" })
    return data(String(rest[rest.index(after: comma)...]), type, place, &notes)
  }

  static func data(_ base64: String, _ type: String, _ place: String, _ notes: inout Notes) -> Picture? {
    let picture = Picture(base64: base64, type: type)
    if picture == nil { notes.refuse(.unsupportedMedia, "\(place): not a png, jpg, webp or gif: \(Shown.word(type))") }
    return picture
  }
}

extension Content {
  /// The texts and images of parts, joined by line ends.
  init(_ parts: [SpokenPart]) {
    self.init()
    for part in parts {
      switch part {
      case .text(let text): append(.text(text))
      case .image(let picture): append(.image(picture))
      case .reasoning, .call, .result, .boundary: break
      }
    }
  }
}
