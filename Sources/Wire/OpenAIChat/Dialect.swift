/// How a Chat upstream differs from the official API: a record, not a subclass. Source: wire-formats §4, provider-files §3.
package struct Dialect: Sendable, Equatable {
  /// The member that limits the output.
  package enum LimitName: String, Sendable, CaseIterable {
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
  }

  /// What becomes of reasoning in the history.
  package enum ReasoningReplay: String, Sendable, CaseIterable {
    case drop, required
  }

  /// Which tool choices are understood.
  package enum ToolChoice: String, Sendable, CaseIterable {
    case full
    case autoOnly = "auto_only"
  }

  /// What becomes of members that only the official API knows.
  package enum OfficialOnly: String, Sendable, CaseIterable {
    case passed, dropped
  }

  /// Where reasoning is read, beside tags.
  package enum ReasoningPlace: String, Sendable, CaseIterable {
    case reasoningContent = "reasoning_content"
    case reasoning
    case reasoningDetails = "reasoning_details"
    case contentParts = "content_parts"
    case tags
  }

  /// How reasoning stands in the content itself.
  package enum Tags: String, Sendable, CaseIterable {
    case thinkTags = "think_tags"
    /// The template has opened the block already.
    case implicit = "think_tags_implicit"
    /// The answer behind the block is in a tag too.
    case hunyuan
    case minimax
  }

  /// The name of the preset that it is or is like.
  package var name = "compatible"
  /// The member that limits the output.
  package var limitName = LimitName.maxTokens
  /// Whether the role `developer` is known; else it becomes `system`.
  package var developerRole = false
  /// Where reasoning is read: of those present in one delta the first.
  package var reasoningIn = ReasoningPlace.allCases
  /// What becomes of reasoning in the history.
  package var reasoningReplay = ReasoningReplay.drop
  /// Whether `top_k` is known.
  package var topK = false
  /// How many stop sequences it takes.
  package var stopMax = 4
  /// Which tool choices are understood.
  package var toolChoice = ToolChoice.full
  /// Whether freeform tools are known.
  package var customTools = false
  /// What becomes of members that only the official API knows.
  package var officialOnly = OfficialOnly.dropped
  /// Whether usage comes inside the last choice of a stream; every reader looks there too.
  package var usageInChoice = false
  /// Whether `stream_options` is known.
  package var usageOption = true
  /// How reasoning stands in the content, nil when it does not.
  package var tags: Tags?
}

extension Dialect {
  /// The official API.
  package static let openai = preset("openai") {
    $0.limitName = .maxCompletionTokens
    $0.developerRole = true
    $0.customTools = true
    $0.officialOnly = .passed
  }
  /// What most others are.
  package static let compatible = Dialect()

  /// The preset of a name, nil when there is none. `official` is another name of `openai`.
  package static func named(_ name: String) -> Dialect? {
    name == "official" ? openai : presets.first { $0.name == name }
  }

  /// All presets, in the order of provider-files §3.
  package static let presets: [Dialect] = [
    openai, compatible,
    preset("deepseek") { $0.reasoningReplay = .required },
    preset("kimi") {
      $0.reasoningReplay = .required
      $0.usageInChoice = true
    },
    preset("glm") {
      $0.reasoningReplay = .required
      $0.toolChoice = .autoOnly
      $0.usageOption = false
    },
    preset("minimax") {
      $0.limitName = .maxCompletionTokens
      $0.reasoningReplay = .required
      $0.tags = .minimax
    },
    preset("ernie") { $0.limitName = .maxCompletionTokens },
    preset("qwen") { $0.topK = true },
    preset("vllm") { $0.topK = true },
    preset("openrouter") { $0.topK = true },
    preset("mistral") { _ in },
    preset("think_tags") { $0.tags = .thinkTags },
    preset("think_tags_implicit") { $0.tags = .implicit },
    preset("hunyuan") { $0.tags = .hunyuan },
  ]

  private static func preset(_ name: String, _ change: (inout Dialect) -> Void) -> Dialect {
    var dialect = Dialect()
    dialect.name = name
    change(&dialect)
    return dialect
  }
}
