import Base

/// The members of a request's body as they are after the edits so far.
///
/// `JSONEdit` writes but can't be asked; rules must know what the rules before them did.
struct BodyMembers {
  private let body: JSON
  /// What an edited member is now, nil when it is gone.
  private var edited: [String: JSON?] = [:]

  init(_ body: JSON) {
    self.body = body
  }

  /// What a member is now.
  subscript(name: String) -> JSON? { edited[name] ?? body[name] }

  /// A member that no edit has touched, so that its inside may be edited.
  func original(_ name: String) -> JSON? { edited.keys.contains(name) ? nil : body[name] }

  /// The names of all members that are there.
  var names: [String] {
    body.members.map(\.name).filter { self[$0] != nil } + edited.keys.filter { body[$0] == nil && self[$0] != nil }.sorted()
  }

  mutating func set(_ name: String, to value: JSON, _ edit: inout JSONEdit) {
    edit.set(name, to: value, in: body)
    edited[name] = .some(value)
  }

  mutating func remove(_ name: String, _ edit: inout JSONEdit) {
    guard self[name] != nil else { return }
    edit.remove(name, from: body)
    edited[name] = .some(nil)
  }

  /// Removes a member and reports it, unless it said what holds without it.
  mutating func drop(_ name: String, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    guard let value = self[name] else { return }
    remove(name, &edit)
    if !Self.isUsual(name, value) { losses.append(Loss(name, .dropped)) }
  }

  /// Gives a member another name; where that one is there already, the client's new one stays and the old one goes.
  mutating func rename(_ name: String, to new: String, _ edit: inout JSONEdit) {
    guard name != new, let value = self[name] else { return }
    guard self[new] == nil else { return remove(name, &edit) }
    edit.rename(name, to: new, in: body)
    edited[name] = .some(nil)
    edited[new] = .some(value)
  }

  /// Whether a member says only what holds without it. Source: formats/wire-formats §2.3, §3.1 (defaults of Chat).
  static func isUsual(_ name: String, _ value: JSON) -> Bool {
    if value.isNull { return true }
    switch name {
    case "n", "temperature", "top_p": return value.double == 1
    case "frequency_penalty", "presence_penalty": return value.double == 0
    case "logprobs", "stream", "store": return value.bool == false
    case "parallel_tool_calls": return value.bool == true
    case "tool_choice", "service_tier": return value.string == "auto"
    case "verbosity": return value.string == "medium"
    case "modalities": return value.kind == .array && value.elements.elementsEqual(["text"])
    case "response_format": return value["type"]?.string == "text"
    case "tools", "functions", "stop", "logit_bias", "metadata": return value.kind != .string && value.count == 0
    default: return false
    }
  }
}
