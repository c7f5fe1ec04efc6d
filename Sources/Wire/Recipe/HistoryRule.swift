import Base

/// How the client's messages become what the site takes.
package struct HistoryRule: Sendable {
  /// What the site is given.
  package enum Policy: String, Sendable, CaseIterable {
    /// All messages as one text, `{{prompt}}`.
    case merge
    /// The last message of the user alone, `{{prompt}}`.
    case last
    /// A list of messages, `{{messages}}`, each made by `item`.
    case native
    /// The last message, behind the ids of the one before (`{{last.…}}`); a conversation that isn't known goes up merged.
    case thread
  }

  /// What the site is given.
  package var policy = Policy.merge
  /// The text of one message; `{role}` and `{content}` stand in it.
  package var template = "{role}: {content}\n"
  /// Templates of single roles (`system`, `user`, `assistant`, `tool`), in place of `template`.
  package var templates: [String: String] = [:]
  /// The template of the first message behind the system's, in place of the others.
  package var first: String?
  /// What stands behind the last message.
  package var end = ""
  /// The site's words for roles.
  package var roles: [String: String] = [:]
  /// Whether a single message goes up as it is.
  package var isBareIfSingle = true
  /// A message of the list for `native`; `{{role}}` and `{{content}}` stand in it.
  package var item: BodyValue?

  /// All as one text.
  init() {}

  /// Reads `{policy, template, first, end, roles, last_only_if_single, item}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    policy = fields["policy"]?.choice(Policy.self) ?? .merge
    if let place = fields["template"] { read(template: place) }
    first = fields["first"]?.template()
    end = fields["end"]?.string() ?? ""
    roles = Self.roles(fields["roles"]).mapValues(\.0)
    isBareIfSingle = fields["last_only_if_single"]?.bool() ?? true
    item = fields["item"].flatMap { BodyValue($0) }
    fields.end()
    if policy == .native, item == nil { field.mistake("the policy native needs \"item\", a message of the list") }
  }

  private mutating func read(template field: Field) {
    guard case .members = field.setting.content else {
      template = field.template() ?? template
      return
    }
    templates = Self.roles(field).compactMapValues { $0.1.template() }
  }

  private static func roles(_ field: Field?) -> [String: (String, Field)] {
    var roles: [String: (String, Field)] = [:]
    for (name, value) in field?.entries() ?? [] {
      guard value.choice(name, among: ["system", "user", "assistant", "tool"]) != nil, let text = value.string() else { continue }
      roles[name] = (text, value)
    }
    return roles
  }
}

extension Field {
  /// A message's template, which has to hold the content.
  fileprivate func template() -> String? {
    guard let text = string() else { return nil }
    return text.contains("{content}") ? text : wrong("a template needs {content}")
  }
}
