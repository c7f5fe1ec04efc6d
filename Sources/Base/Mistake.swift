/// One mistake in a file that people write: where it is, and what to write instead.
package struct Mistake: Sendable, Hashable, CustomStringConvertible {
  /// The file's name.
  package let file: String
  /// From 1.
  package let line: Int
  /// From 1.
  package let column: Int
  /// The member, as `models[2].kind`; empty for the whole file.
  package let path: String
  /// What is wrong and what was expected.
  package let message: String

  /// A mistake at a place.
  package init(file: String, line: Int, column: Int, path: String, message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.message = message
  }

  /// The mistake of a document that is no YAML; the parser's message begins with the place.
  package init(syntax fault: Fault, file: String) {
    let parts = fault.message.dropFirst(fault.message.hasPrefix(file + ":") ? file.count + 1 : 0)
      .split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let line = Int(parts[0]), let column = Int(parts[1]) else {
      self.init(file: file, line: 1, column: 1, path: "", message: fault.message)
      return
    }
    self.init(file: file, line: line, column: column, path: "", message: String(parts[2].drop { $0 == " " }))
  }

  /// `file:line:column: path: message`.
  package var description: String {
    "\(file):\(line):\(column): " + (path.isEmpty ? message : "\(path): \(message)")
  }
}

/// Collects the mistakes of one reading, so that all of them are reported at once.
package final class Mistakes {
  /// All so far, in the order in which they were found.
  package private(set) var all: [Mistake] = []

  /// None yet.
  package init() {}

  /// Notes a mistake at a value, or at the name whose `line` is given.
  package func add(_ message: String, at setting: Setting, line: Int? = nil, path: String) {
    all.append(Mistake(file: setting.file, line: line ?? setting.line, column: setting.column, path: path, message: message))
  }

  /// Notes a mistake that was made elsewhere.
  package func add(_ mistake: Mistake) { all.append(mistake) }

  /// All mistakes by file and line.
  package var sorted: [Mistake] {
    all.sorted { ($0.file, $0.line, $0.column, $0.path) < ($1.file, $1.line, $1.column, $1.path) }
  }
}
