import Base

/// Writes a chat as the body of a Chat request for one dialect. Source: wire-formats §2.9, §4, §5.
///
/// The dialect's rules are applied here and not behind it, so that a loss is told with the path in the client's own body. What
/// `RequestRules.apply` does afterwards finds nothing of the dialect's left to do.
struct ChatRequestEncoder {
  let chat: Chat
  let model: TargetModel
  var losses: [Loss] = []
  var names = ToolNames(.chat)
  var ids = CallIDs(.chat)
  var writer = JSONWriter(capacity: 4096)

  init(_ chat: Chat, for model: TargetModel) {
    self.chat = chat
    self.model = model
  }

  var dialect: Dialect { model.dialect }
  var isOfficial: Bool { dialect.officialOnly == .passed }

  mutating func encode() throws(Fault) -> EncodedRequest {
    let tools = try ChatToolPlan(chat, model, &losses)
    names.reserve(chat.tools)
    writer.beginObject()
    writer.member("model", model.name)
    try writeMessages()
    writeSettings()
    writeTools(tools)
    writeFormat()
    writeEffort()
    writeStream()
    writeRest()
    writer.endObject()
    return EncodedRequest(body: writer.bytes, losses: chat.losses + losses, tools: names)
  }

  /// Reports what became of a setting that the client gave.
  mutating func lose(_ setting: ClientWire.Setting, _ action: Loss.Action) {
    losses.append(Loss(chat.path(of: setting), action))
  }

  // MARK: Settings

  private mutating func writeSettings() {
    let settings = chat.settings
    if let limit = settings.maxTokens { writer.member(dialect.limitName.rawValue, limit) }
    writeSampling("temperature", settings.temperature, .temperature)
    writeSampling("top_p", settings.topP, .topP)
    if dialect.topK { writeSampling("top_k", settings.topK, .topK) } else if settings.topK != nil { lose(.topK, .dropped) }
    writeStop(settings.stop)
    if let count = settings.candidates { writer.member("n", count) }
    write("frequency_penalty", settings.frequencyPenalty)
    write("presence_penalty", settings.presencePenalty)
    write("seed", settings.seed)
    // The second needs the first, which not every wire has. Source: wire-formats §3.1.
    if let logprobs = settings.logprobs ?? settings.topLogprobs.map({ _ in true }) { writer.member("logprobs", logprobs) }
    write("top_logprobs", settings.topLogprobs)
    write("logit_bias", settings.logitBias)
    writeUser(settings)
  }

  private mutating func write(_ name: String, _ value: JSON?) {
    if let value { writer.member(name, value) }
  }

  private mutating func writeSampling(_ name: String, _ value: JSON?, _ setting: ClientWire.Setting) {
    guard let value else { return }
    guard model.capabilities.sampling == .none else { return writer.member(name, value) }
    if !BodyMembers.isUsual(name, value) { lose(setting, .dropped) }
  }

  private mutating func writeStop(_ stop: [String]) {
    guard !stop.isEmpty else { return }
    for position in stop.indices.dropFirst(dialect.stopMax) {
      losses.append(Loss(chat.path(ofStop: position), .truncated))
    }
    guard dialect.stopMax > 0 else { return }
    writer.key("stop")
    writer.beginArray()
    for text in stop.prefix(dialect.stopMax) { writer.value(text) }
    writer.endArray()
  }

  private mutating func writeUser(_ settings: Chat.Settings) {
    guard let user = settings.user else { return }
    guard settings.userMember == "safety_identifier" else { return writer.member("user", user) }
    if isOfficial { writer.member("safety_identifier", user) } else { lose(.user, .dropped) }
  }

  private mutating func writeFormat() {
    guard let format = chat.format else { return }
    writer.key("response_format")
    writer.beginObject()
    switch format {
    case .json: writer.member("type", "json_object")
    case .schema(let schema):
      writer.member("type", "json_schema")
      writer.key("json_schema")
      writer.beginObject()
      writer.member("name", schema.name ?? "output")
      if let description = schema.description { writer.member("description", description) }
      write("schema", schema.schema)
      // A Messages schema is always binding. Source: wire-formats §2.8, §5.3.
      if let strict = schema.strict ?? (chat.wire == .messages ? true : nil) { writer.member("strict", strict) }
      writer.endObject()
    }
    writer.endObject()
  }

  // MARK: Thinking

  /// Source: wire-formats §2.6.
  private mutating func writeEffort() {
    guard let thinking = chat.thinking else { return }
    loseSummary(thinking)
    guard !thinking.isOff else {
      // Most models refuse a word for "off"; nothing is sent.
      if let effort = thinking.effort, effort != .none { lose(.effort, .dropped) }
      return
    }
    guard let effort = thinking.effort else { return writeEffort(budget: thinking) }
    guard effort != .none || chat.wire == .chat || chat.wire == .responses else { return lose(.effort, .dropped) }
    writeEffort(effort, .effort)
  }

  private mutating func writeEffort(budget thinking: Thinking) {
    guard let budget = thinking.budget, let effort = Thinking.Effort(budget: budget) else { return }
    guard effort != .none else { return lose(.budget, .dropped) }
    if writeEffort(effort, .budget) { lose(.budget, .downgraded) }
  }

  @discardableResult
  private mutating func writeEffort(_ effort: Thinking.Effort, _ setting: ClientWire.Setting) -> Bool {
    guard model.capabilities.thinking != .none else {
      if effort != .none { lose(setting, .dropped) }
      return false
    }
    writer.member("reasoning_effort", effort.rawValue)
    return true
  }

  /// Chat has no say in whether thoughts are shown. Source: wire-formats §5.2.
  private mutating func loseSummary(_ thinking: Thinking) {
    guard chat.wire == .responses, thinking.isShown != nil, !chat.extra.contains(where: { $0.path == "reasoning.summary" }) else { return }
    losses.append(Loss("reasoning.summary", .dropped))
  }

  // MARK: The rest

  /// A stream is always asked for its usage. Source: wire-formats §4.
  private mutating func writeStream() {
    guard chat.isStream else { return }
    writer.member("stream", true)
    guard dialect.usageOption else { return }
    writer.key("stream_options")
    writer.beginObject()
    writer.member("include_usage", true)
    writer.endObject()
  }

  private mutating func writeRest() {
    for (path, value) in chat.extra {
      if let name = name(ofExtra: path) {
        writer.member(name, value)
      } else if !isSilent(path, value), !chat.losses.contains(Loss(path, .dropped)) {
        losses.append(Loss(path, .dropped))
      }
    }
  }

  /// What a member outside the model is called here, nil when it can't be said. Source: wire-formats §2.1, §5.2.
  private func name(ofExtra path: String) -> String? {
    switch chat.wire {
    case .chat: isOfficial || !DialectRules.isOfficialOnly(path) ? path : nil
    case .responses: isOfficial ? Self.responses[path] : nil
    case .messages, .gemini, .completions: nil
    }
  }

  private static let responses = [
    "text.verbosity": "verbosity", "metadata": "metadata", "service_tier": "service_tier", "safety_identifier": "safety_identifier",
    "prompt_cache_key": "prompt_cache_key", "prompt_cache_options": "prompt_cache_options",
    "prompt_cache_retention": "prompt_cache_retention", "moderation": "moderation",
  ]

  /// Whether leaving a member out changes nothing. Source: wire-formats §2.3, §5.1.
  private func isSilent(_ path: String, _ value: JSON) -> Bool {
    switch path {
    case "truncation": value.isNull || value.string == "disabled"
    case "include", "stream_options": true
    case "store" where chat.wire == .responses: true  // satisfied by the gateway itself
    case "serviceTier", "service_tier": value.isNull || value.string == "auto" || value.string == "standard"
    default: BodyMembers.isUsual(path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path, value)
    }
  }
}
