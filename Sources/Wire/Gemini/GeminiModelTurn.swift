import Base

/// The parts of one assistant's turn on their way to a Gemini upstream, with signatures back in their places. Source: wire-formats §2.7.
///
/// A thought that Gemini signed itself comes back whole. A signature that stood on the part behind a thought goes onto the call that
/// follows; the thought's text, a summary, is not sent. All other reasoning is dropped.
struct GeminiModelTurn {
  private(set) var parts: [JSON] = []
  private(set) var names: ToolNames
  private(set) var losses: [Loss] = []
  private let wire: ClientWire
  private let model: TargetModel
  /// Signatures for calls to come, and whether anything stood behind them yet.
  private var waiting: [(value: String, path: SourcePath)] = []
  private var hasPassed = false
  private var unsigned = 0

  init(wire: ClientWire, model: TargetModel, names: ToolNames) {
    self.wire = wire
    self.model = model
    self.names = names
  }

  mutating func read(_ message: Message) throws(Fault) {
    let calls = Self.calls(in: message)
    let signed = Set(calls.compactMap { Self.own($0) })
    unsigned = calls.count { Self.own($0) == nil }
    let needsSentinel = model.capabilities.thoughtSignatures == .required
    var firstCall: (position: Int, path: SourcePath)?
    var hasSignature = false
    var thoughts = 0
    for content in message.contents {
      switch content.part {
      case .reasoning(let reasoning):
        guard let part = thought(reasoning, content.path, signed) else { continue }
        // Thoughts stand before the text and the calls of their turn.
        parts.insert(part, at: thoughts)
        thoughts += 1
        if let first = firstCall { firstCall = (first.position + 1, first.path) }
      case .call(let call):
        let signature = signature(of: call, content.path)
        hasSignature = hasSignature || signature != nil
        if firstCall == nil { firstCall = (parts.count, content.path) }
        parts.append(part(of: call, signature, content.path))
        hasPassed = true
      default: try add(content)
      }
    }
    for left in waiting { losses.append(Loss(left.path.text(), .dropped)) }
    guard needsSentinel, !hasSignature, let firstCall else { return }
    parts[firstCall.position] = Self.signed(parts[firstCall.position], GeminiSignature.sentinelWords)
    losses.append(Loss(firstCall.path.text("thought_signature"), .synthesized))
  }

  private mutating func add(_ content: Message.Content) throws(Fault) {
    switch content.part {
    case .text(let text, _), .refusal(let text):
      guard !text.isEmpty else { return }
      parts.append(["text": JSON(text)])
      hasPassed = true
    case .media(let media): parts.append(try GeminiMedia.part(media, at: content.path, wire, model, &losses))
    case .opaque(.gemini, let json): parts.append(json)
    default: losses.append(Loss(content.path.text(), .dropped))
    }
  }

  // MARK: Signatures

  private static func calls(in message: Message) -> [ToolCall] {
    message.contents.compactMap { if case .call(let call) = $0.part { call } else { nil } }
  }

  /// The signature that a call brings itself.
  private static func own(_ call: ToolCall) -> String? {
    guard let signature = call.signature, signature.origin == .gemini || signature.origin == .geminiNext else { return nil }
    return signature.value
  }

  private mutating func thought(_ reasoning: Reasoning, _ path: SourcePath, _ signed: Set<String>) -> JSON? {
    switch reasoning.signature?.origin {
    case .gemini: return ["text": JSON(reasoning.text), "thought": true, "thoughtSignature": JSON(reasoning.signature?.value ?? "")]
    case .geminiNext:
      guard let value = reasoning.signature?.value, !signed.contains(value) else { return nil }  // the call has it already
      if hasPassed {
        for left in waiting { losses.append(Loss(left.path.text(), .dropped)) }
        waiting = []
        hasPassed = false
      }
      waiting.append((value, path))
    default: losses.append(Loss(path.text(), .dropped))
    }
    return nil
  }

  private mutating func signature(of call: ToolCall, _ path: SourcePath) -> String? {
    if let own = Self.own(call) { return own }
    if call.signature != nil { losses.append(Loss(path.text("thought_signature"), .dropped)) }
    defer { unsigned -= 1 }
    // Of more signatures than calls the first ones stood on texts.
    while waiting.count > unsigned { losses.append(Loss(waiting.removeFirst().path.text(), .dropped)) }
    return waiting.isEmpty ? nil : waiting.removeFirst().value
  }

  private mutating func part(of call: ToolCall, _ signature: String?, _ path: SourcePath) -> JSON {
    var members: [(String, JSON)] = []
    if model.capabilities.functionIds, !call.id.isEmpty { members.append(("id", JSON(call.id))) }
    members.append(("name", JSON(names.upstream(call.name))))
    members.append(("args", arguments(of: call, path)))
    let part: JSON = ["functionCall": .object(members)]
    return signature.map { Self.signed(part, $0) } ?? part
  }

  private static func signed(_ part: JSON, _ signature: String) -> JSON {
    .object(part.members.map { ($0.name, $0.value) } + [("thoughtSignature", JSON(signature))])
  }

  private mutating func arguments(of call: ToolCall, _ path: SourcePath) -> JSON {
    guard call.kind == .function else { return ["input": JSON(call.arguments)] }
    if let object = ArgumentText(call.arguments).object { return object }
    losses.append(Loss(path.text(wire.member(.arguments)), .emulated))
    return ArgumentText.emulated(call.arguments)
  }
}
