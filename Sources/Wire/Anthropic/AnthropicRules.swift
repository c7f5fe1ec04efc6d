import Base

/// The error rules of a provider file, and which of them say anything of what is no error.
///
/// A usual event has no `error`, so that most rules can't fit it and it needs no closer look. A rule of text alone is never about one:
/// there the text is the model's own and may say anything.
struct AnthropicRules: Sendable {
  /// All that may fit an answer with status 200.
  let all: [ErrorRule]
  /// Those that may fit a usual event or a reply.
  let usual: [ErrorRule]

  init(_ rules: [ErrorRule]) {
    all = RelayRules(rules).all
    let ordinary: Set<String?> = [nil, "type", "index", "delta", "content_block", "message", "usage"]
    usual = all.filter { rule in
      !rule.when.isEmpty && rule.when.allSatisfy { ordinary.contains($0.path.topLevelName) }
    }
  }

  /// What a frame means that isn't usual, nil when it is no error.
  func fault(_ json: JSON, event: String?) -> Fault? {
    if let fault = all.fault(of: UpstreamAnswer(frame: json, event: event)) { return fault }
    return ErrorReading.isError(json, event: event) ? AnthropicError.fault(json, event: event) : nil
  }

  /// What a usual event means that a rule is about.
  func fault(usual json: JSON, event: String?) -> Fault? {
    usual.isEmpty ? nil : usual.fault(of: UpstreamAnswer(frame: json, event: event))
  }

  /// What a whole body with status 200 means, nil when it is a reply.
  static func fault(body json: JSON, rules: [ErrorRule]) -> Fault? {
    let isReply = json["content"]?.kind == .array
    let rules = RelayRules(rules).all.filter { !isReply || !$0.when.isEmpty }
    if let fault = rules.fault(of: UpstreamAnswer(frame: json)) { return fault }
    return !isReply && ErrorReading.isError(json, event: nil) ? AnthropicError.fault(json, event: nil) : nil
  }
}
