/// A format of training data.
package enum DatasetFormat: String, Sendable, CaseIterable {
  /// LLaMA-Factory's ShareGPT.
  case sharegpt
  /// OpenAI's fine-tuning.
  case openai
  /// TRL's and Hugging Face's messages, which axolotl reads too.
  case trl

  /// The record of a sample. Throws why it has none in this format.
  package func record(_ sample: Sample, _ options: FormatOptions) throws(Refusal) -> WrittenRecord {
    switch self {
    case .sharegpt: try ShareGPT(sample, options).record
    case .openai: try OpenAIMessages(sample, options).record
    case .trl: try TRLMessages(sample, options).record
    }
  }
}
