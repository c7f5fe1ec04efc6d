package import Base

/// `log`: how much is told, and how.
package struct LogConfig: Sendable {
  /// The least that is logged.
  package var level = Log.Level.info
  /// How a line looks.
  package var format = Log.Format.text
  /// Log lines that match are left out.
  package var ignore: [Pattern] = []

  /// The defaults.
  package init() {}

  init(_ field: Field) {
    guard var fields = field.fields() else { return }
    level = fields["level"]?.choice(Log.Level.self) ?? level
    format = fields["format"]?.choice(Log.Format.self) ?? format
    ignore = fields["ignore"]?.oneOrList().compactMap { $0.pattern() } ?? []
    fields.end()
  }
}
