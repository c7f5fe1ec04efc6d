package import Base

/// What a client asked of a model, in no wire's words. Source: wire-formats §1.
///
/// Every client wire's request decoder gives one, and every upstream wire's request encoder takes one. It is only made when the
/// wires differ: on the same wire bytes pass through.
package struct Chat: Sendable {
  /// The wire it came in, whose words loss reports use.
  package var wire: ClientWire
  /// The name of the model that the client asked for.
  package var model: String
  /// The turns in order, system turns among them.
  package var messages: [Message] = []
  /// What the model may call.
  package var tools: [Tool] = []
  /// Whether and what it must call; nil when the client did not say.
  package var toolChoice: ToolChoice?
  /// Whether several calls may come in one turn; nil when the client did not say.
  package var parallelCalls: Bool?
  /// Limits and sampling.
  package var settings = Settings()
  /// The form of the answer; nil for plain text.
  package var format: OutputFormat?
  /// How much the model is to think; nil when the client did not say.
  package var thinking: Thinking?
  /// Whether the answer is to be streamed.
  package var isStream = false
  /// Whether the client wants the usage of a stream where its wire makes that a question.
  package var wantsUsage = false
  /// Members without a place in this model, verbatim and by their path. An encoder takes those that its wire knows as the
  /// client's wire does, and reports each of the others as dropped.
  package var extra: [(path: String, value: JSON)] = []
  /// What the decoder itself had to change or leave out.
  package var losses: [Loss] = []

  /// A chat without messages.
  package init(wire: ClientWire, model: String) {
    self.wire = wire
    self.model = model
  }

  /// Limits and sampling; nil for what the client did not say. Numbers are kept as they were written.
  package struct Settings: Sendable {
    /// The most output tokens.
    package var maxTokens: Int?
    /// 0…2; Messages knows 0…1.
    package var temperature: JSON?
    /// 0…1.
    package var topP: JSON?
    /// The most tokens to choose from.
    package var topK: JSON?
    /// Texts that end the answer.
    package var stop: [String] = []
    /// Whether the one text that ends the answer came without a list.
    package var isStopAlone = false
    /// How many answers are wanted.
    package var candidates: Int?
    /// −2…2.
    package var frequencyPenalty: JSON?
    /// −2…2.
    package var presencePenalty: JSON?
    /// For answers that can be had again.
    package var seed: JSON?
    /// Whether the probabilities of the answer's tokens are wanted.
    package var logprobs: Bool?
    /// How many other tokens' probabilities are wanted, 0…20.
    package var topLogprobs: JSON?
    /// Token → −100…100.
    package var logitBias: JSON?
    /// Who asks, by the client's own word.
    package var user: String?
    /// The member that named the user, where the wire has more than one and it was not the usual one (`safety_identifier`).
    package var userMember: String?
  }

  /// The path of a setting in the client's body.
  package func path(of setting: ClientWire.Setting) -> String {
    setting == .user ? settings.userMember ?? wire.path(of: setting) : wire.path(of: setting)
  }

  /// The path of one of the texts that end the answer.
  package func path(ofStop position: Int) -> String {
    settings.isStopAlone ? wire.path(of: .stop) : "\(wire.path(of: .stop))[\(position)]"
  }

  /// The path of what the client says about the schema of the answer.
  package var formatDescriptionPath: String {
    (wire == .chat ? "response_format.json_schema" : wire.path(of: .format)) + ".description"
  }
}

/// Whether and what the model must call.
package enum ToolChoice: Sendable, Equatable {
  case none, auto, required
  /// This tool.
  case named(String)
  /// Any of these tools; one must be called where it is required.
  case allowed([String], isRequired: Bool)
}

/// The form of an answer.
package enum OutputFormat: Sendable, Equatable {
  /// Some JSON object.
  case json
  /// JSON by a schema, always in the words of JSON Schema.
  case schema(Schema)

  /// A schema with what belongs to it.
  package struct Schema: Sendable, Equatable {
    /// Nil when the wire has no names for schemas.
    package var name: String?
    /// Nil when the client gave a name alone.
    package var schema: JSON?
    /// What the answer is for.
    package var description: String?
    /// Whether the answer must fit exactly; nil when not said.
    package var strict: Bool?
    /// Whether it was written in Gemini's OpenAPI form, whose objects are not closed by themselves.
    package var isFromOpenAPI = false

    /// A schema.
    package init(name: String? = nil, schema: JSON?, description: String? = nil, strict: Bool? = nil, isFromOpenAPI: Bool = false) {
      self.name = name
      self.schema = schema
      self.description = description
      self.strict = strict
      self.isFromOpenAPI = isFromOpenAPI
    }
  }
}
