package import Base

/// A chat as a site takes it: one text, or a list of messages, and the images that go up beside it.
package struct PromptHistory: Sendable {
  /// What stands for a message.
  struct Turn: Sendable, Equatable {
    /// `system`, `user`, `assistant` or `tool`.
    var role: String
    var content: String
  }

  /// The text for `{{prompt}}`.
  package let prompt: String
  /// The list for `{{messages}}`.
  package let messages: JSON
  /// The images of all messages, in order.
  package let images: [Media]
  /// What the site can't be told.
  package let losses: [Loss]

  /// Makes the history of a chat. Throws `invalid` (`unsupported_content`) for what a text can't say.
  package init(_ chat: Chat, _ recipe: Recipe) throws(Fault) {
    guard chat.tools.isEmpty || recipe.emulatesTools || chat.toolChoice == ToolChoice.none else {
      throw Self.refusal("This model can't call tools.", "tools")
    }
    var turns: [Turn] = []
    var images: [Media] = []
    if recipe.emulatesTools, let text = PromptTools.instructions(chat) { turns.append(Turn(role: "system", content: text)) }
    for message in chat.messages { turns += try Self.turns(message, &images, recipe) }
    if case .json? = chat.format { turns.append(Turn(role: "system", content: Emulation.json)) }
    if case .schema(let schema)? = chat.format {
      let words = schema.schema.map { " It must fit this JSON Schema: " + String(decoding: $0.bytes, as: UTF8.self) } ?? ""
      turns.append(Turn(role: "system", content: Emulation.json + words))
    }
    self.images = images
    losses = Self.losses(chat, recipe)
    let rule = recipe.history
    prompt = rule.text(of: turns)
    messages = try rule.list(of: turns)
  }

  private static func losses(_ chat: Chat, _ recipe: Recipe) -> [Loss] {
    let settings = chat.settings
    let sent: [(ClientWire.Setting, Bool)] = [
      (.maxTokens, settings.maxTokens != nil), (.temperature, settings.temperature != nil), (.topP, settings.topP != nil),
      (.topK, settings.topK != nil), (.stop, !settings.stop.isEmpty), (.candidates, (settings.candidates ?? 1) > 1),
      (.frequencyPenalty, settings.frequencyPenalty != nil), (.presencePenalty, settings.presencePenalty != nil),
      (.seed, settings.seed != nil), (.logprobs, settings.logprobs == true), (.logitBias, settings.logitBias != nil),
    ]
    var losses = chat.losses + sent.filter(\.1).map { Loss(chat.path(of: $0.0), .dropped) }
    if chat.format != nil { losses.append(Loss(chat.path(of: .format), .emulated)) }
    if !chat.tools.isEmpty, chat.toolChoice != ToolChoice.none { losses.append(Loss("tools", .emulated)) }
    return losses
  }

  static func refusal(_ message: String, _ param: String) -> Fault {
    Fault(.invalid, message, code: "unsupported_content", param: param)
  }

  private static func turns(_ message: Message, _ images: inout [Media], _ recipe: Recipe) throws(Fault) -> [Turn] {
    var turns: [Turn] = []
    var texts: [String] = []
    for content in message.contents {
      switch content.part {
      case .text(let text, _), .refusal(let text): texts.append(text)
      case .reasoning: break  // the site thinks anew
      case .call(let call): texts.append(PromptTools.text(of: call))
      case .result(let result):
        turns.append(Turn(role: "tool", content: PromptTools.text(of: result)))
        for part in result.parts { if case .media(let media) = part { images.append(try image(media, content.path.text(), recipe)) } }
      case .media(let media):
        if let text = try document(media) { texts.append(text) } else { images.append(try image(media, content.path.text(), recipe)) }
      case .opaque: throw refusal("This model takes text only.", content.path.text())
      }
    }
    if !texts.isEmpty { turns.append(Turn(role: message.role.rawValue, content: texts.joined(separator: "\n"))) }
    return turns
  }

  private static func image(_ media: Media, _ path: String, _ recipe: Recipe) throws(Fault) -> Media {
    guard media.kind == .image else { throw refusal("This model takes no \(media.kind.rawValue).", path) }
    guard recipe.takesImages else { throw refusal("This model takes no images.", path) }
    return media
  }

  /// A document that is text stands in the message.
  private static func document(_ media: Media) throws(Fault) -> String? {
    guard media.kind == .document, case .data(let data, let type) = media.source, type.hasPrefix("text/"),
      let bytes = Base64.decode(data)
    else { return nil }
    return Emulation.document(String(decoding: bytes, as: UTF8.self), title: media.title)
  }
}

extension HistoryRule {
  /// All turns as one text, or the user's last alone.
  func text(of turns: [PromptHistory.Turn]) -> String {
    let lastUser = turns.last { $0.role == "user" } ?? turns.last
    if policy == .last { return lastUser?.content ?? "" }
    if turns.count == 1, isBareIfSingle { return turns[0].content }
    var text = ""
    var isFirst = true
    for turn in turns {
      var words = templates[turn.role] ?? template
      if isFirst, turn.role != "system", let first { words = first }
      if turn.role != "system" { isFirst = false }
      text += Self.filled(words, role: roles[turn.role] ?? turn.role, content: turn.content)
    }
    return text + end
  }

  private static func filled(_ template: String, role: String, content: String) -> String {
    // The content comes last, so that braces in it stay what they are.
    var out = ""
    var rest = template[...]
    while let brace = rest.firstIndex(of: "{") {
      out += rest[..<brace]
      rest = rest[brace...]
      if rest.hasPrefix("{role}") {
        out += role
        rest = rest.dropFirst(6)
      } else if rest.hasPrefix("{content}") {
        out += content
        rest = rest.dropFirst(9)
      } else {
        out += "{"
        rest = rest.dropFirst()
      }
    }
    return out + rest
  }

  /// The turns as a list, each made by `item`.
  func list(of turns: [PromptHistory.Turn]) throws(Fault) -> JSON {
    guard let item else {
      return .array(turns.map { .object([("role", JSON(roles[$0.role] ?? $0.role)), ("content", JSON($0.content))]) })
    }
    var list: [JSON] = []
    for turn in turns {
      let values = ["role": FormulaValue(roles[turn.role] ?? turn.role), "content": FormulaValue(turn.content)]
      if let message = try item.value(in: RecipeContext { (name) throws(Fault) in values[name.description] }) { list.append(message) }
    }
    return .array(list)
  }
}
