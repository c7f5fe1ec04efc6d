package import Base

/// The SQLite file of another recorder: `interactions` and `confirmed_interactions`, each with `id`, `model`, `conversation` and `timestamp`.
/// Source: github luckfu/LLMProxy2TrainData, commit 7fef0b60.
package final class RecorderFile {
  /// One of its rows.
  package struct Interaction: Sendable {
    /// Its id in that file.
    package var id: String
    /// The model that it names.
    package var model: String
    /// JSON: a list of turns, or an object that has one.
    package var conversation: String
    /// When, as it stands there.
    package var time: String
    /// Whether it stands among the confirmed ones too.
    package var isConfirmed: Bool
  }

  private let database: SQLite

  /// Opens a file for reading; throws as `Archive`.
  package init(_ path: String) throws(Fault) {
    database = try SQLite(path: path, writes: false)
    guard try !tables.isEmpty else { throw Fault(.other, detail: "\(path) has no table interactions") }
  }

  private var tables: [String] {
    get throws(Fault) {
      try database.rows("SELECT name FROM sqlite_master WHERE name IN ('interactions', 'confirmed_interactions') ORDER BY name DESC")
        .map { $0.text(0) }
    }
  }

  /// Gives all rows, those that are not confirmed first.
  package func read(_ body: (Interaction) throws(Fault) -> Void) throws(Fault) {
    for table in try tables {
      var last = 0
      while true {
        let rows = try database.rows(
          """
          SELECT rowid, CAST(id AS TEXT), CAST(model AS TEXT), CAST(conversation AS TEXT), CAST(timestamp AS TEXT) FROM \(table)
          WHERE rowid > $1 ORDER BY rowid LIMIT 200
          """, [.int(last)])
        for row in rows {
          try body(
            Interaction(
              id: row.text(1), model: row.text(2), conversation: row.text(3), time: row.text(4),
              isConfirmed: table == "confirmed_interactions"))
        }
        guard let place = rows.last?.int(0) else { break }
        last = place
      }
    }
  }
}
