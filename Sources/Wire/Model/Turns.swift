/// Puts a conversation's turns in the order that strict wires want. Source: wire-formats §2.9, §2.10.
///
/// After it: no empty texts and no empty turns; every call has one result, in the first user turn behind it and before
/// anything else there, in the order the client gave them, unanswered ones last; no result answers nothing.
package struct Turns {
  /// The turns, system turns still in their places.
  package private(set) var messages: [Message] = []
  /// What was left out or made up.
  package private(set) var losses: [Loss] = []

  /// Ids of calls that wait for a result.
  private var waiting = WaitingCalls()
  /// The turn that the results go into.
  private var answer: Int?

  /// Arranges the turns.
  package init(_ source: [Message]) {
    messages.reserveCapacity(source.count)
    for message in source { add(message) }
    endOfAnswers()
  }

  private mutating func add(_ message: Message) {
    var message = message
    message.contents.removeAll { if case .text(let text, _) = $0.part { text.isEmpty } else { false } }
    if message.role == .assistant { endOfAnswers() }
    if message.role == .user, message.contents.contains(where: \.part.isResult) { return addAnswers(message) }
    guard !message.contents.isEmpty else { return losses.append(Loss(message.path.text(), .dropped)) }
    // What follows the calls waits behind their results.
    if message.role != .assistant, !waiting.isEmpty, answer == nil { beginAnswer(message.path) }
    messages.append(message)
    guard message.role == .assistant else { return }
    for case .call(let call) in message.contents.map(\.part) { waiting.append(call.id, call.name) }
  }

  private mutating func beginAnswer(_ path: SourcePath) {
    answer = messages.count
    messages.append(Message(.user, [], at: path))
  }

  private mutating func addAnswers(_ message: Message) {
    var rest = message
    rest.contents = []
    for content in message.contents {
      guard case .result(var result) = content.part else {
        rest.contents.append(content)
        continue
      }
      guard let name = waiting.remove(result.id) else {
        rest.contents.append(Message.Content(.text(Emulation.strayResult(result.id, result.text)), at: content.path))
        rest.contents += result.parts.filter { if case .media = $0 { true } else { false } }.map { Message.Content($0, at: content.path) }
        losses.append(Loss(content.path.text(), .emulated))
        continue
      }
      result.name = result.name ?? name
      if answer == nil { beginAnswer(message.path) }
      if let answer { messages[answer].contents.append(Message.Content(.result(result), at: content.path)) }
    }
    guard !rest.contents.isEmpty else { return }
    if !waiting.isEmpty, answer == nil { beginAnswer(message.path) }
    messages.append(rest)
  }

  private mutating func endOfAnswers() {
    if !waiting.isEmpty {
      let path = messages.last?.path ?? SourcePath("messages")
      if answer == nil { beginAnswer(path) }
      if let answer {
        for call in waiting.all {
          let result = ToolResult(id: call.id, name: call.name, parts: [.text(Emulation.noResult)], isError: true)
          messages[answer].contents.append(Message.Content(.result(result), at: path))
        }
        losses.append(Loss(path.text(), .synthesized))
      }
    }
    waiting = WaitingCalls()
    answer = nil
  }
}

/// Calls that have no result yet. A body may hold a hundred thousand, answered in any order.
private struct WaitingCalls {
  /// Those that were answered are nil.
  private var calls: [(id: String, name: String)?] = []
  /// Where the calls of an id stand.
  private var places: [String: ArraySlice<Int>] = [:]
  private var count = 0

  var isEmpty: Bool { count == 0 }
  /// In their order.
  var all: [(id: String, name: String)] { calls.compactMap { $0 } }

  mutating func append(_ id: String, _ name: String) {
    places[id, default: []].append(calls.count)
    calls.append((id, name))
    count += 1
  }

  /// Takes the first call of an id away and gives its name; nil when none waits.
  mutating func remove(_ id: String) -> String? {
    guard let place = places[id]?.popFirst() else { return nil }
    defer { calls[place] = nil }
    count -= 1
    return calls[place]?.name
  }
}

extension Part {
  /// Whether it is what a tool said.
  package var isResult: Bool { if case .result = self { true } else { false } }
}
