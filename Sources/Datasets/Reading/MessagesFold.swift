import Base

/// Puts a Messages stream together, block by block.
struct MessagesFold: ReplyFold {
  private struct Block {
    var start: JSON
    var text = PiecedText()
    var input = PiecedText()
  }

  var isDone = false
  private var blocks: [Block] = []
  /// The block that an index means now.
  private var slots: [Int: Int] = [:]
  private var finish: String?
  private var hasStopped = false

  var isComplete: Bool { finish != nil || hasStopped }

  mutating func read(_ json: JSON, _ notes: inout Notes) {
    let index = json["index"]?.int ?? 0
    switch json["type"]?.string {
    case "content_block_start": open(json["content_block"] ?? .null, index)
    case "content_block_delta": grow(json["delta"] ?? .null, index)
    case "message_delta":
      if let word = json.at("delta.stop_reason")?.string, !word.isEmpty { finish = word }
    case "message_stop": hasStopped = true
    default: break
    }
  }

  private mutating func open(_ start: JSON, _ index: Int) {
    slots[index] = blocks.count
    blocks.append(Block(start: start))
    blocks[blocks.count - 1].text.append(start["text"] ?? start["thinking"])
  }

  private mutating func grow(_ delta: JSON, _ index: Int) {
    let type = delta["type"]?.string
    if slots[index] == nil, type == "text_delta" || type == "thinking_delta" {
      // Some upstreams forget to announce a text.
      open(["type": type == "text_delta" ? "text" : "thinking"], index)
    }
    guard let slot = slots[index] else { return }
    switch type {
    case "text_delta": blocks[slot].text.append(delta["text"])
    case "thinking_delta": blocks[slot].text.append(delta["thinking"])
    case "input_json_delta": blocks[slot].input.append(delta["partial_json"])
    default: break
    }
  }

  func end(isStream: Bool, into answer: inout Answer, _ notes: inout Notes) {
    for (position, block) in blocks.enumerated() { add(block, position, to: &answer, &notes) }
    Finish.note(messages: finish, &notes)
  }

  private func add(_ block: Block, _ position: Int, to answer: inout Answer, _ notes: inout Notes) {
    switch block.start["type"]?.string {
    case "text": answer.parts.append(.text(block.text.text(&notes)))
    case "thinking": answer.parts.append(.thought(block.text.text(&notes)))
    case "tool_use" where !block.input.isEmpty:
      let text = block.input.text(&notes)
      // What is no JSON stays as it is, for the check.
      let arguments = (try? JSON(parsing: text)).map { notes.cleaned($0) } ?? text
      answer.parts.append(.call(CallTurn(id: notes.text(block.start["id"]), name: notes.text(block.start["name"]), arguments: arguments)))
    default: answer.parts += MessagesBlocks.parts(.array([block.start]), "content[\(position)]", isReply: true, &notes)
    }
  }
}
