package import Base

/// A pure expression of a provider file: texts in quotes, numbers, variables, `+`, and functions of a closed list.
///
/// Source: recipes-and-learning.md §5. Here it is only checked and its names are found.
package struct RecipeExpression: Sendable {
  /// The text as it was written.
  package let text: String
  /// The variables in it, as `cred.TOKEN`.
  package let variables: [String]

  /// The functions that there are.
  package static let functions: Set<String> = [
    "md5", "sha1", "sha256", "hmac_md5", "hmac_sha1", "hmac_sha256", "base64", "base64url", "hex", "urlencode", "urldecode", "lower",
    "upper", "substr", "sorted_params", "json", "jwt", "uuid", "now_s", "now_ms", "now_us", "now_iso", "header", "query", "first",
  ]

  /// Reads an expression; `.invalid` for an unknown function or a wrong form.
  package init(parsing text: String) throws(Fault) {
    guard text.utf8.count <= 4096 else { throw Fault(.invalid, "The expression is longer than 4096 bytes.") }
    self.text = text
    var scan = ExpressionScan(text)
    variables = try scan.read()
  }
}

/// Goes over the words of an expression once.
private struct ExpressionScan {
  private let text: String
  private var rest: Substring
  private var depth = 0
  private var variables: [String] = []

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  mutating func read() throws(Fault) -> [String] {
    var wantsValue = true
    while let next = skipBlanks() {
      if wantsValue {
        wantsValue = try value(next)
      } else {
        wantsValue = try after(next)
      }
    }
    guard depth == 0, !wantsValue else { throw fault("ends too early") }
    return variables
  }

  /// Reads a value; returns whether another one must follow.
  private mutating func value(_ next: Character) throws(Fault) -> Bool {
    switch next {
    case "\"", "'":
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: next) else { throw fault("has a text without an end") }
      rest = rest[rest.index(after: end)...]
      return false
    case "(":
      rest = rest.dropFirst()
      depth += 1
      return true
    case ")" where text.contains("()"):
      return try after(next)
    default:
      return try name()
    }
  }

  private mutating func name() throws(Fault) -> Bool {
    let word = rest.prefix { $0.isLetter || $0.isNumber || "_.-".contains($0) }
    guard let first = word.first else { throw fault("has a \"\(rest.prefix(1))\" where a value is expected") }
    rest = rest[word.endIndex...]
    guard skipBlanks() == "(" else {
      if !first.isNumber { variables.append(String(word)) }
      return false
    }
    guard RecipeExpression.functions.contains(String(word)) else {
      throw fault(
        "calls \"\(word)\", which is no function\(Suggestion.hint(for: String(word), among: RecipeExpression.functions.sorted()))")
    }
    rest = rest.dropFirst()
    depth += 1
    return true
  }

  /// Reads what stands behind a value; returns whether a value must follow.
  private mutating func after(_ next: Character) throws(Fault) -> Bool {
    rest = rest.dropFirst()
    switch next {
    case "+": return true
    case "," where depth > 0: return true
    case ")" where depth > 0:
      depth -= 1
      if rest.first == "." { rest = rest[rest.dropFirst().prefix { $0.isLetter || $0.isNumber || "_.-".contains($0) }.endIndex...] }
      return false
    default: throw fault("has a \"\(next)\" that does not fit")
    }
  }

  private mutating func skipBlanks() -> Character? {
    rest = rest.drop { $0 == " " }
    return rest.first
  }

  private func fault(_ what: String) -> Fault {
    Fault(.invalid, "The expression \"\(text.prefix(100))\" \(what).")
  }
}
