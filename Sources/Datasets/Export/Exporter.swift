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
    while start < units.upperBound {
      let page = start..<min(units.upperBound, start + Self.pageSize)
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
    if plan.format.unit == .pair {
      for unit in units {
        var answers: [ReadRecord] = []
        for place in selection.records(unit..<unit + 1) {
          if let exported = present[place] { answers += try self.answers(exported, selection) }
        }
        try Preferences(answers, plan).write(to: writer)
      }
      return
    }
    let records = try places.compactMap { present[$0] }.map { exported throws(Fault) in try read(exported, selection) }
    for record in records { try write(record, selection, writer, &leaves) }
  }

  private func read(_ exported: ExportedRow, _ selection: ExportSelection) throws(Fault) -> ReadRecord {
    try read(exported, choice: 0, selection).record
  }

  private func read(
    _ exported: ExportedRow, choice: Int, _ selection: ExportSelection
  ) throws(Fault) -> (record: ReadRecord, others: [Int]) {
    var reader = SampleReader(exported, history: try selection.responses.history(of: exported, in: archive), choice: choice)
    // What is not going to be written needs no more.
    let isWritten = plan.keepsPrefixes || plan.format.unit == .pair || !selection.isPrefix(exported.place)
    if isWritten, let leaf = selection.leaves[exported.place] { try thoughts.restore(&reader.sample, endingOn: leaf) }
    var record = reading.read(exported, reader)
    record.choice = choice
    record.wentOn = choice == 0 && selection.isPrefix(exported.place)
    return (record, reader.otherChoices)
  }

  /// A record with each of its choices.
  private func answers(_ exported: ExportedRow, _ selection: ExportSelection) throws(Fault) -> [ReadRecord] {
    let first = try read(exported, choice: 0, selection)
    return try [first.record]
      + first.others.prefix(Preferences.choiceLimit).map { choice throws(Fault) in
        try read(exported, choice: choice, selection).record
      }
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
}

extension Review {
  /// Whether an answer is wanted; nil where that was not decided.
  fileprivate var isWanted: Bool? {
    switch state {
    case .confirmed: true
    case .rejected: false
    case .new, .needsEdit: score.flatMap { $0 >= 4 ? true : $0 <= 2 ? false : nil }
    }
  }
}
