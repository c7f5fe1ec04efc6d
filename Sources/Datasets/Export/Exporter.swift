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
    duplicates = Duplicates(plan.duplicates, among: 0)
  }

  /// Does it. Throws `.internal` with the code `export_failed` when a file can't be written, and as `Archive`.
  package func run() throws(Fault) -> ExportCounts {
    try archive.readsOnce()
    let selection = try ExportSelection(archive, plan)
    thoughts = try HistoryThoughts(archive, plan, selection)
    duplicates = Duplicates(plan.duplicates, among: selection.places.count)
    try Folder.make(plan.folder)
    let resume = ResumeState(aside, plan, selection)
    try resume.begin()
    for shard in 0..<plan.shards {
      let units = shard * selection.count / plan.shards..<(shard + 1) * selection.count / plan.shards
      if let done = resume.done(shard) {
        counts.add(done.counts)
        files += done.files
        for leaf in done.leaves.members { kept.insert(leaf) }
        continue
      }
      try write(shard, units, selection, resume)
    }
    try Publication(plan, aside, counts, files).publish()
    return counts
  }

  private func write(_ shard: Int, _ units: Range<Int>, _ selection: ExportSelection, _ resume: ResumeState) throws(Fault) {
    let writer = try ShardWriter(plan, aside, shard: shard)
    var leaves = BitSet()
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

  private func write(_ units: Range<Int>, _ selection: ExportSelection, _ writer: ShardWriter, _ leaves: inout BitSet) throws(Fault) {
    let places = Array(selection.records(units))
    writer.count(places.count)
    let rows = try archive.exported(places, hasReviews: plan.format.unit != .conversation)
    let present = Dictionary(rows.map { ($0.place, $0) }, uniquingKeysWith: { $1 })
    let records = try read(places.compactMap { present[$0] }, selection)
    guard plan.format.unit == .pair else {
      for record in records { try write(record, selection, writer, &leaves) }
      return
    }
    let byPlace = Dictionary(records.map { ($0.place, $0) }, uniquingKeysWith: { $1 })
    for unit in units {
      var answers: [ReadRecord] = []
      for place in selection.records(unit..<unit + 1) {
        if let first = byPlace[place] { answers += try [first] + others(first, selection) }
      }
      try Preferences(answers, plan).write(to: writer)
    }
  }

  /// Reads records: what the archive is asked for one by one, all else on all cores.
  private func read(_ page: [ExportedRow], choice: Int = 0, _ selection: ExportSelection) throws(Fault) -> [ReadRecord] {
    let asked = try page.map { exported throws(Fault) in (exported, try selection.responses.history(of: exported, in: archive)) }
    var readers = asked.concurrentMap { SampleReader($0.0, history: $0.1, choice: choice) }
    for (position, exported) in page.enumerated() {
      // What is not going to be written needs no more.
      guard plan.keepsPrefixes || plan.format.unit == .pair || !selection.isPrefix(exported.place) else { continue }
      if let leaf = selection.leaves[exported.place] { try thoughts.restore(&readers[position].sample, endingOn: leaf) }
    }
    let parts = zip(page, readers).map { (exported: $0, reader: $1, isPrefix: selection.isPrefix($0.place)) }
    return parts.concurrentMap { [reading] in reading.read($0.exported, $0.reader, choice: choice, isPrefix: $0.isPrefix) }
  }

  /// The other choices of a record.
  private func others(_ first: ReadRecord, _ selection: ExportSelection) throws(Fault) -> [ReadRecord] {
    var others: [ReadRecord] = []
    for choice in first.otherChoices.prefix(Preferences.choiceLimit) {
      others += try read([first.exported], choice: choice, selection)
    }
    return others
  }

  private func write(_ record: ReadRecord, _ selection: ExportSelection, _ writer: ShardWriter, _ leaves: inout BitSet) throws(Fault) {
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
    switch record.written {
    case nil: break
    case .failure(let refusal): try writer.refuse(record, refusal)
    case .success(let written):
      if let duplicate = try duplicate(record, selection) { return try writer.skip(record.id, duplicate) }
      try writer.find(record)
      try writer.write(written, record)
      if let leaf {
        kept.insert(leaf)
        leaves.insert(leaf)
      }
    }
  }

  private func noLabel(_ record: ReadRecord) -> String? {
    plan.format.unit == .labelled && record.exported.review.isWanted == nil ? "no_label" : nil
  }

  private func duplicate(_ record: ReadRecord, _ selection: ExportSelection) throws(Fault) -> String? {
    guard let fingerprint = record.fingerprint else { return nil }
    return try duplicates.add(fingerprint, place: record.place) { place throws(Fault) in
      try read(archive.exported([place], hasReviews: false), selection).first?.fingerprint?.runs
    }
  }
}
