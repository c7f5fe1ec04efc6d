package import Base

extension Archive {
  /// Gives the records that fit, the latest filed first, until `body` wants no more or there were `limit`.
  ///
  /// `body` is also told each record's place; a later call goes on behind the place that it is given as `after`, whatever was filed since.
  /// Rows are read some hundred at a time, so any number of them may be listed.
  package func list(
    _ filter: Filter, limit: Int? = nil, after: Int? = nil, _ body: (_ row: Row, _ place: Int) throws(Fault) -> Bool
  ) throws(Fault) {
    guard let selection = try selection(filter) else { return }
    var place = after
    var left = limit ?? Int.max
    while left > 0 {
      let size = min(left, Self.pageSize)
      let page = try database.rows(selection.sql, selection.values + [.int(place ?? Int.max), .int(size)])
      for cells in page {
        guard try body(ExchangeRow.row(cells), cells.int(0)) else { return }
      }
      guard page.count == size else { return }
      left -= size
      place = page.last?.int(0)
    }
  }

  /// The rows that are read at once.
  static let pageSize = 500

  /// The statement for a filter, which wants the place before and a limit as its last values; nil when nothing can fit.
  func selection(_ filter: Filter) throws(Fault) -> (sql: String, values: [Value])? {
    var conditions = Conditions()
    conditions.add(filter)
    if let from = filter.from ?? filter.to.map({ _ in 0 }) {
      guard try conditions.add(bounds(from, filter.to ?? Int.max)) else { return nil }
    }
    let search = filter.text.map(SearchText.init)
    if let search { guard conditions.add(search, database.flavor) else { return nil } }
    let models = try filter.model.map { model throws(Fault) in try names(of: model) }
    let statuses = try filter.status.map { status throws(Fault) in try values(of: status) }
    guard models?.isEmpty != true, statuses?.isEmpty != true else { return nil }
    return Selection(conditions, models: models, statuses: statuses, isFullText: search != nil && database.flavor == .sqlite).statement
  }

  /// The first and last `seq` of the eras that hold records of a time; nil for none. Saves an index by time.
  private func bounds(_ from: Int, _ to: Int) throws(Fault) -> ClosedRange<Int>? {
    let row = try database.rows(
      "SELECT min(first_seq), max(last_seq) FROM era WHERE newest >= $1 AND oldest < $2", [.int(from), .int(to)])[0]
    guard let first = row.optionalInt(0), let last = row.optionalInt(1) else { return nil }
    return min(first, last)...last
  }

  /// The names of models that a pattern means.
  private func names(of pattern: String) throws(Fault) -> [String] {
    guard pattern.contains("*") else { return [pattern.clipped(to: ExchangeRow.nameLimit)] }
    let known = try Set((distinct("model") + distinct("model_served", "model_served <> model")).map { $0.text(0) })
    return known.filter { pattern.matchesAsPattern($0) }.sorted()
  }

  /// The statuses within a class that there are.
  private func values(of status: ClosedRange<Int>) throws(Fault) -> [Int] {
    if status.count == 1 { return [status.lowerBound] }
    let sql = "SELECT min(status) FROM exchange WHERE status >= $1 AND status <= $2"
    var statuses: [Int] = []
    var next = status.lowerBound
    while let found = try database.rows(sql, [.int(next), .int(status.upperBound)])[0].optionalInt(0), statuses.count < 1000 {
      statuses.append(found)
      next = found + 1
    }
    return statuses
  }

  /// The different values of a column that has an index, by leaps through it.
  private func distinct(_ column: String, _ condition: String = "1 = 1") throws(Fault) -> [Cells] {
    let sql = """
      WITH RECURSIVE name (value) AS (SELECT min(\(column)) FROM exchange WHERE \(condition) UNION ALL
      SELECT (SELECT min(\(column)) FROM exchange WHERE \(column) > name.value AND \(condition)) FROM name WHERE name.value IS NOT NULL)
      SELECT value FROM name WHERE value IS NOT NULL LIMIT 10000
      """
    return try database.rows(sql)
  }
}

/// What must hold for a row, with the values of its placeholders.
struct Conditions {
  private(set) var texts: [String] = []
  private(set) var values: [Value] = []

  /// Adds a condition, in which `?` stands for the value.
  mutating func add(_ text: String, _ value: Value) {
    values.append(value)
    texts.append(text.replacing("?", with: "$\(values.count)"))
  }

  mutating func add(_ filter: Filter) {
    let names = [
      ("provider", filter.provider), ("key", filter.key), ("client_wire", filter.clientWire), ("endpoint", filter.endpoint),
      ("finish", filter.finish),
    ]
    for (column, name) in names { if let name { add("exchange.\(column) = ?", .text(name.clipped(to: ExchangeRow.nameLimit))) } }
    if let from = filter.from { add("exchange.time >= ?", .int(from)) }
    if let to = filter.to { add("exchange.time < ?", .int(to)) }
    add(review: filter)
    add(error: filter.error)
    // Written out, so that the partial indexes are used: of several the first, which likely has the fewest rows. A plus keeps the others out.
    let flags = [
      ("complete", filter.isComplete, 0), ("has_calls", filter.hasCalls, 1), ("has_tools", filter.hasTools, 1),
      ("stream", filter.isStream, 1),
    ]
    var isLed = filter.error.map { !$0.isEmpty } ?? false
    for (column, flag, indexed) in flags {
      guard let value = flag.map({ $0 ? 1 : 0 }) else { continue }
      let leads = value == indexed && !isLed
      if leads { isLed = true }
      texts.append("\(leads ? "" : "+")exchange.\(column) = \(value)")
    }
  }

  private mutating func add(error: String?) {
    switch error {
    case nil: break
    case "": texts.append("exchange.error = ''")
    case "*": texts.append("exchange.error <> ''")
    case .some(let kind):
      texts.append("exchange.error <> ''")
      add("exchange.error = ?", .text(kind.clipped(to: ExchangeRow.nameLimit)))
    }
  }

  /// Adds bounds of `seq`; false when nothing lies within.
  mutating func add(_ bounds: ClosedRange<Int>?) -> Bool {
    guard let bounds else { return false }
    add("exchange.seq >= ?", .int(bounds.lowerBound))
    add("exchange.seq <= ?", .int(bounds.upperBound))
    return true
  }

  /// Adds a search; false when it has no words.
  mutating func add(_ search: SearchText, _ flavor: Flavor) -> Bool {
    switch flavor {
    case .sqlite: add("search MATCH ?", .text(search.match))
    case .postgres:
      for query in search.queries {
        add("EXISTS (SELECT 1 FROM search WHERE search.seq = exchange.seq AND search.vector @@ ?::tsquery)", .text(query))
      }
    }
    return !search.phrases.isEmpty
  }
}

/// The statement for conditions, and for models and statuses of which any will do.
///
/// An index gives the rows of one model or status in their order, but not those of several: each gets a branch, and the database merges them.
struct Selection {
  /// With more branches than that, every row is looked at.
  static let branchLimit = 12

  private var conditions: Conditions
  private let source: String
  private let place: String
  private let columns: String
  private var branches: [String] = [""]

  init(_ conditions: Conditions, models: [String]?, statuses: [Int]?, isFullText: Bool) {
    self.conditions = conditions
    // Full text leads: it gives its rows in their order, and the others are looked up.
    source = isFullText ? "search CROSS JOIN exchange ON exchange.seq = search.rowid" : "exchange"
    place = isFullText ? "search.rowid" : "exchange.seq"
    columns = ExchangeRow.columns.split(separator: ", ").map { "exchange.\($0)" }.joined(separator: ", ")
    if let models { add(models, isFullText: isFullText) }
    if let statuses { add(statuses, isFullText: isFullText) }
  }

  var statement: (sql: String, values: [Value]) {
    let count = conditions.values.count
    let selects = branches.map { branch in
      let all = conditions.texts + (branch.isEmpty ? [] : [branch]) + ["\(place) < $\(count + 1)"]
      return "SELECT \(columns) FROM \(source) WHERE \(all.joined(separator: " AND "))"
    }
    let order = selects.count == 1 ? "\(place) DESC" : "1 DESC"
    return ("\(selects.joined(separator: " UNION ALL ")) ORDER BY \(order) LIMIT $\(count + 2)", conditions.values)
  }

  private mutating func add(_ statuses: [Int], isFullText: Bool) {
    let isBranched = !isFullText && statuses.count * branches.count <= Self.branchLimit
    let list = statuses.map(String.init)
    let conditions = isBranched ? list.map { "exchange.status = \($0)" } : ["+exchange.status IN (\(list.joined(separator: ", ")))"]
    branches = branches.flatMap { branch in conditions.map { branch.isEmpty ? $0 : "\(branch) AND \($0)" } }
  }

  /// A branch for each name and column, so that an index gives each in its order; they have no row in common.
  private mutating func add(_ models: [String], isFullText: Bool) {
    let first = conditions.values.count
    let places = models.indices.map { "$\(first + $0 + 1)" }
    let any = "(\(places.joined(separator: ", ")))"
    conditions.add(models)
    guard models.count <= Self.branchLimit, !isFullText else {
      branches = ["(exchange.model IN \(any) OR exchange.model_served IN \(any))"]
      return
    }
    branches = places.map { "exchange.model = \($0)" }
    branches += places.map { "exchange.model_served = \($0) AND exchange.model_served <> exchange.model AND exchange.model NOT IN \(any)" }
  }
}

extension Conditions {
  /// Adds values whose conditions stand elsewhere.
  mutating func add(_ names: [String]) { values += names.map { .text($0) } }
}

extension String {
  /// Whether a text is this one, where `*` stands for any run of characters.
  func matchesAsPattern(_ text: String) -> Bool {
    let pattern = Array(utf8)
    let text = Array(text.utf8)
    var (place, at) = (0, 0)
    var star: (place: Int, at: Int)?
    while at < text.count {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        star = (place, at)
        place += 1
      } else if place < pattern.count, pattern[place] == text[at] {
        (place, at) = (place + 1, at + 1)
      } else if let last = star {
        star = (last.place, last.at + 1)
        (place, at) = (last.place + 1, last.at + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
