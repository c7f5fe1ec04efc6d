import Archive
import Base

extension SampleReader {
  /// Reads an archived record; `history` is what its `previous_response_id` stands for.
  init(_ exported: ExportedRow, history: [JSON]? = nil, choice: Int = 0) {
    let record = exported.row.record
    func refused(_ reason: InvalidReason, _ detail: String) -> SampleReader { SampleReader(refusing: Refusal(reason, detail)) }
    if exported.isDamaged {
      self = refused(.damaged, "its bodies can't be rebuilt")
    } else if record.keeps == .metadata {
      self = refused(.notKept, "only metadata were kept")
    } else if record.request.isCut || record.response.isCut {
      self = refused(.incompleteStream, "it was longer than what is kept")
    } else if let request = EntryReader.plain(record.request), let response = EntryReader.plain(record.response) {
      let status = record.status == 0 ? 499 : record.status
      let wire = EntryReader.wire(of: record)
      var exchange = RecordedExchange(wire: wire, request: request, status: status, response: response, history: history)
      exchange.choice = choice
      self.init(exchange)
    } else {
      self = refused(.incompleteStream, "its content coding can't be taken off")
    }
  }
}

/// A record on its way into a file.
struct ReadRecord: Sendable {
  var exported: ExportedRow
  var place: Int
  var sample: Sample
  var refusal: Refusal?
  /// The rule that leaves it out; nil when none does.
  var skipped: String?
  /// Findings of scrubbing, by kind.
  var findings: [FindingKind: Int] = [:]
  /// Which choice of it is the answer.
  var choice = 0
  /// The indexes of other choices that came.
  var otherChoices: [Int] = []
  /// Whether the conversation went on with it.
  var wentOn = false
  /// What is written of it; nil for what is left out before, and for one of a pair.
  var written: Result<WrittenRecord, Refusal>?
  /// What duplicates are found by; nil where nobody looks for them.
  var fingerprint: Fingerprint?

  var id: String { exported.row.record.id }
}

/// What is done with each record alone: reading, options, rules, scrubbing, writing. Many threads do it at once.
struct RecordReading: Sendable {
  private let plan: ExportPlan

  init(_ plan: ExportPlan) {
    self.plan = plan
  }

  /// Makes what goes into a file of what was read. `isPrefix`: whether the conversation goes on in another record.
  func read(_ exported: ExportedRow, _ reader: SampleReader, choice: Int, isPrefix: Bool) -> ReadRecord {
    var record = ReadRecord(exported: exported, place: exported.place, sample: reader.sample, refusal: reader.refusal)
    record.choice = choice
    record.otherChoices = reader.otherChoices
    record.wentOn = choice == 0 && isPrefix
    lift(&record)
    guard record.refusal == nil else { return record }
    judge(&record)
    guard record.refusal == nil, record.skipped == nil, plan.format.unit != .pair, plan.keepsPrefixes || !isPrefix else { return record }
    write(&record)
    return record
  }

  private func judge(_ record: inout ReadRecord) {
    if plan.wantsCalls, !record.sample.hasCalls {
      record.skipped = "no_function_call"
      return
    }
    setTools(&record)
    if let limit = plan.resultLimit { record.sample = record.sample.truncatingResults(to: limit) }
    if let warning = record.sample.warnings.intersection(plan.refusedWarnings).map(\.rawValue).min() {
      record.refusal = Refusal(.warningRefused, warning)
      return
    }
    record.refusal = plan.template?.refusal(record.sample, plan.format, plan.options)
    guard record.refusal == nil else { return }
    record.skipped = plan.quality.broken(by: record.sample)
    if record.skipped == nil { scrub(&record) }
  }

  private func write(_ record: inout ReadRecord) {
    record.written = Result { () throws(Refusal) in
      guard plan.format.unit == .labelled else { return try plan.format.record(record.sample, plan.options) }
      return try plan.format.record(record.sample, isWanted: record.exported.review.isWanted ?? false, plan.options)
    }
    if plan.duplicates != .none { record.fingerprint = Fingerprint(record.sample, plan.duplicates) }
  }

  /// With derived tools a call that nobody declared is no reason to refuse.
  private func lift(_ record: inout ReadRecord) {
    if plan.tools == .derive, record.refusal?.reason == .toolCallUndeclared { record.refusal = nil }
  }

  private func setTools(_ record: inout ReadRecord) {
    switch plan.tools {
    case .yes: break
    case .no: record.sample.tools = []
    case .auto: if record.sample.tools.isEmpty { record.sample.tools = DerivedTools.missing(in: record.sample) }
    case .derive: record.sample.tools += DerivedTools.missing(in: record.sample)
    }
  }

  private func scrub(_ record: inout ReadRecord) {
    guard plan.scrub.mode != .none else { return }
    var scrubber = Scrubber(Finder(known: plan.scrub.known))
    let masked = scrubber.masked(record.sample)
    record.findings = scrubber.counts
    guard !scrubber.counts.isEmpty else { return }
    switch plan.scrub.mode {
    case .mask: record.sample = masked
    case .drop: record.skipped = "personal_data"
    case .flag, .none: break
    }
  }
}

extension Review {
  /// Whether an answer is wanted; nil where that was not decided.
  var isWanted: Bool? {
    switch state {
    case .confirmed: true
    case .rejected: false
    case .new, .needsEdit: score.flatMap { $0 >= 4 ? true : $0 <= 2 ? false : nil }
    }
  }
}
