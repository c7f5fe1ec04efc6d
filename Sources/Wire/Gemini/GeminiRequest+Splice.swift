package import Base

extension GeminiRequest {
  /// The client's own body for a Gemini upstream, as splices: foreign signatures, and what this model's capabilities say it refuses.
  ///
  /// Every byte that isn't concerned stays as it is. The model's name travels in the path; where the body names it too (embeddings,
  /// countTokens) it is changed. `.invalid` when no content is left. Source: wire-formats §2.1, §2.2, §2.7.
  package static func splice(_ body: JSON, for model: TargetModel) throws(Fault) -> (body: [UInt8], losses: [Loss]) {
    var edit = JSONEdit(body)
    var splice = GeminiSplice(model)
    try splice.change(body, &edit)
    return (edit.bytes(), splice.losses)
  }
}

/// The changes inside a Gemini body that stays one.
struct GeminiSplice {
  private(set) var losses: [Loss] = []
  private let model: TargetModel
  /// Whether the model's turn that is read has had a call: the official client keeps each piece of a stream as a content of its own.
  private var hasCalls = false

  init(_ model: TargetModel) {
    self.model = model
  }

  mutating func change(_ body: JSON, _ edit: inout JSONEdit) throws(Fault) {
    for (name, value) in body.members {
      switch GeminiName.camel(name) {
      case "model" where value.kind == .string: edit.replace(value, with: JSON("models/" + model.name))
      case "contents": try change(contents: value, &edit)
      case "tools" where !model.capabilities.jsonSchema: changeTools(value, &edit)
      case "generationConfig" where !model.capabilities.jsonSchema: changeFormat(value, name, &edit)
      case "generateContentRequest" where value.kind == .object: try change(value, &edit)
      case "requests":
        for request in value.elements {
          if let name = request["model"], name.kind == .string { edit.replace(name, with: JSON("models/" + model.name)) }
        }
      default: break
      }
    }
  }

  // MARK: Contents

  private mutating func change(contents: JSON, _ edit: inout JSONEdit) throws(Fault) {
    var kept: [JSON] = []
    var isChanged = false
    for (position, content) in contents.elements.enumerated() {
      guard let changed = changed(content, position) else {
        kept.append(content)
        continue
      }
      isChanged = true
      if !changed.isEmpty { kept.append(Self.replacing("parts", of: content, with: .array(changed))) }
    }
    guard isChanged else { return }
    guard !kept.isEmpty else { throw GeminiRequest.unsupported("No content is left to answer.", "contents") }
    edit.replace(contents, with: .array(kept))
  }

  private static func replacing(_ name: String, of object: JSON, with value: JSON) -> JSON {
    .object(object.members.map { ($0.name, GeminiName.camel($0.name) == name ? value : $0.value) })
  }

  /// The parts of a content as they go up; nil when they go as they came.
  private mutating func changed(_ content: JSON, _ position: Int) -> [JSON]? {
    guard let list = content["parts"], list.kind == .array else { return nil }
    var parts: [JSON] = []
    var isChanged = false
    var next: String?
    for (number, part) in list.elements.enumerated() {
      let path = "contents[\(position)].parts[\(number)]"
      switch part.gemini("thoughtSignature")?.string.flatMap(GeminiSignature.init) {
      case .foreign(let signature):
        isChanged = true
        if let own = home(part, signature, &next, path) { parts.append(own) }
        continue
      case .unknown:
        isChanged = true
        losses.append(Loss(path, .dropped))
        continue
      case .native, .sentinel, nil: break
      }
      var new = withoutID(part)
      if let signature = next, part.gemini("functionCall") != nil {
        if part.gemini("thoughtSignature") == nil { new = Self.signed(new ?? part, signature) }
        next = nil
      }
      isChanged = isChanged || new != nil
      parts.append(new ?? part)
    }
    if content["role"]?.string != "model" { hasCalls = false } else if addSentinel(&parts, position) { isChanged = true }
    return isChanged ? parts : nil
  }

  /// A thought in an envelope: Gemini's own finds its place again, others are dropped. Source: wire-formats §2.7.
  private mutating func home(_ part: JSON, _ signature: Signature, _ next: inout String?, _ path: String) -> JSON? {
    switch signature.origin {
    case .gemini: return Self.replacing("thoughtSignature", of: part, with: JSON(signature.value))
    case .geminiNext: next = signature.value
    default: losses.append(Loss(path, .dropped))
    }
    return nil
  }

  private static func signed(_ part: JSON, _ signature: String) -> JSON {
    .object(part.members.map { ($0.name, $0.value) } + [("thoughtSignature", JSON(signature))])
  }

  /// The part without the id of its call or result, nil where that may stay or is not there.
  private func withoutID(_ part: JSON) -> JSON? {
    guard !model.capabilities.functionIds else { return nil }
    for name in ["functionCall", "functionResponse"] {
      guard let value = part.gemini(name), value["id"] != nil else { continue }
      let rest = JSON.object(value.members.filter { $0.name != "id" }.map { ($0.name, $0.value) })
      return Self.replacing(name, of: part, with: rest)
    }
    return nil
  }

  /// Signs the first call of a turn without any signed call, where the model insists on it.
  private mutating func addSentinel(_ parts: inout [JSON], _ position: Int) -> Bool {
    guard model.capabilities.thoughtSignatures == .required else { return false }
    let calls = parts.indices.filter { parts[$0].gemini("functionCall") != nil }
    defer { hasCalls = hasCalls || !calls.isEmpty }
    guard !hasCalls, let first = calls.first, !calls.contains(where: { parts[$0].gemini("thoughtSignature") != nil }) else { return false }
    parts[first] = Self.signed(parts[first], GeminiSignature.sentinelWords)
    losses.append(Loss("contents[\(position)].parts[\(first)].thoughtSignature", .synthesized))
    return true
  }

  // MARK: Schemas

  private mutating func changeTools(_ list: JSON, _ edit: inout JSONEdit) {
    for (position, tool) in list.elements.enumerated() {
      for (number, declaration) in (tool.gemini("functionDeclarations") ?? .null).elements.enumerated() {
        let path = "tools[\(position)].functionDeclarations[\(number)]"
        downgrade("parametersJsonSchema", to: "parameters", in: declaration, path, &edit)
      }
    }
  }

  private mutating func changeFormat(_ config: JSON, _ path: String, _ edit: inout JSONEdit) {
    downgrade("responseJsonSchema", to: "responseSchema", in: config, path, &edit)
  }

  /// Puts a JSON Schema into the OpenAPI form that older endpoints know.
  private mutating func downgrade(_ name: String, to other: String, in object: JSON, _ path: String, _ edit: inout JSONEdit) {
    for (written, value) in object.members where GeminiName.camel(written) == name && !value.isNull {
      let converted = SchemaConversion.openAPI(value)
      edit.remove(written, from: object)
      edit.set(other, to: converted.schema, in: object)
      if converted.isChanged { losses.append(Loss("\(path).\(written)", .downgraded)) }
    }
  }
}
