package import Base

/// One turn of a conversation. Source: wire-formats §1.
package struct Message: Sendable {
  /// Whose turn it is. Results of tools are in the user's.
  package enum Role: String, Sendable {
    case system, user, assistant
  }

  /// Whose turn it is; `developer` counts as system.
  package var role: Role
  /// What was said, in order.
  package var contents: [Content]
  /// Where it stands in the client's body.
  package var path: SourcePath

  /// A turn.
  package init(_ role: Role, _ contents: [Content], at path: SourcePath) {
    self.role = role
    self.contents = contents
    self.path = path
  }

  /// A part and where it stands in the client's body.
  package struct Content: Sendable {
    /// What it is.
    package var part: Part
    /// Where it stands.
    package var path: SourcePath

    /// A part at a place.
    package init(_ part: Part, at path: SourcePath) {
      self.part = part
      self.path = path
    }
  }

  /// Its texts, joined by what stands between two of them.
  package func text(separator: String = "") -> String {
    var texts: [String] = []
    for content in contents {
      if case .text(let text, _) = content.part { texts.append(text) }
    }
    return texts.joined(separator: separator)
  }
}

/// What a tool said.
package struct ToolResult: Sendable, Equatable {
  /// The id of the call that it answers.
  package var id: String
  /// The tool's name, nil when the wire does not tell it.
  package var name: String?
  /// Text, images, documents.
  package var parts: [Part]
  /// Whether the tool failed.
  package var isError: Bool
  /// The result as an object, where the wire gives it as one (Gemini); `parts` then hold its text.
  package var object: JSON?

  /// A result.
  package init(id: String, name: String? = nil, parts: [Part], isError: Bool = false, object: JSON? = nil) {
    self.id = id
    self.name = name
    self.parts = parts
    self.isError = isError
    self.object = object
  }

  /// Its texts, joined by line ends.
  package var text: String {
    var texts: [String] = []
    for case .text(let text, _) in parts { texts.append(text) }
    return texts.joined(separator: "\n")
  }
}

/// Where something stands in a client's body, as `messages[1].content[0]`; made into text only when it is told.
package struct SourcePath: Sendable {
  private var list: StaticString
  private var position: Int32
  private var member: StaticString?
  private var inner: Int32

  /// The place of an element of a list of the body.
  package init(_ list: StaticString, _ position: Int) {
    self.list = list
    self.position = Int32(clamping: position)
    inner = -1
  }

  /// The place of a whole member of the body.
  package init(_ member: StaticString) {
    self.init(member, -1)
  }

  /// The place of a member of this element, and of an element of that member's list.
  package func at(_ member: StaticString, _ inner: Int? = nil) -> SourcePath {
    var path = self
    path.member = member
    path.inner = Int32(clamping: inner ?? -1)
    return path
  }

  /// The place as text, with a member behind it where one is named.
  package func text(_ suffix: String = "") -> String {
    var text = list.description
    if position >= 0 { text += "[\(position)]" }
    if let member { text += ".\(member)" }
    if inner >= 0 { text += "[\(inner)]" }
    return suffix.isEmpty ? text : text + "." + suffix
  }
}
