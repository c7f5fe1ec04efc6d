internal import Base

/// One connection to a database that keeps an archive. Used by one thread at a time.
///
/// The SQL is the same for both databases; what differs is in `Flavor`. Placeholders are `$1`, `$2` …, and
/// nothing else has this sign.
protocol Database: AnyObject {
  var flavor: Flavor { get }

  /// Runs a statement whose rows nobody wants. Its fault may come from a later call, at the latest from `commit`.
  func run(_ sql: String, _ values: [Value]) throws(Fault)
  /// Runs a statement once for each list of values, and gives the rows of each.
  func rows(_ sql: String, each lists: [[Value]]) throws(Fault) -> [[Cells]]

  /// Begins a transaction that writes; waits for another that does.
  func begin() throws(Fault)
  func commit() throws(Fault)
  /// Undoes what was done since `begin`; after it the connection is usable, or makes itself anew when it is next used.
  func rollback()
}

extension Database {
  func run(_ sql: String) throws(Fault) { try run(sql, []) }

  /// Runs a statement and gives its rows.
  func rows(_ sql: String, _ values: [Value] = []) throws(Fault) -> [Cells] { try rows(sql, each: [values])[0] }

  /// Does all of it or nothing.
  func transaction<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    try begin()
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      rollback()
      throw error
    }
  }
}

/// What a placeholder stands for, and what a column holds.
enum Value: Equatable {
  case null
  case int(Int)
  case text(String)
  case bytes([UInt8])

  init(_ value: Int?) { self = value.map { .int($0) } ?? .null }
  init(_ value: Bool) { self = .int(value ? 1 : 0) }
}

/// The columns of one row.
struct Cells {
  let values: [Value]

  /// The number in a column; 0 for anything else.
  func int(_ column: Int) -> Int { optionalInt(column) ?? 0 }
  /// The number in a column; nil for anything else.
  func optionalInt(_ column: Int) -> Int? {
    guard case .int(let value) = values[column] else { return nil }
    return value
  }
  func bool(_ column: Int) -> Bool { int(column) != 0 }
  func text(_ column: Int) -> String {
    guard case .text(let value) = values[column] else { return "" }
    return value
  }
  func bytes(_ column: Int) -> [UInt8] {
    guard case .bytes(let value) = values[column] else { return [] }
    return value
  }
}
