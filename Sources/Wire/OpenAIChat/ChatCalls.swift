import Base

/// The tool calls of one choice while they are read, however sloppy the deltas are. Source: wire-formats §4.
struct ChatCalls: Sendable {
  private struct Call: Sendable {
    var id = ""
    /// The id that the client knows it by.
    var shown = ""
    var name = ""
    /// What came before the name.
    var held = ""
    var isFreeform = false
    var signature: Signature?
    var place: Place?
    /// Whether the id is ours: a first one that comes late is then no new call.
    var isIDOurs = false
    var progress = JSONProgress()

    /// Takes the upstream's own id for later deltas; the client keeps ours.
    mutating func learn(_ id: String) {
      self.id = id
      isIDOurs = false
    }
  }

  /// More calls than any model makes in one turn.
  static let maximum = 1024

  private var calls: [Call] = []
  /// The call that an upstream's index means now.
  private var slots: [Int: Int] = [:]

  /// The number of the call that a delta belongs to; `position` is its place in a whole list. `.broken` beyond the maximum.
  mutating func slot(for delta: JSON, _ position: Int?) throws(Fault) -> Int {
    let id = delta["id"]?.string ?? ""
    if position != nil { return try add() }
    guard let index = delta["index"]?.int else {
      if !id.isEmpty, let known = calls.lastIndex(where: { $0.id == id }) { return known }
      guard id.isEmpty, let last = calls.indices.last, !isAnother(delta, than: calls[last]) else { return try add() }
      return last
    }
    if let known = slots[index] {
      guard !id.isEmpty, !calls[known].id.isEmpty, !calls[known].isIDOurs, calls[known].id != id else { return known }
    }
    let number = try add()
    slots[index] = number
    return number
  }

  /// Whether a delta without index and id begins a call of its own: another name comes, or a name behind complete arguments.
  private func isAnother(_ delta: JSON, than call: Call) -> Bool {
    guard let name = (delta["function"] ?? delta["custom"] ?? delta)["name"]?.string, !name.isEmpty, !call.name.isEmpty else {
      return false
    }
    return name != call.name || call.progress.isComplete
  }

  private mutating func add() throws(Fault) -> Int {
    guard calls.count < Self.maximum else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "more than \(Self.maximum) tool calls")
    }
    calls.append(Call())
    return calls.count - 1
  }

  /// Takes a delta of a call in. The call opens when its name is known, at the place; true when it did.
  mutating func read(_ delta: JSON, at number: Int, _ next: Place, _ events: inout [Event]) -> Bool {
    let body = delta["function"] ?? delta["custom"] ?? delta
    if delta["custom"] != nil || delta["type"]?.string == "custom" { calls[number].isFreeform = true }
    let id = delta["id"]?.string ?? ""
    if calls[number].id.isEmpty { calls[number].id = id } else if !id.isEmpty, calls[number].isIDOurs { calls[number].learn(id) }
    let signature = delta.at("extra_content.google.thought_signature")?.string.map { Signature(.gemini, $0) }
    let piece = Self.text(body["arguments"] ?? body["input"])
    calls[number].progress.append(piece)
    if let place = calls[number].place {
      if let signature { events.append(.signature(place, signature)) }
      if !piece.isEmpty { events.append(.delta(place, piece)) }
      return false
    }
    calls[number].signature = calls[number].signature ?? signature
    calls[number].held += piece
    guard let name = body["name"]?.string, !name.isEmpty else { return false }
    calls[number].name = name
    open(number, at: next, &events)
    return true
  }

  /// Closes all calls; gives how many there were. A call that never got a name is none.
  mutating func end(_ events: inout [Event], _ candidate: Int) -> Int {
    var count = 0
    for (number, call) in calls.enumerated() {
      guard let place = call.place else {
        events.append(.loss(Loss("tool_calls[\(number)]", .dropped)))
        continue
      }
      events.append(.close(place))
      count += 1
    }
    return count
  }

  private mutating func open(_ number: Int, at place: Place, _ events: inout [Event]) {
    if calls[number].id.isEmpty {
      calls[number].id = Identifier.make("call_")
      calls[number].isIDOurs = true
      events.append(.loss(Loss("tool_calls[\(number)].id", .synthesized)))
    }
    let id = ownID(of: number)
    if id != calls[number].id { events.append(.loss(Loss("tool_calls[\(number)].id", .renamed))) }
    calls[number].shown = id
    calls[number].place = place
    let call = calls[number]
    let part = ToolCall(id: id, name: call.name, kind: call.isFreeform ? .freeform : .function, signature: call.signature)
    events.append(.open(place, .call(part)))
    if !call.held.isEmpty { events.append(.delta(place, call.held)) }
    calls[number].held = ""
  }

  /// An id that no other call of the choice has: the client tells results by it. Source: wire-formats §2.5.
  private func ownID(of number: Int) -> String {
    let id = calls[number].id
    var own = id
    var count = 2
    while calls.contains(where: { $0.place != nil && $0.shown == own }) {
      own = "\(id)_\(count)"
      count += 1
    }
    return own
  }

  /// Arguments as text; some upstreams give an object.
  private static func text(_ arguments: JSON?) -> String {
    guard let arguments, !arguments.isNull else { return "" }
    return arguments.string ?? ArgumentText.compact(arguments)
  }
}
