/// One value of a configuration file with its path; reads it as what was expected, or notes the mistake and gives nil.
package struct Field {
  /// The value and its place.
  package let setting: Setting
  /// Its path, as `models[2].kind`.
  package let path: String
  /// Where mistakes go.
  package let mistakes: Mistakes

  /// A value at a path.
  package init(_ setting: Setting, path: String, into mistakes: Mistakes) {
    self.setting = setting
    self.path = path
    self.mistakes = mistakes
  }

  /// Notes a mistake at this value.
  package func mistake(_ message: String) { mistakes.add(message, at: setting, path: path) }

  /// A text; numbers and truth values are taken as they are written.
  package func string() -> String? {
    if let text = setting.text { return text }
    mistake("expected a text")
    return nil
  }

  /// A whole number within a range.
  package func int(_ range: ClosedRange<Int> = 0...Int.max) -> Int? {
    guard let number = setting.scalar?.int else { return wrong("expected a whole number") }
    guard range.contains(number) else {
      return wrong(range.upperBound == .max ? "must be at least \(range.lowerBound)" : "must be \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number, not negative.
  package func number() -> Double? {
    guard let number = setting.scalar?.double, number.isFinite, number >= 0 else { return wrong("expected a number, 0 or more") }
    return number
  }

  /// `true` or `false`.
  package func bool() -> Bool? {
    setting.scalar?.bool ?? wrong("expected true or false")
  }

  /// A text such as `300ms`, `1.5s` or `5m`.
  package func duration() -> Duration? {
    guard let text = string() else { return nil }
    do throws(Fault) {
      return try Duration(parsing: text)
    } catch {
      return wrong(error.message)
    }
  }

  /// One of the words of a type.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> Choice? {
    guard let text = string() else { return nil }
    return choice(text, among: type.allCases.map(\.rawValue)).flatMap(Choice.init(rawValue:))
  }

  /// The text, if it is one of these words.
  package func choice(_ text: String, among words: [String]) -> String? {
    guard !words.contains(text) else { return text }
    let hint = Suggestion.hint(for: text, among: words)
    return wrong("\"\(text)\" is not one of \(words.joined(separator: ", "))\(hint)")
  }

  /// A regular expression.
  package func pattern() -> Pattern? {
    guard let text = string() else { return nil }
    do throws(Fault) {
      return try Pattern(text)
    } catch {
      return wrong(error.message)
    }
  }

  /// The elements of a list, each with its path.
  package func list() -> [Field] {
    guard case .list(let elements) = setting.content else { return wrong("expected a list") ?? [] }
    return elements.enumerated().map { Field($1, path: "\(path)[\($0)]", into: mistakes) }
  }

  /// The elements of a list, or the one value that stands there without brackets.
  package func oneOrList() -> [Field] {
    if case .scalar = setting.content { return [self] }
    return list()
  }

  /// The texts of a list, or of one value without brackets.
  package func strings() -> [String] { oneOrList().compactMap { $0.string() } }

  /// The members of a mapping whose names are free, each with its path.
  package func entries() -> [(name: String, field: Field)] {
    guard case .members(let members) = setting.content else { return wrong("expected a mapping") ?? [] }
    return members.map { ($0.name, Field($0.value, path: path.isEmpty ? $0.name : "\(path).\($0.name)", into: mistakes)) }
  }

  /// The members of a mapping whose names are known.
  package func fields() -> Fields? {
    guard case .members = setting.content else { return wrong("expected a mapping") }
    return Fields(setting, path: path, into: mistakes)
  }

  /// Whether the value is this plain word.
  package func isWord(_ word: String) -> Bool { setting.text == word }

  /// Notes a mistake and gives nil.
  package func wrong<Value>(_ message: String) -> Value? {
    mistake(message)
    return nil
  }
}

extension Setting {
  /// The node of a scalar that is there.
  var scalar: YAML? {
    if case .scalar = content, !isNull { return yaml }
    return nil
  }

  /// The text of a scalar as it is written; nil for null, lists and mappings.
  package var text: String? { scalar?.string }
}
