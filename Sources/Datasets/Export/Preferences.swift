import Archive
import Base

/// Which of several answers to the same is better. Source: formats/datasets.md §9.4.
///
/// What was decided comes first: confirmed, then undecided, then rejected, and within that the score. Another choice of one request is an
/// answer that nobody decided on. Where nobody decided on any, a plan may want what the client did: the answer that the conversation went on
/// with is better than the others, and where it went on with none, the last that one key asked for is better than those before it.
struct Preferences {
  /// Choices of one request that are read beside the first.
  static let choiceLimit = 64

  private let plan: ExportPlan
  private let answers: [ReadRecord]

  /// Among the answers of a unit.
  init(_ answers: [ReadRecord], _ plan: ExportPlan) {
    (self.plan, self.answers) = (plan, answers)
  }

  /// Writes pairs of the best with each that is worse, and lists what came into none.
  func write(to writer: ShardWriter) throws(Fault) {
    var valid: [ReadRecord] = []
    for answer in answers {
      if let refusal = answer.refusal {
        if answer.choice == 0 { try writer.refuse(answer, refusal) }
      } else if let skipped = answer.skipped {
        if answer.choice == 0 { try writer.skip(answer.id, skipped) }
      } else {
        valid.append(answer)
      }
    }
    guard let best = valid.max(by: { $0.order < $1.order }) else { return }
    var isPaired = false
    for answer in valid where answer.place != best.place || answer.choice != best.choice {
      guard isBetter(best, than: answer) else {
        if answer.choice == 0 { try writer.skip(answer.id, "no_preference") }
        continue
      }
      if try write(best, answer, to: writer) { isPaired = true }
    }
    if !isPaired, best.choice == 0 { try writer.skip(best.id, "no_preference") }
  }

  /// Whether the pair could be written.
  private func write(_ best: ReadRecord, _ answer: ReadRecord, to writer: ShardWriter) throws(Fault) -> Bool {
    let pair = Result { () throws(Refusal) in
      guard best.sample.answerKey != answer.sample.answerKey else { throw Refusal(.notInFormat, "both answers are the same") }
      return try plan.format.record(chosen: best.sample, rejected: answer.sample, plan.options)
    }
    switch pair {
    case .failure(let refusal):
      if answer.choice == 0 { try writer.refuse(answer, refusal) }
      return false
    case .success(let written):
      try writer.write(written, best)
      return true
    }
  }

  private func isBetter(_ best: ReadRecord, than other: ReadRecord) -> Bool {
    if best.rank != other.rank { return best.rank > other.rank }
    guard plan.pairsUndecided, best.isUndecided, other.isUndecided, best.sample.answerKey != other.sample.answerKey else { return false }
    if best.wentOn || other.wentOn { return !other.wentOn }
    return best.exported.row.record.key == other.exported.row.record.key
  }
}

extension ReadRecord {
  /// What was decided on it; on another choice than the first nothing was.
  private var review: Review { choice == 0 ? exported.review : Review() }

  /// The better of two answers has the higher one. Without a score it counts as the middle one.
  fileprivate var rank: Int {
    let state =
      switch review.state {
      case .confirmed: 2
      case .new, .needsEdit: 1
      case .rejected: 0
      }
    return state * 10 + (review.score ?? 3)
  }

  /// Whether nobody judged it, and it isn't only another choice.
  fileprivate var isUndecided: Bool { choice == 0 && review.state == .new && review.score == nil }

  /// The best one's is the largest.
  fileprivate var order: (Int, Int, Int, Int) { (rank, wentOn ? 1 : 0, -choice, place) }
}

extension Sample {
  /// What the last answer says and calls.
  fileprivate var answerKey: String {
    (answer?.text ?? "") + "\u{0}" + (answer?.calls ?? []).map { $0.name + " " + $0.arguments }.joined(separator: "\u{0}")
  }
}
