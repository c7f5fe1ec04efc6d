import Archive
import Base

/// Gives back what the model thought in earlier turns where the client left it out of its history: the records of the calls that made those
/// turns have it. Source: formats/datasets.md §10.
struct HistoryThoughts {
  private var archive: Archive?
  /// Places of records by the turns that they ended on.
  private var records: [Int: Int] = [:]

  /// Gives nothing back.
  init() {}

  /// Of the records in an archive, chosen or not: who reviews confirms the last one of a conversation alone.
  init(_ archive: Archive, _ plan: ExportPlan, _ selection: ExportSelection) throws(Fault) {
    guard plan.keepsThoughts else { return }
    self.archive = archive
    records = try archive.endings(on: selection.inner)
  }

  /// Sets the thoughts that a sample lacks, whose last turn is `leaf`.
  func restore(_ sample: inout Sample, endingOn leaf: Int) throws(Fault) {
    guard let archive, !records.isEmpty else { return }
    let places = sample.turns.indices.filter { sample.turns[$0].isModel }
    guard places.dropLast().contains(where: { sample.turns[$0].lacksThought }) else { return }
    let turns = try archive.modelTurns(to: leaf)
    // The archive counts turns in its own way; where that is another one nothing can be said.
    guard turns.count == places.count else { return }
    for (place, turn) in zip(places, turns).dropLast() where sample.turns[place].lacksThought {
      guard let record = records[turn], case .model(var told) = sample.turns[place] else { continue }
      guard let answer = try answer(of: record, in: archive) else { continue }
      guard ChainHash.canonical(answer).bytes == ChainHash.canonical(told).bytes else { continue }
      told.reasoning = answer.reasoning
      sample.turns[place] = .model(told)
    }
  }

  private func answer(of place: Int, in archive: Archive) throws(Fault) -> ModelTurn? {
    guard let exported = try archive.exported([place], hasReviews: false, hasRequests: false).first, !exported.isDamaged else { return nil }
    let record = exported.row.record
    guard !record.response.isCut, let wire = EntryReader.wire(of: record), let bytes = EntryReader.plain(record.response) else {
      return nil
    }
    var notes = Notes()
    let answer = AnswerReader(wire, status: record.status, bytes, &notes).answer
    guard notes.refusal == nil || notes.refusal?.reason == .truncatedLength else { return nil }
    return ModelText(reply: answer).turn
  }
}

extension SampleTurn {
  /// Whether it is a turn of the model without a thought.
  fileprivate var lacksThought: Bool { if case .model(let turn) = self { turn.reasoning.isEmpty } else { false } }
}
