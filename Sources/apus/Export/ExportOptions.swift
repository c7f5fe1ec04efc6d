import Archive
import Base
import Datasets

/// The options of `apus export`, read into a plan.
struct ExportOptions {
  private(set) var plan: ExportPlan
  let isAll: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    guard let format: DatasetFormat = try Self.choice(&arguments, "--format") else {
      throw UsageError(message: "--format is missing; it wants one of \(Self.words(DatasetFormat.self))")
    }
    guard let folder = try arguments.option("--out"), !folder.isEmpty else { throw UsageError(message: "--out DIR is missing") }
    plan = ExportPlan(format, folder: folder)
    isAll = arguments.flag("--all")
    plan.pairsUndecided = isAll
    try readWriting(&arguments)
    try readTraining(&arguments)
    try readQuality(&arguments)
    let chosen = try RecordsFilter(&arguments)
    plan.filter = chosen.filter
    plan.limit = chosen.limit
    if !isAll, plan.format.unit == .conversation, plan.filter.state == nil { plan.filter.state = .confirmed }
  }

  private mutating func readWriting(_ arguments: inout Arguments) throws(UsageError) {
    plan.isPacked = arguments.flag("--zstd")
    plan.hasRaw = arguments.flag("--raw")
    plan.keepsPrefixes = arguments.flag("--keep-prefixes")
    let file: FileForm? = try Self.choice(&arguments, "--file")
    plan.isArray = file == .json
    if let shards = try RecordsFilter.number(&arguments, "--shards") {
      guard (1...ExportPlan.shardLimit).contains(shards) else {
        throw UsageError(message: "--shards wants a number from 1 to \(ExportPlan.shardLimit)")
      }
      plan.shards = shards
    }
    plan.validation = try Self.share(&arguments, "--validation") ?? 0
    plan.seed = try arguments.option("--seed") ?? ""
    plan.mostRecords = try RecordsFilter.number(&arguments, "--max-records")
  }

  private enum FileForm: String, CaseIterable { case jsonl, json }

  private mutating func readTraining(_ arguments: inout Arguments) throws(UsageError) {
    plan.wantsCalls = arguments.flag("--only-function-call")
    plan.resultLimit = try RecordsFilter.number(&arguments, "--truncate-observation")
    plan.tools = try Self.choice(&arguments, "--tools-schema") ?? .auto
    plan.options.reasoning = try Self.choice(&arguments, "--reasoning") ?? .keep
    plan.options.loss = try Self.choice(&arguments, "--loss") ?? .all
    let beside: KeepOrDrop? = try Self.choice(&arguments, "--text-beside-calls")
    plan.options.keepsTextBesideCalls = beside != .drop
    if let name = try arguments.option("--template") {
      guard let template = TemplateLimits(name) else {
        throw UsageError(message: "--template wants one of \(TemplateLimits.names.joined(separator: ", ")), not “\(name)”")
      }
      plan.template = template
    }
    let warnings: [Warning] = try Self.list(&arguments, "--refuse-warnings")
    plan.refusedWarnings = Set(warnings)
  }

  private enum KeepOrDrop: String, CaseIterable { case keep, drop }

  private mutating func readQuality(_ arguments: inout Arguments) throws(UsageError) {
    plan.quality.leastTurns = try RecordsFilter.number(&arguments, "--min-turns")
    plan.quality.mostTurns = try RecordsFilter.number(&arguments, "--max-turns")
    plan.quality.leastCharacters = try RecordsFilter.number(&arguments, "--min-chars")
    plan.quality.mostCharacters = try RecordsFilter.number(&arguments, "--max-chars")
    plan.quality.mostTokens = try RecordsFilter.number(&arguments, "--max-tokens")
    plan.quality.mostRepetition = try Self.share(&arguments, "--max-repetition")
    let languages: [Language] = try Self.list(&arguments, "--language")
    plan.quality.languages = Set(languages)
    plan.quality.wantsSameLanguage = arguments.flag("--same-language")
    plan.quality.dropsRefusals = arguments.flag("--drop-refusals")
    plan.duplicates = try Self.choice(&arguments, "--dedup") ?? .none
    plan.scrub.mode = try Self.choice(&arguments, "--scrub") ?? .none
  }

  /// Takes the keys that scrubbing must find wherever they stand.
  mutating func know(_ keys: [String]) { plan.scrub.known = keys }

  /// Remembers the words for the manifest.
  mutating func remember(_ words: [(String, String)]) { plan.words = words }

  // MARK: Values

  static func words<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> String where Choice.RawValue == String {
    type.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ arguments: inout Arguments, _ name: String
  ) throws(UsageError) -> Choice? where Choice.RawValue == String {
    guard let word = try arguments.option(name) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      throw UsageError(message: "\(name) wants one of \(words(Choice.self)), not “\(word)”")
    }
    return choice
  }

  private static func list<Choice: RawRepresentable & CaseIterable>(
    _ arguments: inout Arguments, _ name: String
  ) throws(UsageError) -> [Choice] where Choice.RawValue == String {
    var choices: [Choice] = []
    for word in (try arguments.option(name) ?? "").split(separator: ",") {
      guard let choice = Choice(rawValue: String(word)) else {
        throw UsageError(message: "\(name) wants some of \(words(Choice.self)), not “\(word)”")
      }
      choices.append(choice)
    }
    return choices
  }

  private static func share(_ arguments: inout Arguments, _ name: String) throws(UsageError) -> Double? {
    guard let text = try arguments.option(name) else { return nil }
    guard let share = Double(text), share >= 0, share <= 1 else {
      throw UsageError(message: "\(name) wants a share from 0 to 1, not “\(text)”")
    }
    return share
  }
}
