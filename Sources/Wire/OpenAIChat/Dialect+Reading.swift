package import Base

extension Dialect {
  /// Reads a preset's name or `{like: NAME, PROPERTY: VALUE, …}`; `.invalid` names the member that is wrong.
  package init(_ form: JSON) throws(Fault) {
    if let name = form.string {
      self = try Self.preset(name)
      return
    }
    guard form.kind == .object else { throw Fault(.invalid, "A dialect is a name or {like: NAME, …}.") }
    self = try form["like"].map { like throws(Fault) in try Self.preset(like.string ?? "") } ?? .compatible
    for (name, value) in form.members where name != "like" { try set(name, value) }
  }

  private static func preset(_ name: String) throws(Fault) -> Dialect {
    guard let dialect = named(name) else {
      throw Fault(.invalid, "Unknown dialect \"\(name)\"; expected one of \(presets.map(\.name).joined(separator: ", ")).")
    }
    return dialect
  }

  private mutating func set(_ name: String, _ value: JSON) throws(Fault) {
    switch name {
    case "limit_name": limitName = try Self.word(name, value)
    case "developer_role": developerRole = try Self.flag(name, value)
    case "reasoning_in": reasoningIn = try Self.words(name, value)
    case "reasoning_replay": reasoningReplay = try Self.word(name, value)
    case "top_k": topK = try Self.flag(name, value)
    case "stop_max": stopMax = try Self.count(name, value)
    case "tool_choice": toolChoice = try Self.word(name, value)
    case "custom_tools": customTools = try Self.flag(name, value)
    case "official_only": officialOnly = try Self.word(name, value)
    case "usage_in_choice": usageInChoice = try Self.flag(name, value)
    case "usage_option": usageOption = try Self.flag(name, value)
    case "tags": tags = value.isNull || value.string == "none" ? nil : try Self.word(name, value)
    default: throw Fault(.invalid, "Unknown property \"\(name)\" of a dialect.", param: name)
    }
  }

  private static func flag(_ name: String, _ value: JSON) throws(Fault) -> Bool {
    guard let flag = value.bool else { throw Fault(.invalid, "The dialect's \"\(name)\" is true or false.", param: name) }
    return flag
  }

  private static func count(_ name: String, _ value: JSON) throws(Fault) -> Int {
    guard let count = value.int, count >= 0 else { throw Fault(.invalid, "The dialect's \"\(name)\" is a whole number.", param: name) }
    return count
  }

  private static func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ value: JSON) throws(Fault) -> Word {
    guard let word = value.string.flatMap(Word.init(rawValue:)) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw Fault(.invalid, "The dialect's \"\(name)\" is one of \(words).", param: name)
    }
    return word
  }

  private static func words<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ value: JSON) throws(Fault) -> [Word] {
    guard value.kind == .array else { return [try word(name, value)] }
    var words: [Word] = []
    for element in value.elements { words.append(try word(name, element)) }
    return words
  }
}
