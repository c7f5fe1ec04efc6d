/// How much a model is to think before it answers. Source: wire-formats §2.6.
package struct Thinking: Sendable, Equatable {
  /// The scale of efforts.
  package enum Effort: String, Sendable, CaseIterable {
    case none, minimal, low, medium, high, xhigh, max
  }

  /// The effort, nil when the client gave none.
  package var effort: Effort?
  /// Tokens for thinking, nil when the client gave none; 0 is none, −1 is as many as the model likes.
  package var budget: Int?
  /// Whether the model chooses for itself how much it thinks (Messages `adaptive`).
  package var isAdaptive = false
  /// Whether thinking was turned off by its own switch (Messages `disabled`).
  package var isOff = false
  /// Whether the thoughts are to be shown; nil when the client did not say.
  package var isShown: Bool?

  /// A wish for an effort or a budget.
  package init(effort: Effort? = nil, budget: Int? = nil, isShown: Bool? = nil) {
    self.effort = effort
    self.budget = budget
    self.isShown = isShown
  }
}

extension Thinking.Effort {
  /// The tokens that stand for an effort where the wire wants tokens.
  package var budget: Int {
    switch self {
    case .none: 0
    case .minimal: 1024
    case .low: 2048
    case .medium: 8192
    case .high: 24576
    case .xhigh: 32768
    case .max: 65536
    }
  }

  /// The effort that a budget of tokens comes to; nil for one that the model chooses itself (below 0).
  package init?(budget: Int) {
    switch budget {
    case ..<0: return nil
    case 0: self = .none
    case ..<4096: self = .low
    case ..<16384: self = .medium
    default: self = .high
    }
  }
}
