/// A turn of the model while it is put together from parts. Source: formats/datasets.md §9.1.2 and §9.1.5.
struct ModelText {
  private(set) var turn = ModelTurn()
  /// The text before an inline thought was taken off.
  private(set) var rawText = ""
  /// Whether thoughts came apart from the text.
  private(set) var hasThoughts = false

  /// A message of a request: its parts are joined by line ends.
  init(history message: Spoken) {
    let parts = message.parts
    rawText = Content(parts).text(image: "")
    turn.chainText = Self.replyText(parts)
    finish(parts, message.thoughtSeparator)
    turn.chainText = hasThoughts ? turn.chainText : InlineThought(turn.chainText).text
  }

  /// A reply: texts side by side are one, those with something between are paragraphs.
  init(reply: Answer) {
    rawText = Self.replyText(reply.parts)
    finish(reply.parts, reply.thoughtSeparator)
    turn.chainText = turn.text
  }

  var isEmpty: Bool { turn.text.isEmpty && turn.calls.isEmpty && turn.reasoning.isEmpty }

  private mutating func finish(_ parts: [SpokenPart], _ separator: String) {
    var thoughts: [String] = []
    for part in parts {
      switch part {
      case .reasoning(let thought): if !thought.isEmpty { thoughts.append(thought) }
      case .call(let call): turn.calls.append(call)
      case .text, .image, .result, .boundary: break
      }
    }
    hasThoughts = !thoughts.isEmpty
    turn.reasoning = thoughts.joined(separator: separator)
    turn.takeThought(from: rawText)
  }

  private static func replyText(_ parts: [SpokenPart]) -> String {
    var groups: [String] = []
    var isOpen = false
    for part in parts {
      guard case .text(let text) = part else {
        if case .reasoning("") = part { continue }
        isOpen = false
        continue
      }
      guard !text.isEmpty else { continue }
      if isOpen { groups[groups.count - 1] += text } else { groups.append(text) }
      isOpen = true
    }
    guard groups.count > 1 else { return groups.first ?? "" }
    return groups.map { $0.withoutOuterNewlines }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }
}

extension ModelTurn {
  /// Sets the text; without reasoning of its own, a thought in it becomes the reasoning.
  mutating func takeThought(from raw: String) {
    text = raw
    guard reasoning.isEmpty else { return }
    let inline = InlineThought(raw)
    reasoning = inline.thought
    text = inline.text
  }

  /// This turn and its neighbour.
  func merged(_ next: ModelTurn) -> ModelTurn {
    var turn = self
    turn.reasoning = Self.join(reasoning, next.reasoning, "\n\n")
    turn.text = Self.join(text, next.text, "\n\n")
    turn.chainText = Self.join(chainText, next.chainText, "\n\n")
    turn.calls += next.calls
    return turn
  }

  /// This turn, which the client began, and the reply that goes on with it.
  func continued(_ reply: ModelText) -> ModelTurn {
    var turn = self
    turn.reasoning = Self.join(reasoning, reply.turn.reasoning, "\n\n")
    turn.calls += reply.turn.calls
    if reasoning.isEmpty, !reply.hasThoughts {
      turn.reasoning = ""
      turn.takeThought(from: text + reply.rawText)
    } else {
      turn.text = text + reply.turn.text
    }
    turn.chainText = turn.text
    return turn
  }

  private static func join(_ left: String, _ right: String, _ separator: String) -> String {
    left.isEmpty || right.isEmpty ? left + right : left + separator + right
  }
}

/// A thought that a model wrote into its text.
struct InlineThought {
  /// The thought; empty when there is none.
  private(set) var thought = ""
  /// The text without it.
  private(set) var text: String

  init(_ raw: String) {
    text = raw
    guard let end = raw.firstPlace(of: "</think>") else { return }
    let opening = raw.firstPlace(of: "<think>")
    var start = raw.startIndex
    if let opening, opening.lowerBound < end.lowerBound {
      guard raw[..<opening.lowerBound].utf8.allSatisfy({ $0 <= 32 }) else { return }
      start = opening.upperBound
    }
    thought = String(raw[start..<end.lowerBound]).withoutOuterNewlines
    let rest = raw[end.upperBound...]
    text = String(rest.drop { $0.isNewlineCharacter })
  }
}

extension Character {
  fileprivate var isNewlineCharacter: Bool { self == "\n" || self == "\r" || self == "\r\n" }
}

extension String {
  /// The text without line ends at its beginning and its end.
  var withoutOuterNewlines: String {
    var text = Substring(self)
    while let first = text.first, first.isNewlineCharacter { text.removeFirst() }
    while let last = text.last, last.isNewlineCharacter { text.removeLast() }
    return String(text)
  }

  /// The text without line ends at its end.
  var withoutTrailingNewlines: String {
    var text = Substring(self)
    while let last = text.last, last.isNewlineCharacter { text.removeLast() }
    return String(text)
  }
}
