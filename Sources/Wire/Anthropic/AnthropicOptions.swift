import Base

/// Limits, sampling, thinking and format on their way to a Messages upstream. Source: wire-formats §2.6, §5.
struct AnthropicOptions {
  /// What stands in `thinking`.
  enum Thought: Equatable {
    case disabled
    case adaptive(isShown: Bool)
    case manual(Int)
  }

  private(set) var losses: [Loss] = []
  /// What the system prompt ends with.
  private(set) var system: [AnthropicBlock] = []
  private let chat: Chat
  private let model: TargetModel
  private var thought: Thought?
  private var effort: String?
  private var schema: JSON?
  private var stop: [String] = []
  private var temperature: JSON?
  private var topP: JSON?
  private var topK: JSON?

  init(_ chat: Chat, _ model: TargetModel) {
    self.chat = chat
    self.model = model
  }

  /// The most output tokens.
  var limit: Int { chat.settings.maxTokens ?? model.defaultMaxTokens }

  /// Decides what is sent; `isForced` tells whether a tool must be called.
  mutating func read(after turns: [AnthropicTurn], isForced: Bool) {
    if chat.settings.maxTokens == nil { losses.append(Loss(chat.wire.name(of: .maxTokens), .synthesized)) }
    readThinking(turns, isForced: isForced)
    readSampling()
    readStop()
    readFormat()
    readUnknown()
  }

  private mutating func report(_ setting: ClientWire.Setting, _ action: Loss.Action) {
    losses.append(Loss(chat.wire.path(of: setting), action))
  }

  // MARK: Thinking

  private mutating func readThinking(_ turns: [AnthropicTurn], isForced: Bool) {
    guard let wish = chat.thinking else { return }
    let wantsNone = wish.isOff || wish.effort == Thinking.Effort.none || (wish.effort == nil && wish.budget == 0)
    let source: ClientWire.Setting = wish.effort == nil ? .budget : .effort
    switch model.capabilities.thinking {
    case .none:
      if !wantsNone, wish.effort != nil || (wish.budget ?? -1) > 0 { report(source, .dropped) }
    case _ where wantsNone: thought = .disabled
    case .adaptive, .level: adapt(wish)
    case .budget:
      guard let budget = wish.effort?.budget ?? wish.budget, budget > 0 else { return }
      plan(budget, source, turns, isForced: isForced)
    }
  }

  private mutating func adapt(_ wish: Thinking) {
    // Only on Gemini's wire are thoughts hidden unless they are asked for.
    let isShown = chat.wire == .gemini && wish.isShown == true
    var level = wish.effort
    if level == nil, let budget = wish.budget, budget > 0 {
      level = Thinking.Effort(budget: budget)
      report(.budget, .downgraded)
    }
    guard level != nil || isShown else { return }
    thought = .adaptive(isShown: isShown)
    effort = level.map { $0 == .minimal ? "low" : $0.rawValue }
  }

  /// Thinking with a budget has conditions; where they can't be met it is left out.
  private mutating func plan(_ budget: Int, _ source: ClientWire.Setting, _ turns: [AnthropicTurn], isForced: Bool) {
    let fitting = min(max(budget, Self.smallestBudget), limit - 1)
    guard !isForced, !Self.isInUnsignedLoop(turns), fitting >= Self.smallestBudget else { return report(source, .dropped) }
    if fitting != budget { report(source, .clamped) }
    thought = .manual(fitting)
  }

  private static let smallestBudget = 1024

  /// Whether the last turn answers calls of a turn without signed reasoning, which is refused together with a budget.
  private static func isInUnsignedLoop(_ turns: [AnthropicTurn]) -> Bool {
    guard let last = turns.last(where: { $0.role != .system }), !last.results.isEmpty else { return false }
    return turns.last { $0.role == .assistant }?.hasReasoning != true
  }

  // MARK: Sampling

  private mutating func readSampling() {
    let settings = chat.settings
    if let value = settings.temperature { readTemperature(value) }
    let isManual = if case .manual = thought { true } else { false }
    let hasNone = model.capabilities.sampling == .none
    if let value = settings.topP {
      let number = value.double ?? 1
      if hasNone || (isManual && !(0.95...1).contains(number)) {
        if number != 1 { report(.topP, .dropped) }
      } else {
        topP = value
      }
    }
    if let value = settings.topK {
      if hasNone || isManual { report(.topK, .dropped) } else { topK = value }
    }
    for (setting, value) in [
      (ClientWire.Setting.frequencyPenalty, settings.frequencyPenalty), (.presencePenalty, settings.presencePenalty),
    ] {
      if let value, value.double != 0 { report(setting, .dropped) }
    }
    if settings.seed != nil { report(.seed, .dropped) }
    if let bias = settings.logitBias, bias.count > 0 { report(.logitBias, .dropped) }
    if settings.logprobs == true { report(.logprobs, .dropped) }
    if let count = settings.topLogprobs, count.double != 0 { report(.topLogprobs, .dropped) }
  }

  private mutating func readTemperature(_ value: JSON) {
    let number = value.double ?? 1
    if model.capabilities.sampling == .none {
      if number != 1 { report(.temperature, .dropped) }
      return
    }
    if number > 1 { report(.temperature, .clamped) }
    if case .manual = thought, number < 1 { return report(.temperature, .dropped) }
    temperature = number > 1 ? 1 : value
  }

  /// Sequences of nothing but white space are refused.
  private mutating func readStop() {
    let path = chat.wire.path(of: .stop)
    let all = chat.settings.stop
    for (position, text) in all.enumerated() {
      guard text.allSatisfy(\.isWhitespace) else {
        stop.append(text)
        continue
      }
      losses.append(Loss(chat.settings.isStopAlone ? path : "\(path)[\(position)]", .dropped))
    }
  }

  private mutating func readFormat() {
    switch chat.format {
    case nil: break
    case .schema(let format) where format.schema != nil:
      schema = format.schema
      if format.description != nil { losses.append(Loss(chat.formatDescriptionPath, .dropped)) }
      if format.isFromOpenAPI { schema = schema.map { SchemaConversion.closed($0) } }
    case .json, .schema:
      system = [.text(Emulation.json)]
      let path = chat.wire == .gemini ? "generationConfig.responseMimeType" : chat.wire.path(of: .format)
      losses.append(Loss(path, .emulated))
    }
  }

  private mutating func readUnknown() {
    for (path, _) in chat.extra { losses.append(Loss(path, .dropped)) }
  }

  // MARK: Writing

  /// Writes the members that are not the defaults.
  func write(_ writer: inout JSONWriter) {
    if !stop.isEmpty { writer.member("stop_sequences", .array(stop.map { JSON($0) })) }
    if let temperature { writer.member("temperature", temperature) }
    if let topP { writer.member("top_p", topP) }
    if let topK { writer.member("top_k", topK) }
    if let user = chat.settings.user { writer.member("metadata", ["user_id": JSON(user)]) }
    switch thought {
    case nil: break
    case .disabled: writer.member("thinking", ["type": "disabled"])
    case .adaptive(let isShown):
      writer.member("thinking", isShown ? ["type": "adaptive", "display": "summarized"] : ["type": "adaptive"])
    case .manual(let budget): writer.member("thinking", ["type": "enabled", "budget_tokens": JSON(budget)])
    }
    guard effort != nil || schema != nil else { return }
    writer.key("output_config")
    writer.beginObject()
    if let effort { writer.member("effort", effort) }
    if let schema { writer.member("format", ["type": "json_schema", "schema": schema]) }
    writer.endObject()
  }
}
