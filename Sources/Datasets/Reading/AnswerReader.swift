import Base
import Wire

/// Reads the reply of an exchange, whole or as a stream, and what its end means. Source: formats/datasets.md §9.3 and §11.
struct AnswerReader {
  private(set) var answer = Answer()
  private let wire: ClientWire
  private let choice: Int

  init(_ wire: ClientWire, choice: Int = 0, status: Int, _ bytes: [UInt8], _ notes: inout Notes) {
    (self.wire, self.choice) = (wire, choice)
    if wire == .gemini { answer.thoughtSeparator = "" }
    guard (200..<400).contains(status) else {
      notes.refuse(.upstreamError, "status \(status)")
      return
    }
    let text = Self.stripped(bytes)
    if text.first == UInt8(ascii: "{"), let body = Self.whole(text, &notes) {
      readWhole(body, &notes)
    } else {
      readStream(text, &notes)
    }
  }

  /// The bytes behind a byte order mark and white space.
  private static func stripped(_ bytes: [UInt8]) -> [UInt8] {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    return Array(bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0).drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) })
  }

  /// The body as JSON; nil for what is no single value. Bytes that are no UTF-8 are replaced.
  private static func whole(_ text: [UInt8], _ notes: inout Notes) -> JSON? {
    if let body = try? JSON(parsing: text) { return body }  // nil is right: it may be lines of JSON, or cut
    guard String(validating: text, as: UTF8.self) == nil,
      let body = try? JSON(parsing: Array(String(decoding: text, as: UTF8.self).utf8))  // as above
    else { return nil }
    notes.warn(.invalidUnicodeReplaced)
    return body
  }

  // MARK: Whole

  private mutating func readWhole(_ body: JSON, _ notes: inout Notes) {
    if let error = Self.error(in: body) { return notes.refuse(.upstreamError, error) }
    switch wire {
    case .chat, .completions: readChat(body, &notes)
    case .messages: readMessages(body, &notes)
    case .gemini:
      var fold = GeminiFold(choice)
      fold.read(body, &notes)
      fold.end(isStream: false, into: &answer, &notes)
    case .responses: ResponsesFold.read(body, items: [], into: &answer, &notes)
    }
  }

  private mutating func readChat(_ body: JSON, _ notes: inout Notes) {
    let choices = Array((body["choices"] ?? .null).elements)
    if choices.count > 1 { notes.warn(.extraChoicesIgnored) }
    answer.choices = Set(choices.enumerated().map { $0.element["index"]?.int ?? $0.offset })
    let asked = choices.first { $0["index"]?.int == self.choice }
    guard let choice = asked ?? choices.enumerated().first(where: { $0.offset == self.choice })?.element else { return }
    answer.parts = ChatParts.model(choice["message"] ?? .null, "message", isReply: true, &notes)
    if (choice.at("message.content") ?? .null).elements.contains(where: { $0["type"]?.string == "refusal" }) {
      notes.refuse(.refusal, "message.content")
    }
    Finish.note(chat: choice["finish_reason"]?.string, &notes)
  }

  private mutating func readMessages(_ body: JSON, _ notes: inout Notes) {
    answer.parts = MessagesBlocks.parts(body["content"] ?? .null, "content", isReply: true, &notes)
    Finish.note(messages: body["stop_reason"]?.string, &notes)
  }

  /// What an error in a body says, by its kind alone; nil without one.
  static func error(in body: JSON) -> String? {
    guard let error = body["error"]?.present else { return nil }
    if error.kind == .string { return error.string?.isEmpty == false ? "an error" : nil }
    guard error.kind == .object else { return nil }
    let word = error["type"]?.string ?? error["status"]?.string ?? error["code"]?.string
    return "an error: \(Shown.word(word))"
  }

  // MARK: Streams

  private static func frames(_ bytes: [UInt8]) -> [Frame] {
    var stream = EventStream(.upstream, cap: JSON.Limits.standard.bytes)
    var frames: [Frame] = []
    do throws(Fault) {
      try stream.feed(bytes[...], into: &frames)
      try stream.end(into: &frames)
    } catch {
      // It broke off inside an event; the answer's own end may stand before.
    }
    return frames
  }

  /// The id and the items of a Responses reply, whole or as a stream; nil for what has none or did not end.
  static func responsesReply(_ bytes: [UInt8]) -> (id: String, items: [JSON])? {
    let text = stripped(bytes)
    var notes = Notes()
    var fold = ResponsesFold()
    if text.first == UInt8(ascii: "{"), let body = whole(text, &notes) {
      fold.take(body)
    } else {
      for frame in frames(text) where frame.kind == .data {
        if let json = json(frame, &notes) { fold.read(json, &notes) }
      }
    }
    return fold.reply
  }

  private mutating func readStream(_ bytes: [UInt8], _ notes: inout Notes) {
    let frames = Self.frames(bytes)
    switch wire {
    case .chat, .completions: fold(ChatFold(choice), frames, &notes)
    case .messages: fold(MessagesFold(), frames, &notes)
    case .gemini: fold(GeminiFold(choice), frames, &notes)
    case .responses: fold(ResponsesFold(), frames, &notes)
    }
  }

  private mutating func fold(_ start: some ReplyFold, _ frames: [Frame], _ notes: inout Notes) {
    var fold = start
    for frame in frames {
      switch frame.kind {
      case .done: fold.isDone = true
      case .comment, .heartbeat: continue
      case .data:
        guard frame.event != "ping" else { continue }
        guard let json = Self.json(frame, &notes) else {
          if !fold.isComplete { notes.refuse(.incompleteStream, "an event that is no JSON") }
          continue
        }
        if let error = Self.error(in: json) ?? (frame.event == "error" || json["type"]?.string == "error" ? "an error event" : nil) {
          return notes.refuse(.upstreamError, error)
        }
        fold.read(json, &notes)
      }
    }
    guard fold.isComplete else { return notes.refuse(.incompleteStream, "the stream ended before the answer did") }
    fold.end(isStream: true, into: &answer, &notes)
  }

  private static func json(_ frame: Frame, _ notes: inout Notes) -> JSON? {
    guard let json = try? frame.json() else { return nil }  // nil is right: the caller says so
    if String(validating: frame.data, as: UTF8.self) == nil { notes.warn(.invalidUnicodeReplaced) }
    return json
  }
}

/// Puts the frames of a stream together. Source: formats/datasets.md §11.
protocol ReplyFold {
  /// Whether the stream's end mark came.
  var isDone: Bool { get set }
  /// Whether the answer's own end came.
  var isComplete: Bool { get }
  /// Takes a frame in.
  mutating func read(_ json: JSON, _ notes: inout Notes)
  /// Gives what came, and says what its end means.
  func end(isStream: Bool, into answer: inout Answer, _ notes: inout Notes)
}
