/// Takes out of an upstream's message what is not the client's business: keys, organisation ids, internal hosts and addresses.
///
/// Source: wire-formats §10. Vendors echo parts of the key in the text of an error, and a local server its own address.
/// The text is read as words of the characters that tokens are made of; a suspicious word becomes `[redacted]`.
enum Redaction {
  /// What is left of a message at most, in characters.
  static let limit = 500
  static let mark = "[redacted]"

  /// The message as a client may see it; nil when nothing is left.
  static func clean(_ message: String) -> String? {
    var result = ""
    var rest = message.prefix(4 * limit)[...].unicodeScalars
    var followsBearer = false
    while let first = rest.first {
      let word = rest.prefix(while: isWordScalar)
      guard !word.isEmpty else {
        result.unicodeScalars.append(first)
        rest.removeFirst()
        if first != " " && first != ":" { followsBearer = false }
        continue
      }
      rest = rest[word.endIndex...]
      result += followsBearer ? mark : visible(String(word))
      followsBearer = word.elementsEqual("Bearer".unicodeScalars) || word.elementsEqual("bearer".unicodeScalars)
    }
    let cut = String(result.prefix(limit))
    return cut.allSatisfy(\.isWhitespace) ? nil : cut
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "*", "+", "=", "~": true
    default: false
    }
  }

  /// The word, or the mark in its place; a full stop behind it stays.
  private static func visible(_ word: String) -> String {
    let core = word.reversed().drop { $0 == "." }.reversed()
    guard isSecret(String(core)) else { return word }
    return mark + String(repeating: ".", count: word.count - core.count)
  }

  private static let prefixes = [
    "sk-", "sk_", "pk-", "rk-", "ak-", "gsk_", "xai-", "AIza", "bce-v3", "hf_", "ghp_", "tvly-", "nvapi-", "jina_", "eyJ", "org-", "proj_",
    "ep-m-",
  ]
  private static let domains = [".internal", ".local", ".localdomain", ".lan", ".corp", ".intranet", ".svc", ".home.arpa", ".localhost"]

  private static func isSecret(_ word: String) -> Bool {
    guard word.utf8.count >= 6 else { return false }
    if word.contains("**") { return true }
    if let prefix = prefixes.first(where: word.hasPrefix), word.utf8.count >= prefix.utf8.count + 4 { return true }
    return isHost(word) || isUUID(word) || isToken(word)
  }

  private static func isHost(_ word: String) -> Bool {
    let lower = word.lowercased()
    if lower == "localhost" || domains.contains(where: lower.hasSuffix) || lower.contains(".svc.") { return true }
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Some vendors' keys are plain UUIDs.
  private static func isUUID(_ word: String) -> Bool {
    let groups = word.split(separator: "-", omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12] && word.allSatisfy { $0.isHexDigit || $0 == "-" }
  }

  /// A long run of letters and digits in one piece; names of models are long too, but in pieces.
  private static func isToken(_ word: String) -> Bool {
    let pieces = word.split { $0 == "-" || $0 == "." || $0 == "_" }
    if pieces.contains(where: { $0.count >= 20 && $0.contains(where: \.isNumber) && $0.contains(where: \.isLetter) }) { return true }
    return word.count >= 40 && word.contains(where: \.isUppercase) && word.contains(where: \.isLowercase)
      && word.contains(where: \.isNumber)
  }
}
