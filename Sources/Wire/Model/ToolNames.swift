import Base

/// The names of one request's tools on the way up, and back. Source: wire-formats §2.5.
///
/// A name that doesn't fit the upstream's wire is changed the same way in tools, tool choice and history; in the reply the client
/// gets its own name again, and a freeform tool that went up as a function is a freeform tool again. Two names never become one: one
/// that is taken already gets the digits of its hash, as one that is too long does.
package struct ToolNames: Sendable {
  /// What a wire takes as a name.
  package enum Rule: Sendable {
    /// Letters, digits, `_`, `-`; at most 64.
    case chat
    /// Letters, digits, `_`, `-`; at most 128.
    case messages
    /// Begins with a letter or `_`; also `.` and `:`; at most 128.
    case gemini
  }

  private let rule: Rule
  /// The names that go up for those that don't fit.
  private var changed: [String: String] = [:]
  /// The names of the client's that go up as they are.
  private var kept: Set<String> = []
  /// The client's name by the upstream's, for those that differ.
  private(set) var originals: [String: String] = [:]
  /// The client's names of freeform tools that went up as functions.
  private(set) var freeform: Set<String> = []

  /// No names yet.
  package init(_ rule: Rule) {
    self.rule = rule
  }

  /// Keeps the names of tools that fit for those tools. Comes before any other is asked for.
  package mutating func reserve(_ tools: [Tool]) {
    guard tools.contains(where: { !rule.allows($0.name) }) else { return }
    for tool in tools where rule.allows(tool.name) { kept.insert(tool.name) }
  }

  /// The name that goes up for a client's name.
  package mutating func upstream(_ name: String) -> String {
    guard !rule.allows(name) else { return name }
    if let known = changed[name] { return known }
    var fitting = rule.fit(name)
    if kept.contains(fitting) || originals[fitting] != nil { fitting = ToolNames.Rule.cut(fitting, of: name) }
    changed[name] = fitting
    originals[fitting] = name
    return fitting
  }

  /// Remembers that this tool (by the client's name) takes free text, though it went up as a function.
  package mutating func emulate(_ name: String) {
    freeform.insert(name)
  }

  /// Whether replies can pass as they are.
  package var isPlain: Bool { originals.isEmpty && freeform.isEmpty }
}

extension ToolNames.Rule {
  private var most: Int { self == .chat ? 64 : 128 }

  func allows(_ name: String) -> Bool {
    guard (1...most).contains(name.utf8.count) else { return false }
    if self == .gemini, let first = name.utf8.first, !Self.isLetter(first), first != UInt8(ascii: "_") { return false }
    return name.utf8.allSatisfy(isLegal)
  }

  /// Each illegal character becomes `_`; a name that is still too long is cut and gets eight digits of its hash.
  func fit(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
      let byte = character.isASCII ? UInt8(truncatingIfNeeded: character.value) : 0
      text.unicodeScalars.append(isLegal(byte) ? character : "_")
    }
    if text.isEmpty { text = "_" }
    if self == .gemini, let first = text.utf8.first, !Self.isLetter(first), first != UInt8(ascii: "_") { text = "_" + text.dropFirst() }
    guard text.utf8.count > most else { return text }
    return Self.cut(text, of: name)
  }

  /// A text with digits that tell its name from all others.
  fileprivate static func cut(_ text: String, of name: String) -> String {
    text.prefix(55) + "_" + Digest.hex(Digest.sha256(Array(name.utf8)).prefix(4))
  }

  private func isLegal(_ byte: UInt8) -> Bool {
    Self.isLetter(byte) || 48...57 ~= byte || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || self == .gemini && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":"))
  }

  private static func isLetter(_ byte: UInt8) -> Bool { 65...90 ~= byte || 97...122 ~= byte }
}

/// Gives a reply's calls their own names and form back.
package struct ToolRestorer: Sendable {
  private let names: ToolNames
  /// The arguments of open calls that become free text.
  private var held: [Place: String] = [:]

  /// For the reply to a request with these names.
  package init(_ names: ToolNames) {
    self.names = names
  }

  /// The events as the client knows its tools.
  package mutating func restore(_ events: [Event]) -> [Event] {
    guard !names.isPlain else { return events }
    var restored: [Event] = []
    for event in events { restore(event, &restored) }
    return restored
  }

  private mutating func restore(_ event: Event, _ events: inout [Event]) {
    switch event {
    case .open(let place, .call(var call)):
      call.name = names.originals[call.name] ?? call.name
      if names.freeform.contains(call.name) {
        held[place] = call.arguments
        call.arguments = ""
        call.kind = .freeform
      }
      events.append(.open(place, .call(call)))
    case .delta(let place, let text) where held[place] != nil: held[place]?.append(text)
    case .close(let place):
      if let text = held.removeValue(forKey: place) { events.append(.delta(place, Self.freeText(text))) }
      events.append(event)
    default: events.append(event)
    }
  }

  /// The text within `{"input": "…"}`; what is no such object stays as it is.
  private static func freeText(_ arguments: String) -> String {
    let json = try? JSON(parsing: arguments)  // nil is right: a model may answer with anything
    return json?["input"]?.string ?? arguments
  }
}
