package import Base

/// A provider file's `request`: what is done to the body that goes up, in the order of the members.
package struct RequestRules: Sendable {
  /// What stands in place of `reasoning_effort`.
  package struct Effort: Sendable {
    /// For `none`; nil leaves it as it is.
    package var none: [(name: String, value: JSON)]?
    /// For any other effort; nil leaves it as it is.
    package var any: [(name: String, value: JSON)]?
    /// Whether an effort other than `none` goes up beside the members of `any`.
    package var keep = false
  }

  /// Members to leave out, each reported.
  package var drop: [String] = []
  /// New names of members.
  package var rename: [(from: String, to: String)] = []
  /// Members to add where the client sent none.
  package var set: [(name: String, value: JSON)] = []
  /// Members that make the request invalid, since leaving them out would change what is asked.
  package var refuse: [String] = []
  /// What stands in place of `reasoning_effort`.
  package var effort: Effort?
  /// Whether lists of text parts become one text.
  package var flatten = false
  /// Whether the upstream is always asked for a stream, which is folded for clients that want a whole body.
  package var alwaysStreams = false

  /// No rules.
  package init() {}

  /// Reads `{drop, rename, set, refuse, effort, flatten, stream}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    drop = fields["drop"]?.strings() ?? []
    for (from, value) in fields["rename"]?.entries() ?? [] {
      if let to = value.string() { rename.append((from, to)) }
    }
    set = fields["set"]?.jsonMembers() ?? []
    refuse = fields["refuse"]?.strings() ?? []
    effort = fields["effort"].flatMap(Effort.init)
    flatten = fields["flatten"]?.bool() ?? false
    if let stream = fields["stream"], let word = stream.string() {
      alwaysStreams = stream.choice(word, among: ["always"]) != nil
    }
    fields.end()
    if drop.contains("model") || refuse.contains("model") || rename.contains(where: { $0.from == "model" || $0.to == "model" }) {
      field.mistake("\"model\" always goes up; the name that is sent is the model's upstream")
    }
  }

  /// The rules about the body's own members.
  func apply(_ members: inout BodyMembers, _ edit: inout JSONEdit, _ losses: inout [Loss]) throws(Fault) {
    for name in drop { members.drop(name, &edit, &losses) }
    for (from, to) in rename { members.rename(from, to: to, &edit) }
    for (name, value) in set where members[name] == nil { members.set(name, to: value, &edit) }
    for name in refuse {
      guard let value = members[name] else { continue }
      guard BodyMembers.isUsual(name, value) else {
        throw Fault(.invalid, "This model doesn't support \"\(name)\"; leave it out.", code: "unsupported_parameter", param: name)
      }
      members.remove(name, &edit)
    }
    applyEffort(&members, &edit, &losses)
  }

  private func applyEffort(_ members: inout BodyMembers, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    guard let effort, let asked = members["reasoning_effort"]?.string else { return }
    let isNone = asked == "none"
    guard let replacement = isNone ? effort.none : effort.any else { return }
    for (name, value) in replacement where members[name] == nil { members.set(name, to: value, &edit) }
    guard isNone || !effort.keep else { return }
    members.remove("reasoning_effort", &edit)
    if !isNone { losses.append(Loss("reasoning_effort", .downgraded)) }
  }

  /// The rules about what lies inside the messages; after all others, since those may have taken the messages away.
  func applyToMessages(_ members: BodyMembers, _ edit: inout JSONEdit) throws(Fault) {
    guard flatten, let messages = members.original("messages") else { return }
    for (position, message) in messages.elements.enumerated() {
      guard let content = message["content"], content.kind == .array else { continue }
      edit.replace(content, with: JSON(try Self.text(of: content, path: "messages[\(position)].content")))
    }
  }

  /// The texts of a content's parts, joined as they are.
  private static func text(of content: JSON, path: String) throws(Fault) -> String {
    var text = ""
    for (position, part) in content.elements.enumerated() {
      guard let piece = part["text"]?.string ?? part["refusal"]?.string ?? part.string else {
        throw Fault(
          .invalid, "This model takes text only.", code: "unsupported_content", param: "\(path)[\(position)]")
      }
      text += piece
    }
    return text
  }
}

extension RequestRules.Effort {
  fileprivate init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    none = fields["none"]?.jsonMembers()
    any = fields["any"]?.jsonMembers()
    keep = fields["keep"]?.bool() ?? false
    fields.end()
  }
}

extension Field {
  /// The members of a mapping as they go into a body.
  func jsonMembers() -> [(name: String, value: JSON)] {
    entries().map { ($0.name, $0.field.setting.json) }
  }
}
