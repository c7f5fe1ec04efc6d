/// What a chat template refuses or loses. Source: formats/datasets.md §2 and §6, the tables of runs.
package struct TemplateLimits: Sendable {
  /// Its name, as the option says it.
  package let name: String
  private let limits: Set<Limit>

  private enum Limit: String, Sendable {
    case parallelCalls = "several calls in one turn"
    case textBesideCalls = "text beside a call"
    case thoughtBesideCalls = "a thought beside a call"
    case textAndThought = "text and a thought beside a call"
    case argumentObjects = "arguments that are objects"
    case laterSystem = "a system text that is not the first"
    case otherOrder = "turns that don't alternate"
    case calls = "calls of tools"
  }

  private static let table: [(name: String, limits: Set<Limit>)] = [
    ("llama3.1", [.parallelCalls, .textBesideCalls]), ("llama3.2", [.parallelCalls, .textBesideCalls]),
    ("deepseek-v3", [.argumentObjects]), ("gpt-oss", [.textAndThought]), ("qwen3.6", [.laterSystem]), ("cohere2", [.otherOrder, .calls]),
    ("glm4", [.parallelCalls]),
    // The templates of LLaMA-Factory's Llama-2 class have no words for tags around calls.
    ("llama2", [.textBesideCalls, .thoughtBesideCalls]), ("gemma", [.textBesideCalls, .thoughtBesideCalls]),
    ("mistral", [.textBesideCalls, .thoughtBesideCalls]), ("ministral", [.textBesideCalls, .thoughtBesideCalls]),
    ("pixtral", [.textBesideCalls, .thoughtBesideCalls]), ("phi4_mini", [.textBesideCalls, .thoughtBesideCalls]),
    ("minimax2", [.textBesideCalls, .thoughtBesideCalls]), ("opencoder", [.textBesideCalls, .thoughtBesideCalls]),
    ("qwen2.5", []), ("qwen3", []), ("glm4moe", []), ("nemotron-3-nano", []), ("lfm2", []), ("qwen2.5-vl", []), ("qwen3-vl", []),
  ]

  /// The names there are.
  package static var names: [String] { table.map(\.name) }

  /// A template by its name; nil for one that is not known.
  package init?(_ name: String) {
    guard let row = Self.table.first(where: { $0.name == name }) else { return nil }
    self.name = row.name
    limits = row.limits
  }

  /// Why the template can't render a record; nil when it can.
  func refusal(_ sample: Sample, _ format: DatasetFormat, _ options: FormatOptions) -> Refusal? {
    let keepsThoughts = options.reasoning != .drop
    for turn in sample.turns {
      switch turn {
      case .client(let turn):
        if format == .openai, turn.segments.contains(where: \.isSystem), limits.contains(.laterSystem) { return refusal(.laterSystem) }
        if !turn.results.isEmpty, !turn.segments.isEmpty, limits.contains(.otherOrder) { return refusal(.otherOrder) }
      case .model(let turn):
        guard !turn.calls.isEmpty else { continue }
        let hasText = !turn.text.isEmpty && options.keepsTextBesideCalls
        let hasThought = !turn.reasoning.isEmpty && keepsThoughts
        let found: [Limit] =
          [.calls] + (turn.calls.count > 1 ? [.parallelCalls] : []) + (hasText ? [.textBesideCalls] : [])
          + (hasThought ? [.thoughtBesideCalls] : []) + (hasText && hasThought ? [.textAndThought] : [])
          + (format == .trl || format == .trlDPO || format == .trlKTO ? [.argumentObjects] : [])
        if let limit = found.first(where: { limits.contains($0) }) { return refusal(limit) }
      }
    }
    if sample.turns.first?.isModel == true, limits.contains(.otherOrder) { return refusal(.otherOrder) }
    return nil
  }

  private func refusal(_ limit: Limit) -> Refusal { Refusal(.templateLimit, "\(name) can't take \(limit.rawValue)") }
}
