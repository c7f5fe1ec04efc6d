import Base

/// The error rules of a relay, and for which chunks they need a tape.
struct RelayRules: Sendable {
  let all: [ErrorRule]
  /// Whether a rule looks into what every chunk has.
  let needEveryChunk: Bool

  init(_ rules: [ErrorRule]) {
    all = rules.filter { rule in
      (rule.status?.contains(200) ?? true) && rule.contentTypes.isEmpty && rule.headers.isEmpty
    }
    let ordinary: Set<String?> = [nil, "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"]
    needEveryChunk = all.contains { rule in
      // A rule of text alone never fits a chunk with choices.
      !rule.when.isEmpty && rule.when.allSatisfy { ordinary.contains($0.path.topLevelName) }
    }
  }

  /// Whether a chunk must be looked at more closely.
  func look(into scan: ChunkScan) -> Bool {
    needEveryChunk || (scan.hasOthers && !all.isEmpty)
  }

  /// Looks closely at a frame: throws what it means if it is an error; nil when it is no chunk at all.
  static func inspect(_ frame: Frame, _ rules: [ErrorRule]) throws(Fault) -> ChunkScan? {
    let json = try frame.json()
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: json, event: frame.event), rules: rules) { throw fault }
    return ChunkScan(frame.data.span)
  }
}
