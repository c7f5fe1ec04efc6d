package import Base

extension Archive {
  /// What a change did, or would do.
  package struct ReviewOutcome: Sendable, Equatable {
    /// The records that it is about.
    package var matched = 0
    /// Those that it makes different.
    package var changed = 0
    /// Its number, by which it is remembered; nil when nothing is different.
    package var batch: Int?
  }

  /// Changes what was decided on some records: those of the ids, else those that fit. All of them or none; remembered with who and when.
  ///
  /// `isRehearsal` only counts. The archive must have been opened for writing, but for a rehearsal.
  package func review(
    _ change: Review.Change, ids: [String]? = nil, _ filter: Filter, limit: Int? = nil, who: String, isRehearsal: Bool = false
  ) throws(Fault) -> ReviewOutcome {
    guard !isRehearsal else { return try apply(change, ids, filter, limit, who, isRehearsal: true) }
    return try database.transaction { () throws(Fault) in try apply(change, ids, filter, limit, who, isRehearsal: false) }
  }

  /// Takes the last change back that was not taken back yet; what was taken back stays remembered. Nil when there is none.
  package func undoReview() throws(Fault) -> ReviewOutcome? {
    try database.transaction { () throws(Fault) in
      guard let batch = try database.rows("SELECT max(batch) FROM review_log WHERE undone = 0")[0].optionalInt(0) else { return nil }
      let events = try database.rows("SELECT seq, field, old, new FROM review_log WHERE batch = $1 ORDER BY id DESC", [.int(batch)])
      for event in events { try set(event.text(1), of: event.int(0), to: event.text(2), from: event.text(3)) }
      try database.run("UPDATE review_log SET undone = 1 WHERE batch = $1", [.int(batch)])
      return ReviewOutcome(matched: events.count, changed: events.count, batch: batch)
    }
  }

  /// What was decided on a record, and every decision in its order.
  package func review(of id: String) throws(Fault) -> (review: Review, events: [Review.Event]) {
    guard let seq = try database.rows("SELECT seq FROM exchange WHERE id = $1", [.text(id)]).first?.int(0) else { return (Review(), []) }
    let events = try database.rows(
      "SELECT batch, field, old, new, who, time, undone FROM review_log WHERE seq = $1 ORDER BY id", [.int(seq)])
    return (
      try reviews([seq])[0],
      events.map { row in
        Review.Event(
          batch: row.int(0), field: row.text(1), old: row.text(2), new: row.text(3), who: row.text(4), time: row.int(5),
          isUndone: row.bool(6))
      }
    )
  }

  /// What was decided on records, by their places.
  package func reviews(_ places: [Int]) throws(Fault) -> [Review] {
    let rows = try database.rows("SELECT state, score FROM review WHERE seq = $1", each: places.map { [.int($0)] })
    let tags = try database.rows("SELECT name FROM tag WHERE seq = $1 ORDER BY name", each: places.map { [.int($0)] })
    return zip(rows, tags).map { rows, tags in
      var review = Review()
      if let row = rows.first {
        review.state = Review.State(rawValue: row.text(0)) ?? .new
        review.score = row.optionalInt(1)
      }
      review.tags = tags.map { $0.text(0) }
      return review
    }
  }

  // MARK: Changes

  private func apply(
    _ change: Review.Change, _ ids: [String]?, _ filter: Filter, _ limit: Int?, _ who: String, isRehearsal: Bool
  ) throws(Fault) -> ReviewOutcome {
    var outcome = ReviewOutcome()
    let batch = try database.rows("SELECT max(batch) FROM review_log")[0].int(0) + 1
    var next = try database.rows("SELECT max(id) FROM review_log")[0].int(0)
    var page: [Int] = []
    func flush() throws(Fault) {
      outcome.matched += page.count
      for (seq, review) in zip(page, try reviews(page)) {
        guard let event = review.event(change) else { continue }
        outcome.changed += 1
        guard !isRehearsal else { continue }
        try set(event.field, of: seq, to: event.new, from: event.old)
        next += 1
        try log(event, next, seq, batch, who)
      }
      page = []
    }
    if let ids {
      for id in ids { page += try database.rows("SELECT seq FROM exchange WHERE id = $1", [.text(id)]).map { $0.int(0) } }
    } else {
      try list(filter, limit: limit) { _, place throws(Fault) in
        page.append(place)
        if page.count == Self.pageSize { try flush() }
        return true
      }
    }
    try flush()
    if outcome.changed > 0, !isRehearsal { outcome.batch = batch }
    return outcome
  }

  private func set(_ field: String, of seq: Int, to new: String, from old: String) throws(Fault) {
    switch field {
    case "tag" where new.isEmpty: try database.run("DELETE FROM tag WHERE seq = $1 AND name = $2", [.int(seq), .text(old)])
    case "tag": try database.run("INSERT INTO tag (seq, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", [.int(seq), .text(new)])
    default:
      try database.run("INSERT INTO review (seq, state, score) VALUES ($1, 'new', NULL) ON CONFLICT (seq) DO NOTHING", [.int(seq)])
      let value: Value = field == "score" ? Int(new).map { .int($0) } ?? .null : .text(new)
      try database.run("UPDATE review SET \(field == "score" ? "score" : "state") = $1 WHERE seq = $2", [value, .int(seq)])
    }
  }

  private func log(_ event: (field: String, old: String, new: String), _ id: Int, _ seq: Int, _ batch: Int, _ who: String)
    throws(Fault)
  {
    try database.run(
      "INSERT INTO review_log (id, batch, seq, field, old, new, who, time, undone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
      [
        .int(id), .int(batch), .int(seq), .text(event.field), .text(event.old), .text(event.new),
        .text(who.clipped(to: ExchangeRow.nameLimit)),
        .int(clock()),
      ])
  }
}

extension Review {
  /// What a change makes different; nil when nothing.
  fileprivate func event(_ change: Change) -> (field: String, old: String, new: String)? {
    switch change {
    case .state(let new): new == state ? nil : ("state", state.rawValue, new.rawValue)
    case .score(let new): new == score ? nil : ("score", score.map(String.init) ?? "", new.map(String.init) ?? "")
    case .tag(let name): tags.contains(name) ? nil : ("tag", "", name)
    case .untag(let name): tags.contains(name) ? ("tag", name, "") : nil
    }
  }
}

extension Conditions {
  /// Adds what must have been decided.
  mutating func add(review filter: Filter) {
    let table = "SELECT 1 FROM review WHERE review.seq = exchange.seq"
    switch filter.state {
    case nil: break
    case .new: add("NOT EXISTS (\(table) AND review.state <> ?)", .text("new"))
    case let state?: add("EXISTS (\(table) AND review.state = ?)", .text(state.rawValue))
    }
    if let tag = filter.tag { add("EXISTS (SELECT 1 FROM tag WHERE tag.seq = exchange.seq AND tag.name = ?)", .text(tag)) }
    if let least = filter.leastScore { add("EXISTS (\(table) AND review.score >= ?)", .int(least)) }
  }
}
