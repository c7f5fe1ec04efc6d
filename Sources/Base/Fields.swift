/// A mapping of a configuration file: hands out its members with their types and remembers which were asked for.
///
///     var fields = Fields(setting, into: mistakes)
///     let name = fields["name"]?.string()
///     let idle = fields["idle"]?.duration() ?? .seconds(75)
///     fields.end()  // unknown members are mistakes, with a suggestion
///
/// A member without a value (`name:`) counts as absent.
package struct Fields {
  /// The mapping and its place.
  package let setting: Setting
  /// Its path; empty for the whole file.
  package let path: String
  /// Where mistakes go.
  package let mistakes: Mistakes
  private var known: Set<String> = []

  /// Reads a mapping; another value counts as an empty one, and is a mistake.
  package init(_ setting: Setting, path: String = "", into mistakes: Mistakes) {
    self.setting = setting
    self.path = path
    self.mistakes = mistakes
    if case .members = setting.content { return }
    if !setting.isNull { mistakes.add("expected a mapping", at: setting, path: path) }
  }

  /// The member of a name, which from now on is a known one.
  package subscript(name: String) -> Field? {
    mutating get {
      known.insert(name)
      guard let value = setting[name], !value.isNull else { return nil }
      return Field(value, path: path(of: name), into: mistakes)
    }
  }

  /// The member of a name; when it is missing, that is a mistake.
  package mutating func required(_ name: String) -> Field? {
    if let field = self[name] { return field }
    mistake("\"\(name)\" is missing")
    return nil
  }

  /// Whether a member is there, without asking for it.
  package func has(_ name: String) -> Bool { setting[name].map { !$0.isNull } ?? false }

  /// Notes a mistake at the mapping itself.
  package func mistake(_ message: String) { mistakes.add(message, at: setting, path: path) }

  /// Reports the members that nobody asked for.
  package mutating func end() {
    for member in setting.members where !known.contains(member.name) {
      let hint = Suggestion.hint(for: member.name, among: known.sorted())
      mistakes.add("unknown member\(hint)", at: member.value, line: member.line, path: path(of: member.name))
    }
  }

  private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
