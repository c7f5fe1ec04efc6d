/// Makes ids where an upstream gives none or the gateway needs its own.
package enum Identifier {
  /// The prefix and 24 random letters and digits. Source: wire-formats §2.5.
  package static func make(_ prefix: String) -> String {
    var id = prefix
    for _ in 0..<24 { id.unicodeScalars.append(letters.randomElement() ?? "0") }
    return id
  }

  private static let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".unicodeScalars)
}
