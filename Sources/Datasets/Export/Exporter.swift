package import Archive
package import Base

/// Writes an export: reads the chosen records in their order, and files those that are valid, those that aren't, and those that a rule leaves out.
///
/// Everything is written into `FOLDER/.export` first, shard by shard, and renamed at the end. An export of the same plan that was broken off goes on
/// behind its last whole shard.
package final class Exporter {
  private let archive: Archive
  private let plan: ExportPlan
  private let reading: RecordReading
  private let aside: String
  private var duplicates: Duplicates
  private var thoughts = HistoryThoughts()
  /// Last turns of what was written.
  private var kept = BitSet()
  private var counts = ExportCounts()
  private var files: [ExportedFile] = []
  /// Told after every page: how many units are done, and of how many.
  package var progress: (Int, Int) -> Void = { _, _ in }

  /// Records that are read at once.
  private static let pageSize = 256

  /// An export from an archive.
  package init(_ archive: Archive, _ plan: ExportPlan) {
    self.archive = archive
    self.plan = plan
    reading = RecordReading(plan)
    aside = plan.folder + "/.export"
    duplicates = Duplicates(plan.duplicates)
  }

  /// Does it. Throws `.internal` with the code `export_failed` when a file can't be written, and as `Archive`.
  package func run() throws(Fault) -> ExportCounts {
    try archive.readsOnce()
    let selection = try ExportSelection(archive, plan)
    thoughts = try HistoryThoughts(archive, plan, selection)
    try Folder.make(plan.folder)
    let resume = ResumeState(aside, plan, selection)
    try resume.begin()
    for shard in 0..<plan.shards {
      let units = shard * selection.count / plan.shards..<(shard + 1) * selection.count / plan.shards
      if let done = resume.done(shard) {
        counts.add(done.counts)
        files += done.files
        for leaf in done.leaves { kept.insert(leaf) }
        continue
      }
      try write(shard, units, selection, resume)
    }
    try Publication(plan, aside, counts, files).publish()
    return counts
  }

  private func write(_ shard: Int, _ units: Range<Int>, _ selection: ExportSelection, _ resume: ResumeState) throws(Fault) {
    let writer = try ShardWriter(plan, aside, shard: shard)
    var leaves: [Int] = []
    var start = units.lowerBound
    let step = plan.format.unit == .pair ? 1 : Self.pageSize
    while start < units.upperBound {
      let page = start..<min(units.upperBound, start + step)
      try write(page, selection, writer, &leaves)
      start = page.upperBound
      progress(start, selection.count)
    }
    let files = try writer.end()
    try resume.end(shard, writer.counts, files, leaves)
    counts.add(writer.counts)
    self.files += files
  }

  private func write(_ units: Range<Int>, _ selection: ExportSelection, _ writer: ShardWriter, _ leaves: inout [Int]) throws(Fault) {
    let places = Array(selection.records(units))
    writer.count(places.count)
    let rows = try archive.exported(places, hasReviews: plan.format.unit != .conversation)
    let present = Dictionary(rows.map { ($0.place, $0) }, uniquingKeysWith: { $1 })
    let records = try places.compactMap { present[$0] }.map { exported throws(Fault) in try read(exported, selection) }
    if plan.format.unit == .pair { return try writePair(records, writer) }
    for record in records { try write(record, selection, writer, &leaves) }
  }

  private func read(_ exported: ExportedRow, _ selection: ExportSelection) throws(Fault) -> ReadRecord {
    var reader = SampleReader(exported)
    // What is not going to be written needs no more.
    if plan.keepsPrefixes || !selection.isPrefix(exported.place), let leaf = selection.leaves[exported.place] {
      try thoughts.restore(&reader.sample, endingOn: leaf)
    }
    return reading.read(exported, reader)
  }

  private func write(_ record: ReadRecord, _ selection: ExportSelection, _ writer: ShardWriter, _ leaves: inout [Int]) throws(Fault) {
    let leaf = selection.leaves[record.place]
    if let refusal = record.refusal, refusal.reason != .truncatedLength { return try writer.refuse(record, refusal) }
    if !plan.keepsPrefixes {
      if selection.isPrefix(record.place) { return try writer.skip(record.id, "prefix_of_longer") }
      if let leaf, kept.contains(leaf) { return try writer.skip(record.id, "duplicate_conversation") }
    }
    if let refusal = record.refusal { return try writer.refuse(record, refusal) }
    if let most = plan.mostRecords, counts.allWritten + writer.counts.allWritten >= most {
      return try writer.skip(record.id, "max_records")
    }
    if let skipped = record.skipped ?? noLabel(record) { return try writer.skip(record.id, skipped) }
    switch written(record) {
    case .failure(let refusal): try writer.refuse(record, refusal)
    case .success(let written):
      if let duplicate = try duplicate(record, selection) { return try writer.skip(record.id, duplicate) }
      try writer.find(record)
      try writer.write(written, record)
      if let leaf {
        kept.insert(leaf)
        leaves.append(leaf)
      }
    }
  }

  private func written(_ record: ReadRecord) -> Result<WrittenRecord, Refusal> {
    Result { () throws(Refusal) in
      guard plan.format.unit == .labelled else { return try plan.format.record(record.sample, plan.options) }
      return try plan.format.record(record.sample, isWanted: record.exported.review.isWanted ?? false, plan.options)
    }
  }

  private func noLabel(_ record: ReadRecord) -> String? {
    plan.format.unit == .labelled && record.exported.review.isWanted == nil ? "no_label" : nil
  }

  private func duplicate(_ record: ReadRecord, _ selection: ExportSelection) throws(Fault) -> String? {
    try duplicates.add(record.sample, place: record.place) { place throws(Fault) in
      try archive.exported([place], hasReviews: false).first.map { exported throws(Fault) in try read(exported, selection).sample }
    }
  }

  // MARK: Pairs

  /// Writes pairs of answers to the same: the one that was judged best with each that was judged worse.
  private func writePair(_ records: [ReadRecord], _ writer: ShardWriter) throws(Fault) {
    var valid: [ReadRecord] = []
    for record in records {
      if let refusal = record.refusal { try writer.refuse(record, refusal) } else { valid.append(record) }
    }
    let best = valid.max { $0.exported.review.rank < $1.exported.review.rank }
    for record in valid where record.place != best?.place {
      guard let best, best.exported.review.rank > record.exported.review.rank, best.skipped == nil, record.skipped == nil else {
        try writer.skip(record.id, record.skipped ?? best?.skipped ?? "no_preference")
        continue
      }
      let pair = Result { () throws(Refusal) in
        guard best.sample.answerKey != record.sample.answerKey else { throw Refusal(.notInFormat, "both answers are the same") }
        return try plan.format.record(chosen: best.sample, rejected: record.sample, plan.options)
      }
      switch pair {
      case .failure(let refusal): try writer.refuse(record, refusal)
      case .success(let written): try writer.write(written, best)
      }
    }
  }
}

extension Review {
  /// The better of two answers has the higher one: what was confirmed comes before what nobody decided on, then the score counts.
  fileprivate var rank: Int {
    let state =
      switch state {
      case .confirmed: 2
      case .new, .needsEdit: 1
      case .rejected: 0
      }
    return state * 10 + (score ?? 0)
  }

  /// Whether an answer is wanted; nil where that was not decided.
  fileprivate var isWanted: Bool? {
    switch state {
    case .confirmed: true
    case .rejected: false
    case .new, .needsEdit: score.flatMap { $0 >= 4 ? true : $0 <= 2 ? false : nil }
    }
  }
}

extension Sample {
  /// What the last answer says and calls.
  fileprivate var answerKey: String {
    (answer?.text ?? "") + "\u{0}" + (answer?.calls ?? []).map { $0.name + " " + $0.arguments }.joined(separator: "\u{0}")
  }
}
