import Gateway

/// One command: its words, then its work.
protocol Command: SendableMetatype {
  static var name: String { get }
  /// One line, without a full stop.
  static var summary: String { get }
  /// What stands behind the name.
  static var usage: String { get }
  /// A line for each option.
  static var options: String { get }
  init(_ arguments: inout Arguments) throws(UsageError)
  /// The exit code: 0 fine, 1 a finding or failure, 2 wrong use.
  func run() -> Int32
}

extension Command {
  static var usage: String { "[--config FILE] [--data DIR]" }
  static var options: String { commonOptions }

  /// The options that every command takes.
  static var commonOptions: String {
    "  --config FILE   read this file instead of ./apus.yaml\n  --data DIR      the folder of Apus's own files instead of ./data"
  }
}

/// The options that every command takes.
struct CommonOptions {
  let config: String?
  let data: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    config = try arguments.option("--config")
    data = try arguments.option("--data")
  }

  var source: ConfigSource { ConfigSource(file: config, data: data) }
}

/// Wrong use of the command line.
struct UsageError: Error {
  let message: String
}

/// The words behind a command; options may stand in any order, as `--name VALUE` or `--name=VALUE`.
struct Arguments {
  private var words: [String]

  init(_ words: some Sequence<String>) {
    self.words = Array(words)
  }

  /// Whether the word is there; takes it out.
  mutating func flag(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  /// The value of an option, nil without it. Throws when it stands there twice or without a value.
  mutating func option(_ name: String) throws(UsageError) -> String? {
    var value: String?
    while let index = words.firstIndex(where: { $0 == name || $0.hasPrefix(name + "=") }) {
      guard value == nil else { throw UsageError(message: "\(name) stands there twice") }
      let word = words.remove(at: index)
      if word != name {
        value = String(word.dropFirst(name.count + 1))
      } else {
        guard index < words.count else { throw UsageError(message: "\(name) needs a value") }
        value = words.remove(at: index)
      }
    }
    return value
  }

  /// The first word that is no option; takes it out. Options with values must have been taken before.
  mutating func next() -> String? {
    guard let index = words.firstIndex(where: { !$0.hasPrefix("--") }) else { return nil }
    return words.remove(at: index)
  }

  /// The options with their values as they stand there, ascending by name, without some; nothing is taken out.
  func pairs(without left: Set<String>) -> [(String, String)] {
    var pairs: [(String, String)] = []
    for (position, word) in words.enumerated() where word.hasPrefix("--") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let next = position + 1 < words.count && !words[position + 1].hasPrefix("--") ? words[position + 1] : "yes"
      pairs.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : next))
    }
    return pairs.filter { !left.contains($0.0) }.sorted { $0.0 < $1.0 }
  }

  /// The words that are no options; takes them out.
  mutating func rest() -> [String] {
    defer { words.removeAll { !$0.hasPrefix("--") } }
    return words.filter { !$0.hasPrefix("--") }
  }

  /// Throws when words are left that nobody asked for.
  func end() throws(UsageError) {
    if let word = words.first { throw UsageError(message: "“\(word)” is not understood here") }
  }
}
