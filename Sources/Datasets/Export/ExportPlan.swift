package import Archive

/// Where the tools of a record come from.
package enum ToolsRule: String, Sendable, CaseIterable {
  /// Those that were declared; where none were, what the calls tell.
  case auto
  /// Those that were declared.
  case yes
  /// None.
  case no
  /// Those that were declared, and for others what the calls tell; a call of such a tool is no reason to refuse a record.
  case derive
}

/// What an export is to do.
package struct ExportPlan: Sendable {
  /// What a record looks like.
  package var format: DatasetFormat
  /// How it says thoughts, calls and what is trained.
  package var options = FormatOptions()
  /// The folder that the files go to.
  package var folder: String
  /// Which records.
  package var filter = Filter()
  /// Chosen at most, the latest first; nil for all.
  package var limit: Int?
  /// Written at most; nil for all.
  package var mostRecords: Int?
  /// Whether only conversations in which a tool is called are wanted.
  package var wantsCalls = false
  /// So many characters of a tool's result are kept; nil for all.
  package var resultLimit: Int?
  /// Where the tools come from.
  package var tools = ToolsRule.yes
  /// The chat template that must render each record; nil for any.
  package var template: TemplateLimits?
  /// Warnings of which none may be on a record.
  package var refusedWarnings: Set<Warning> = []
  /// Whether pairs are also made of answers that nobody judged.
  package var pairsUndecided = false
  /// Whether beginnings of longer conversations are written too.
  package var keepsPrefixes = false
  /// Whether the invalid ones are listed with what was sent and answered.
  package var hasRaw = false
  /// Whether files are one JSON array instead of lines.
  package var isArray = false
  /// Whether files are packed with zstd.
  package var isPacked = false
  /// Files of one split, 1 to `shardLimit`.
  package var shards = 1
  /// The share of conversations that go to the validation files, 0 to 1.
  package var validation = 0.0
  /// Another one makes another choice of what is validation.
  package var seed = ""
  /// What is left out for how it reads.
  package var quality = QualityRules()
  /// What becomes of secrets and personal data.
  package var scrub = ScrubRules()
  /// What is left out for being said before.
  package var duplicates = DuplicateRule.none
  /// The options as they were said, for the manifest.
  package var words: [(String, String)] = []

  /// Everything as the rules say.
  package init(_ format: DatasetFormat, folder: String) {
    self.format = format
    self.folder = folder
  }

  /// Whether the model's thoughts are written.
  var keepsThoughts: Bool {
    let isDropped = format == .openai || format == .openaiDPO ? options.reasoning != .split : options.reasoning == .drop
    return !isDropped
  }

  /// The most files of one split.
  package static let shardLimit = 4096

  /// What tells two plans apart, without where the files go.
  var fingerprint: [UInt8] {
    Array(([format.rawValue] + words.map { "\($0.0)=\($0.1)" } + [Rules.version]).joined(separator: "\n").utf8)
  }
}

/// The versions of what decides on the bytes of an export.
package enum Rules {
  /// Of reading, checking and writing.
  package static let version = "3"
}
