package import Base

extension RequestRules {
  /// Turns a client's Chat body into the one that goes up, as splices: the dialect's side, then these rules.
  ///
  /// The rules come second because they are about the body that goes up: `drop: [max_tokens]` also means a limit that
  /// the client called `max_completion_tokens`. Every byte that isn't concerned stays as it is; the model's name is the
  /// caller's business. `stream` tells whether the upstream is asked for a stream; `set` are the members that the
  /// model's entry adds.
  ///
  /// Throws `.invalid` with code `unsupported_parameter` for a refused member, and with `unsupported_content` for a
  /// part that can't be flattened.
  package func apply(
    to body: JSON, dialect: Dialect, stream: Bool, set: [(name: String, value: JSON)] = [], edit: inout JSONEdit, losses: inout [Loss]
  ) throws(Fault) {
    var members = BodyMembers(body)
    let stream = stream || alwaysStreams
    if (members["stream"]?.bool ?? false) != stream { members.set("stream", to: JSON(stream), &edit) }
    let rules = DialectRules(dialect: dialect)
    rules.apply(&members, stream: stream, &edit, &losses)
    for (name, value) in set where members[name] == nil { members.set(name, to: value, &edit) }
    try apply(&members, &edit, &losses)
    rules.applyInside(&members, &edit, &losses)
    try applyToMessages(members, &edit)
  }
}

extension RequestRules {
  /// Whether they change nothing of a body.
  package var isEmpty: Bool { drop.isEmpty && rename.isEmpty && set.isEmpty && refuse.isEmpty && effort == nil }

  /// Turns a body of a wire that has no dialects into the one that goes up, as splices; `set` are the members that the model's
  /// entry adds. Throws `.invalid` with code `unsupported_parameter` for a refused member.
  package func apply(
    to body: JSON, set more: [(name: String, value: JSON)], edit: inout JSONEdit, losses: inout [Loss]
  ) throws(Fault) {
    var members = BodyMembers(body)
    for (name, value) in more where members[name] == nil { members.set(name, to: value, &edit) }
    try apply(&members, &edit, &losses)
  }
}

extension Dialect {
  /// The freeform tools that go up as functions: their calls are to be turned back in the reply.
  package func emulatedTools(in body: JSON) -> Set<String> {
    guard !customTools, let tools = body["tools"] else { return [] }
    return Set(tools.elements.compactMap { $0["type"]?.string == "custom" ? $0.at("custom.name")?.string : nil })
  }
}
