/// A format of training data. Source: formats/datasets.md §0, §2 to §8.
package enum DatasetFormat: String, Sendable, CaseIterable {
  /// LLaMA-Factory's ShareGPT.
  case sharegpt
  /// ShareGPT as FastChat and old axolotl files have it: `human` and `gpt` alone.
  case fastchat
  /// OpenAI's fine-tuning.
  case openai
  /// TRL's and Hugging Face's messages.
  case trl
  /// TRL's messages with arguments as text and marks of what is trained.
  case axolotl
  /// ms-swift's messages.
  case msSwift = "ms-swift"
  /// Alpaca with a history.
  case alpaca
  case sharegptDPO = "sharegpt-dpo"
  case trlDPO = "trl-dpo"
  case openaiDPO = "openai-dpo"
  case msSwiftDPO = "ms-swift-dpo"
  case sharegptKTO = "sharegpt-kto"
  case trlKTO = "trl-kto"
  case msSwiftKTO = "ms-swift-kto"

  /// What one record is made of.
  package enum Unit: Sendable {
    /// One conversation.
    case conversation
    /// Two answers to the same, of which one is better.
    case pair
    /// One conversation that is wanted or not.
    case labelled
  }

  /// What one record is made of.
  package var unit: Unit {
    switch self {
    case .sharegpt, .fastchat, .openai, .trl, .axolotl, .msSwift, .alpaca: .conversation
    case .sharegptDPO, .trlDPO, .openaiDPO, .msSwiftDPO: .pair
    case .sharegptKTO, .trlKTO, .msSwiftKTO: .labelled
    }
  }

  /// The record of a conversation. Throws why it has none in this format.
  package func record(_ sample: Sample, _ options: FormatOptions) throws(Refusal) -> WrittenRecord {
    switch self {
    case .sharegpt: try ShareGPT(sample, options).record
    case .fastchat: try ShareGPT(sample, options).fastChatRecord
    case .openai: try OpenAIMessages(sample, options).record
    case .trl: try TRLMessages(sample, options).record
    case .axolotl: try TRLMessages(sample, options, hasTextArguments: true).record
    case .msSwift: try SwiftMessages(sample, options).record
    case .alpaca: try Alpaca(sample, options).record
    case .sharegptDPO, .trlDPO, .openaiDPO, .msSwiftDPO, .sharegptKTO, .trlKTO, .msSwiftKTO:
      throw Refusal(.notInFormat, "one conversation is no record of \(rawValue)")
    }
  }

  /// The record of two answers to the same conversation. Throws why it has none in this format.
  package func record(chosen: Sample, rejected: Sample, _ options: FormatOptions) throws(Refusal) -> WrittenRecord {
    switch self {
    case .sharegptDPO: try ShareGPT(chosen, options).record(rejecting: ShareGPT(rejected, options))
    case .trlDPO: try TRLMessages(chosen, options).record(rejecting: TRLMessages(rejected, options))
    case .openaiDPO: try OpenAIMessages(chosen, options).record(rejecting: OpenAIMessages(rejected, options))
    case .msSwiftDPO: try SwiftMessages(chosen, options).record(rejecting: SwiftMessages(rejected, options))
    default: throw Refusal(.notInFormat, "a pair is no record of \(rawValue)")
    }
  }

  /// The record of a conversation that is wanted or not. Throws why it has none in this format.
  package func record(_ sample: Sample, isWanted: Bool, _ options: FormatOptions) throws(Refusal) -> WrittenRecord {
    switch self {
    case .sharegptKTO: try ShareGPT(sample, options).record(isWanted: isWanted)
    case .trlKTO: try TRLMessages(sample, options).record(isWanted: isWanted)
    case .msSwiftKTO: try SwiftMessages(sample, options).record(isWanted: isWanted)
    default: throw Refusal(.notInFormat, "a label is no record of \(rawValue)")
    }
  }
}
