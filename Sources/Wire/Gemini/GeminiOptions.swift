import Base

/// Limits, sampling, thinking and format of a chat on their way to a Gemini upstream. Source: wire-formats §2.6, §5.
struct GeminiOptions {
  private(set) var losses: [Loss] = []
  private var members: [(String, JSON)] = []
  private let chat: Chat

  init(_ chat: Chat, _ model: TargetModel) {
    self.chat = chat
    readSampling()
    readFormat(model.capabilities)
    readThinking(model.capabilities.thinking)
    for (path, _) in chat.extra { losses.append(Loss(path, .dropped)) }
  }

  private mutating func report(_ setting: ClientWire.Setting, _ action: Loss.Action) {
    losses.append(Loss(chat.path(of: setting), action))
  }

  private mutating func add(_ name: String, _ value: JSON?) {
    if let value { members.append((name, value)) }
  }

  // MARK: Sampling

  private mutating func readSampling() {
    let settings = chat.settings
    add("temperature", settings.temperature)
    add("topP", settings.topP)
    add("topK", settings.topK)
    add("candidateCount", settings.candidates.map { JSON($0) })
    add("maxOutputTokens", settings.maxTokens.map { JSON($0) })
    readStop()
    add("seed", settings.seed)
    add("presencePenalty", settings.presencePenalty)
    add("frequencyPenalty", settings.frequencyPenalty)
    add("responseLogprobs", settings.logprobs.map { JSON($0) })
    add("logprobs", settings.topLogprobs)
    if let bias = settings.logitBias, bias.count > 0 { report(.logitBias, .dropped) }
    if settings.user != nil { report(.user, .dropped) }
  }

  private static let mostStops = 5

  private mutating func readStop() {
    let stop = chat.settings.stop
    guard !stop.isEmpty else { return }
    add("stopSequences", .array(stop.prefix(Self.mostStops).map { JSON($0) }))
    for position in stop.indices.dropFirst(Self.mostStops) {
      losses.append(Loss(chat.path(ofStop: position), .truncated))
    }
  }

  // MARK: Format

  private mutating func readFormat(_ capabilities: Capabilities) {
    switch chat.format {
    case nil: break
    case .json: add("responseMimeType", "application/json")
    case .schema(let format):
      add("responseMimeType", "application/json")
      if format.description != nil { losses.append(Loss(chat.formatDescriptionPath, .dropped)) }
      guard let schema = format.schema else { return }
      guard !capabilities.jsonSchema else { return add("responseJsonSchema", schema) }
      let converted = SchemaConversion.openAPI(schema)
      add("responseSchema", converted.schema)
      if converted.isChanged { report(.format, .downgraded) }
    }
  }

  // MARK: Thinking

  private mutating func readThinking(_ capability: Capabilities.Thinking) {
    guard let wish = chat.thinking else { return }
    let isOff = wish.isOff || wish.effort == Thinking.Effort.none || (wish.effort == nil && wish.budget == 0)
    if capability == .none {
      if !isOff, wish.effort != nil || (wish.budget ?? -1) > 0 { report(wish.effort == nil ? .budget : .effort, .dropped) }
      return
    }
    if isOff { return add("thinkingConfig", ["thinkingBudget": 0]) }
    let isBudget = capability == .budget
    guard let setting = isBudget ? budget(wish) : level(wish) else { return }
    let isHidden = wish.isShown == false
    add("thinkingConfig", .object([setting] + (isHidden ? [] : [("includeThoughts", true)])))
  }

  private func budget(_ wish: Thinking) -> (String, JSON)? {
    (wish.effort?.budget ?? wish.budget).map { ("thinkingBudget", JSON($0)) }
  }

  private mutating func level(_ wish: Thinking) -> (String, JSON)? {
    if let effort = wish.effort {
      if effort == .max { report(.effort, .downgraded) }
      return ("thinkingLevel", JSON(Self.level(effort)))
    }
    guard let budget = wish.budget, let effort = Thinking.Effort(budget: budget) else { return nil }
    report(.budget, .downgraded)
    return ("thinkingLevel", JSON(Self.level(effort)))
  }

  private static func level(_ effort: Thinking.Effort) -> String {
    effort == .max ? "XHIGH" : effort.rawValue.uppercased()
  }

  func write(_ writer: inout JSONWriter) {
    if !members.isEmpty { writer.member("generationConfig", .object(members)) }
  }
}
