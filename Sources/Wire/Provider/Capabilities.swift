import Base

/// What a model behind a wire accepts. Source: formats/wire-formats §2.2.
package struct Capabilities: Sendable, Equatable {
  /// Whether `temperature` and its like are accepted.
  package enum Sampling: String, Sendable, CaseIterable {
    case full, none
  }

  /// How an effort of reasoning is expressed.
  package enum Thinking: String, Sendable, CaseIterable {
    case adaptive, budget, level, none
  }

  /// Whether calls in the history must be signed.
  package enum Signatures: String, Sendable, CaseIterable {
    case optional, required
  }

  /// Messages: newer models refuse `temperature`, `top_p` and `top_k`.
  package var sampling = Sampling.full
  /// How an effort of reasoning is expressed.
  package var thinking = Thinking.adaptive
  /// Messages: whether `role: "system"` may stand between other messages.
  package var midSystem = false
  /// Messages: whether a conversation may end in the assistant's turn.
  package var prefill = true
  /// Gemini: whether calls and their results carry ids.
  package var functionIds = true
  /// Gemini: whether JSON Schema is understood; else OpenAPI's subset is sent.
  package var jsonSchema = true
  /// Gemini: whether calls in the history must be signed.
  package var thoughtSignatures = Signatures.optional
  /// Which tool choices are understood.
  package var toolChoice = Dialect.ToolChoice.full
  /// Whether images may be URLs; else they are fetched and sent inline.
  package var imageURL = true
  /// Whether audio is understood.
  package var audio = true
  /// Whether documents are understood.
  package var documents = true

  /// What is assumed of a wire.
  package init(wire: ProviderWire) {
    switch wire {
    case .openaiChat: break
    case .anthropic: audio = false
    case .gemini:
      thinking = .level
      imageURL = false
    }
  }

  /// Reads a mapping of capabilities over others.
  init(_ field: Field, over base: Capabilities) {
    self = base
    guard var fields = field.fields() else { return }
    sampling = fields["sampling"]?.choice(Sampling.self) ?? sampling
    thinking = fields["thinking"]?.choice(Thinking.self) ?? thinking
    midSystem = fields["mid_system"]?.bool() ?? midSystem
    prefill = fields["prefill"]?.bool() ?? prefill
    functionIds = fields["function_ids"]?.bool() ?? functionIds
    jsonSchema = fields["json_schema"]?.bool() ?? jsonSchema
    thoughtSignatures = fields["thought_signatures"]?.choice(Signatures.self) ?? thoughtSignatures
    toolChoice = fields["tool_choice"]?.choice(Dialect.ToolChoice.self) ?? toolChoice
    imageURL = fields["image_url"]?.bool() ?? imageURL
    audio = fields["audio"]?.bool() ?? audio
    documents = fields["documents"]?.bool() ?? documents
    fields.end()
  }
}
