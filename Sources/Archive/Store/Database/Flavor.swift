/// In what the two databases differ.
enum Flavor {
  case sqlite, postgres

  /// A statement of the schema in the database's own types.
  func schema(_ sql: String) -> String {
    guard self == .postgres else { return sql }
    var text = ""
    for word in sql.split(separator: " ", omittingEmptySubsequences: false) {
      if !text.isEmpty { text += " " }
      // The comma or bracket behind a type stays.
      if word.hasPrefix("INTEGER") {
        text += "BIGINT" + word.dropFirst(7)
      } else if word.hasPrefix("BLOB") {
        text += "BYTEA" + word.dropFirst(4)
      } else {
        text += word
      }
    }
    return text
  }
}
