/// The wires that clients speak, and what things are called in them.
package enum ClientWire: String, Sendable, CaseIterable {
  case chat = "openai-chat"
  case responses = "openai-responses"
  case messages = "anthropic"
  case gemini
  case completions = "openai-completions"

  /// A setting of a chat, by the name that loss reports give it.
  package enum Setting: Sendable {
    case maxTokens, temperature, topP, topK, stop, candidates, frequencyPenalty, presencePenalty, seed, logprobs, topLogprobs, logitBias
    case user, toolChoice, parallelCalls, format, effort, budget
  }

  /// The path of a setting in a body of this wire. For one that the client did not send, `last(of:)` is the name. Source: wire-formats §5.
  package func path(of setting: Setting) -> String {
    switch self {
    case .chat, .completions: chatPath(setting)
    case .responses: responsesPath(setting)
    case .messages: messagesPath(setting)
    case .gemini: geminiPath(setting)
    }
  }

  /// The plain name of a setting, for one that the client did not send.
  package func name(of setting: Setting) -> String {
    let path = path(of: setting)
    return path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
  }

  private func chatPath(_ setting: Setting) -> String {
    switch setting {
    case .maxTokens: "max_tokens"
    case .temperature: "temperature"
    case .topP: "top_p"
    case .topK: "top_k"
    case .stop: "stop"
    case .candidates: "n"
    case .frequencyPenalty: "frequency_penalty"
    case .presencePenalty: "presence_penalty"
    case .seed: "seed"
    case .logprobs: "logprobs"
    case .topLogprobs: "top_logprobs"
    case .logitBias: "logit_bias"
    case .user: "user"
    case .toolChoice: "tool_choice"
    case .parallelCalls: "parallel_tool_calls"
    case .format: "response_format"
    case .effort, .budget: "reasoning_effort"
    }
  }

  private func responsesPath(_ setting: Setting) -> String {
    switch setting {
    case .maxTokens: "max_output_tokens"
    case .format: "text.format"
    case .effort, .budget: "reasoning.effort"
    default: chatPath(setting)
    }
  }

  private func messagesPath(_ setting: Setting) -> String {
    switch setting {
    case .stop: "stop_sequences"
    case .user: "metadata.user_id"
    case .parallelCalls: "tool_choice.disable_parallel_tool_use"
    case .format: "output_config.format"
    case .effort: "output_config.effort"
    case .budget: "thinking.budget_tokens"
    default: chatPath(setting)
    }
  }

  private func geminiPath(_ setting: Setting) -> String {
    switch setting {
    case .maxTokens: "generationConfig.maxOutputTokens"
    case .temperature: "generationConfig.temperature"
    case .topP: "generationConfig.topP"
    case .topK: "generationConfig.topK"
    case .stop: "generationConfig.stopSequences"
    case .candidates: "generationConfig.candidateCount"
    case .frequencyPenalty: "generationConfig.frequencyPenalty"
    case .presencePenalty: "generationConfig.presencePenalty"
    case .seed: "generationConfig.seed"
    case .logprobs: "generationConfig.responseLogprobs"
    case .topLogprobs: "generationConfig.logprobs"
    case .logitBias: "logitBias"
    case .user: "user"
    case .toolChoice, .parallelCalls: "toolConfig.functionCallingConfig.mode"
    case .format: "generationConfig.responseSchema"
    case .effort: "generationConfig.thinkingConfig.thinkingLevel"
    case .budget: "generationConfig.thinkingConfig.thinkingBudget"
    }
  }
}

extension ClientWire {
  /// Something inside a part, a tool or a message, by the name that loss reports give it.
  package enum Detail: Sendable {
    case imageDetail, imageURL, documentURL, isError, callID, arguments, toolName, parameters
  }

  /// The member behind a part's (or a tool's) path.
  package func member(_ detail: Detail) -> String {
    switch (detail, self) {
    case (.imageDetail, .chat): "image_url.detail"
    case (.imageDetail, _): "detail"
    case (.imageURL, .chat): "image_url.url"
    case (.imageURL, .responses): "image_url"
    case (.imageURL, .gemini), (.documentURL, .gemini): "fileData.fileUri"
    case (.imageURL, _), (.documentURL, .messages): "source.url"
    case (.documentURL, _): "file_url"
    case (.isError, _): "is_error"
    case (.callID, .gemini): "functionCall.id"
    case (.callID, .responses): "call_id"
    case (.callID, _): "id"
    case (.arguments, .messages): "input"
    case (.arguments, .gemini): "functionCall.args"
    case (.arguments, .chat): "function.arguments"
    case (.arguments, _): "arguments"
    case (.toolName, .chat): "function.name"
    case (.toolName, _): "name"
    case (.parameters, .messages): "input_schema"
    case (.parameters, .chat): "function.parameters"
    case (.parameters, _): "parameters"
    }
  }
}
