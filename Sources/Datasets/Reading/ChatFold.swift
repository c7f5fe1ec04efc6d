import Base

/// Puts a Chat stream together: one choice of it.
struct ChatFold: ReplyFold {
  private struct Call {
    var id = ""
    var name = ""
    var arguments = PiecedText()
  }

  var isDone = false
  private let choice: Int
  private var text = PiecedText()
  private var thought = PiecedText()
  private var refusal = PiecedText()
  private var calls: [Call] = []
  private var legacy: Call?
  /// The call that an index means now.
  private var slots: [Int: Int] = [:]
  private var finish: String?
  private var indexes: Set<Int> = []

  /// The choice with an index.
  init(_ choice: Int) {
    self.choice = choice
  }

  var isComplete: Bool { finish != nil || isDone }

  mutating func read(_ json: JSON, _ notes: inout Notes) {
    for choice in (json["choices"] ?? .null).elements {
      let index = choice["index"]?.int ?? 0
      indexes.insert(index)
      guard index == self.choice else { continue }
      if let delta = choice["delta"] ?? choice["message"] { read(delta: delta, &notes) }
      if let word = choice["finish_reason"]?.string, !word.isEmpty, finish == nil { finish = word }
    }
  }

  private mutating func read(delta: JSON, _ notes: inout Notes) {
    read(content: delta["content"], &notes)
    let thoughts = [delta["reasoning_content"], delta["reasoning"]]
    thought.append(thoughts.lazy.compactMap { $0 }.first { $0.string?.isEmpty == false })
    refusal.append(delta["refusal"])
    for call in (delta["tool_calls"] ?? .null).elements { read(call: call, &notes) }
    if let call = delta["function_call"], call.kind == .object {
      var whole = legacy ?? Call()
      take(call, into: &whole, &notes)
      legacy = whole
    }
    if delta["audio"]?.present != nil { notes.refuse(.unsupportedMedia, "delta.audio") }
    if let images = delta["images"], images.count > 0 { notes.refuse(.unsupportedMedia, "delta.images") }
  }

  private mutating func read(content: JSON?, _ notes: inout Notes) {
    guard let content, content.kind == .array else { return text.append(content) }
    for part in ChatParts.parts(content, "delta.content", isModel: true, &notes) {
      switch part {
      case .text(let words): text.append(text: words)
      case .reasoning(let words): thought.append(text: words)
      default: break
      }
    }
  }

  private mutating func read(call: JSON, _ notes: inout Notes) {
    if let type = call["type"]?.string, type != "function", !type.isEmpty {
      notes.refuse(.unsupportedToolType, "delta.tool_calls: \(Shown.word(type))")
    }
    let id = notes.text(call["id"])
    let slot = slot(id, call["index"]?.int)
    if calls[slot].id.isEmpty { calls[slot].id = id }
    take(call["function"] ?? call, into: &calls[slot], &notes)
  }

  private func take(_ function: JSON, into call: inout Call, _ notes: inout Notes) {
    if call.name.isEmpty { call.name = notes.text(function["name"]) }
    if let arguments = function["arguments"]?.present, arguments.kind != .string {
      call.arguments.append(text: notes.cleaned(arguments))
    } else {
      call.arguments.append(function["arguments"])
    }
  }

  /// The call that a fragment belongs to: by its index, where a new id begins a new call; else by its id; else the last one.
  private mutating func slot(_ id: String, _ index: Int?) -> Int {
    if let index {
      if let known = slots[index], id.isEmpty || calls[known].id.isEmpty || calls[known].id == id { return known }
      calls.append(Call())
      slots[index] = calls.count - 1
    } else if id.isEmpty, !calls.isEmpty {
      return calls.count - 1
    } else if let known = calls.lastIndex(where: { $0.id == id }), !id.isEmpty {
      return known
    } else {
      calls.append(Call())
    }
    return calls.count - 1
  }

  func end(isStream: Bool, into answer: inout Answer, _ notes: inout Notes) {
    answer.choices = indexes
    if indexes.count > 1 { notes.warn(.extraChoicesIgnored) }
    if !refusal.isEmpty { notes.refuse(.refusal, "delta.refusal") }
    answer.parts = [.reasoning(thought.text(&notes)), .text(text.text(&notes))]
    for call in calls { answer.parts.append(.call(CallTurn(id: call.id, name: call.name, arguments: call.arguments.text(&notes)))) }
    if let legacy {
      notes.warn(.legacyFunctions)
      answer.parts.append(.call(CallTurn(id: "", name: legacy.name, arguments: legacy.arguments.text(&notes))))
    }
    Finish.note(chat: finish, &notes)
  }
}
