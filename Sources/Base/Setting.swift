/// A value of a configuration file that knows the file, line and column it was written at, also after merging.
package struct Setting: Sendable {
  /// What stands here.
  package enum Content: Sendable {
    /// A text, number, truth value or nothing.
    case scalar
    /// A list.
    case list([Setting])
    /// Members in their order, each with the line of its name.
    case members([Member])
  }

  /// One member of a mapping.
  package struct Member: Sendable {
    /// Its name.
    package let name: String
    /// The line of the name.
    package let line: Int
    /// What it is.
    package let value: Setting
  }

  /// What stands here.
  package let content: Content
  /// The file it was written in.
  package let file: String
  /// The node as it was parsed; of a merged mapping the node on top.
  let yaml: YAML

  /// A parsed document or a part of one.
  package init(_ yaml: YAML, file: String) {
    self.file = file
    self.yaml = yaml
    content =
      switch yaml.content {
      case .scalar: .scalar
      case .sequence(let elements): .list(elements.map { Setting($0, file: file) })
      case .mapping(let members):
        .members(members.map { Member(name: $0.key, line: $0.line, value: Setting($0.value, file: file)) })
      }
  }

  private init(_ content: Content, like other: Setting) {
    self.content = content
    file = other.file
    yaml = other.yaml
  }

  /// From 1.
  package var line: Int { yaml.line }
  /// From 1.
  package var column: Int { yaml.column }
  /// Whether nothing stands here: `null`, `~` or no value at all.
  package var isNull: Bool { if case .scalar = content { yaml.isNull } else { false } }

  /// The members of a mapping; none for other contents.
  package var members: [Member] { if case .members(let members) = content { members } else { [] } }
  /// The elements of a list; none for other contents.
  package var elements: [Setting] { if case .list(let elements) = content { elements } else { [] } }

  /// The value of a member; nil when it is missing, or this is no mapping.
  package subscript(name: String) -> Setting? { members.first { $0.name == name }?.value }

  /// The same as JSON: plain scalars typed by YAML's core schema, quoted ones strings.
  package var json: JSON {
    switch content {
    case .scalar: yaml.json
    case .list(let elements): .array(elements.map(\.json))
    case .members(let members): .object(members.map { ($0.name, $0.value.json) })
    }
  }
}

extension Setting {
  /// This laid over another one: mappings merge member by member, lists and scalars replace what was there.
  ///
  /// Members named in `replacing` replace as a whole, because their members are alternatives of each other.
  package func laid(over base: Setting, replacing: Set<String> = []) -> Setting {
    guard case .members(let own) = content, case .members(let below) = base.content else { return self }
    var merged: [Member] = []
    for member in below {
      guard let top = own.first(where: { $0.name == member.name }) else {
        merged.append(member)
        continue
      }
      let value = replacing.contains(top.name) ? top.value : top.value.laid(over: member.value)
      merged.append(Member(name: top.name, line: top.line, value: value))
    }
    merged += own.filter { top in !below.contains { $0.name == top.name } }
    return Setting(.members(merged), like: self)
  }

  /// This mapping without some of its members.
  package func without(_ names: Set<String>) -> Setting {
    Setting(.members(members.filter { !names.contains($0.name) }), like: self)
  }
}
