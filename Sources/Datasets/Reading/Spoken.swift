/// One message as it was sent, before turns are made of messages.
struct Spoken {
  enum Side { case system, client, model }

  var side: Side
  var parts: [SpokenPart] = []
  /// What stands between two thoughts.
  var thoughtSeparator = "\n\n"

  init(_ side: Side, _ parts: [SpokenPart] = []) {
    self.side = side
    self.parts = parts
  }
}

/// One piece of a message.
enum SpokenPart {
  case text(String)
  case image(Picture)
  case reasoning(String)
  case call(CallTurn)
  case result(SpokenResult)
  /// What says nothing and parts the texts beside it: where one message of a reply ends and the next begins.
  case boundary
}

extension SpokenPart {
  /// A block of thought: an empty one still stands between the texts beside it.
  static func thought(_ text: String) -> SpokenPart { text.isEmpty ? .boundary : .reasoning(text) }
}

/// What a tool said, before its call is found.
struct SpokenResult {
  /// Nil where the wire told none.
  var id: String?
  var name: String?
  var content: Content
  /// Whether a call is found by its name where there are no ids.
  var isByName = false
}

/// The reply, and how it ended.
struct Answer {
  var parts: [SpokenPart] = []
  /// The indexes of all choices that came.
  var choices: Set<Int> = []
  /// What stands between two thoughts.
  var thoughtSeparator = "\n\n"
}

/// What was asked.
struct Question {
  var messages: [Spoken] = []
  var tools: [ToolDefinition] = []
  var parallelCalls: Bool?
  /// Whether the reply goes on where the last message ends.
  var isPrefilled = false
}
