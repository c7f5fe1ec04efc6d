package import Base

/// Checks that a request on the Gemini wire can be understood, before anything is sent. Source: wire-formats §3.4.
///
/// Only absence, types and roles, in either spelling of the names: ranges are the upstream's business, and members that are not known pass.
package enum GeminiRequestCheck {
  /// What is asked for.
  package enum Endpoint: String, Sendable, CaseIterable {
    case generate, countTokens, embed, embedBatch
  }

  /// Refuses a body that can't be understood: `.invalid` with code, path of the member, and what was expected.
  package static func check(_ body: JSON, for endpoint: Endpoint = .generate) throws(Fault) {
    try RequestShape.check(body, is: .object) { "" }
    switch endpoint {
    case .generate: try checkRequest(body, "")
    case .countTokens:
      guard let inner = member("generateContentRequest", of: body) else { return try checkRequest(body, "") }
      try RequestShape.check(inner.value, is: .object) { inner.name }
      try checkRequest(inner.value, inner.name)
    case .embed: try checkEmbedding(body, "")
    case .embedBatch:
      try batch.check(body) { "" }
      for (position, request) in (body["requests"] ?? .null).elements.enumerated() { try checkEmbedding(request, "requests[\(position)]") }
    }
  }

  private static func checkRequest(_ body: JSON, _ path: String) throws(Fault) {
    try request.check(body) { path }
    try checkDuplicates(body, path)
    let contents = body["contents"] ?? .null
    var position = 0
    for content in contents.elements {
      try check(content: content, RequestShape.join(path, "contents[\(position)]"))
      position += 1
    }
    guard position > 0 else { throw RequestShape.empty(RequestShape.join(path, "contents")) }
    if let system = member("systemInstruction", of: body) { try check(parts: system.value, RequestShape.join(path, system.name)) }
    try checkTools(body, path)
    if let config = member("toolConfig", of: body), let calling = member("functionCallingConfig", of: config.value) {
      let place = RequestShape.join(path, "\(config.name).\(calling.name)")
      try self.calling.check(calling.value) { place }
      try checkTexts("allowedFunctionNames", of: calling.value, place)
    }
    guard let config = member("generationConfig", of: body) else { return }
    try generation.check(config.value) { RequestShape.join(path, config.name) }
    for name in ["stopSequences", "responseModalities"] { try checkTexts(name, of: config.value, RequestShape.join(path, config.name)) }
    guard let thinking = member("thinkingConfig", of: config.value) else { return }
    try self.thinking.check(thinking.value) { RequestShape.join(path, "\(config.name).\(thinking.name)") }
  }

  private static func checkTexts(_ name: String, of object: JSON, _ path: String) throws(Fault) {
    guard let list = member(name, of: object) else { return }
    try ChatRequestCheck.checkAll(list.value, are: .string, at: "\(path).\(list.name)")
  }

  /// Two members of one name would let the gateway and the upstream read different requests.
  private static func checkDuplicates(_ body: JSON, _ path: String) throws(Fault) {
    var seen: Set<String> = []
    for (name, _) in body.members {
      let plain = GeminiName.camel(name)
      guard ["contents", "systemInstruction", "generationConfig", "tools"].contains(plain), !seen.insert(plain).inserted else { continue }
      throw Fault(
        .invalid, "The field '\(name)' stands in the request twice; send it once.", code: "duplicate_field",
        param: RequestShape.join(path, name))
    }
  }

  private static func check(content: JSON, _ path: String) throws(Fault) {
    try check(parts: content, path)
    if let role = content["role"]?.string, !roles.contains(role) {
      throw Fault(
        .invalid, "Invalid value for '\(path).role': expected one of user, model, but got '\(role.prefix(64))'.", code: "invalid_value",
        param: path + ".role")
    }
  }

  /// A content whose role means nothing, as that of the system instruction. Source: wire-formats §3.4.
  private static func check(parts content: JSON, _ path: String) throws(Fault) {
    try self.content.check(content) { path }
    for (position, part) in (content["parts"] ?? .null).elements.enumerated() {
      let place = "\(path).parts[\(position)]"
      try self.part.check(part) { place }
      for (name, value) in part.members where !value.isNull {
        guard let shape = inner[GeminiName.camel(name)] else { continue }
        try shape.check(value) { "\(place).\(name)" }
        if GeminiName.camel(name) == "functionResponse" { try check(resultParts: value["parts"] ?? .null, "\(place).\(name)") }
      }
    }
  }

  private static func check(resultParts parts: JSON, _ path: String) throws(Fault) {
    for (position, part) in parts.elements.enumerated() {
      let place = "\(path).parts[\(position)]"
      try resultPart.check(part) { place }
      for name in ["inlineData", "fileData"] {
        if let data = member(name, of: part), let shape = inner[name] { try shape.check(data.value) { "\(place).\(data.name)" } }
      }
    }
  }

  private static func checkTools(_ body: JSON, _ path: String) throws(Fault) {
    for (position, tool) in (body["tools"] ?? .null).elements.enumerated() {
      let place = RequestShape.join(path, "tools[\(position)]")
      try self.tool.check(tool) { place }
      guard let list = member("functionDeclarations", of: tool) else { continue }
      for (number, declaration) in list.value.elements.enumerated() {
        try self.declaration.check(declaration) { "\(place).\(list.name)[\(number)]" }
      }
    }
  }

  private static func checkEmbedding(_ body: JSON, _ path: String) throws(Fault) {
    try embedding.check(body) { path }
    if let content = body["content"] { try check(content: content, RequestShape.join(path, "content")) }
  }

  /// A member in either spelling, with the name it has in the body.
  private static func member(_ name: String, of object: JSON) -> (name: String, value: JSON)? {
    for written in [name, GeminiName.snake(name)] {
      if let value = object[written], !value.isNull { return (written, value) }
    }
    return nil
  }

  // MARK: Tables

  /// A shape whose names may be written in either spelling.
  private static func shape(_ members: [String: JSONKinds], required: [String] = []) -> RequestShape {
    var both = members
    for (name, kinds) in members { both[GeminiName.snake(name)] = kinds }
    return RequestShape(both, required: required)
  }

  /// Old clients give results of functions the role `function`.
  static let roles: Set<String> = ["user", "model", "function", "tool", ""]

  private static let request = shape(
    [
      "contents": .array, "systemInstruction": .object, "tools": .array, "toolConfig": .object, "generationConfig": .object,
      "safetySettings": .array, "cachedContent": .string, "labels": .object, "serviceTier": .string, "store": .boolean, "model": .string,
    ], required: ["contents"])
  private static let content = shape(["role": .string, "parts": .array])
  private static let part = shape([
    "text": .string, "thought": .boolean, "thoughtSignature": .string, "inlineData": .object, "fileData": .object, "functionCall": .object,
    "functionResponse": .object, "executableCode": .object, "codeExecutionResult": .object, "videoMetadata": .object,
  ])
  private static let inner: [String: RequestShape] = [
    "inlineData": shape(["mimeType": .string, "data": .string], required: ["data"]),
    "fileData": shape(["mimeType": .string, "fileUri": .string]),
    "functionCall": shape(["id": .string, "name": .string, "args": .object], required: ["name"]),
    "functionResponse": shape(["id": .string, "name": .string, "response": .object, "parts": .array], required: ["name"]),
  ]
  private static let resultPart = shape(["inlineData": .object, "fileData": .object])
  private static let tool = shape(["functionDeclarations": .array])
  private static let declaration = shape(
    ["name": .string, "description": .string, "parameters": .object, "response": .object, "parametersJsonSchema": .object],
    required: ["name"])
  private static let calling = shape(["mode": .string, "allowedFunctionNames": .array])
  private static let generation = shape([
    "temperature": .number, "topP": .number, "topK": .number, "candidateCount": .integer, "maxOutputTokens": .integer,
    "stopSequences": .array, "seed": .integer, "presencePenalty": .number, "frequencyPenalty": .number, "responseLogprobs": .boolean,
    "logprobs": .integer, "responseMimeType": .string, "responseSchema": .object, "responseModalities": .array, "thinkingConfig": .object,
    "speechConfig": .object, "imageConfig": .object,
  ])
  private static let thinking = shape(["includeThoughts": .boolean, "thinkingBudget": .integer, "thinkingLevel": .string])
  private static let embedding = shape(
    ["model": .string, "content": .object, "taskType": .string, "title": .string, "outputDimensionality": .integer], required: ["content"])
  private static let batch = RequestShape(["requests": .array], required: ["requests"])
}
