internal import Base
internal import Wire

/// The turns of an exchange in the form that tells whether it shares its history with others. Source: formats/datasets.md §10.
///
/// Ids, reasoning, cache marks, the shape of contents and the wire do not count: a client that keeps the model's turn in its own way still
/// continues the same conversation.
struct Conversation {
  private(set) var turns: [Turn] = []
  /// The first turn behind the last one of the model in the request: what is new in this exchange.
  private(set) var firstOwn = 0

  /// The turns of a request, and of the reply where one came.
  init(_ chat: Chat, _ reply: Reply?) {
    var calls = Calls()
    let leading = chat.messages.prefix { $0.role == .system }
    let system = leading.map { $0.text(separator: "\n\n") }.filter { !$0.isEmpty }.joined(separator: "\n\n")
    if !system.isEmpty { add("system", TurnContent(text: system)) }
    var assistant: TurnContent?
    for message in chat.messages.dropFirst(leading.count) {
      guard message.role != .assistant else {
        Self.add(TurnContent(parts: message.contents.map(\.part), glue: ""), to: &assistant)
        continue
      }
      end(&assistant, &calls)
      addClient(message, &calls)
    }
    addResults(&calls)
    if let parts = reply?.candidates.first?.parts, !parts.isEmpty {
      // The client began the model's turn itself: the reply goes on with it.
      Self.add(TurnContent(parts: parts, glue: ""), to: &assistant)
    }
    if let assistant, !assistant.isEmpty { add("assistant", assistant) }
  }

  /// In place: an assistant's turn may come in many thousand pieces.
  private static func add(_ content: TurnContent, to assistant: inout TurnContent?) {
    if assistant == nil { assistant = content } else { assistant?.append(content) }
  }

  private mutating func end(_ assistant: inout TurnContent?, _ calls: inout Calls) {
    guard let said = assistant else { return }
    assistant = nil
    addResults(&calls)
    calls = Calls(said)
    guard !said.isEmpty else { return }
    add("assistant", said)
    firstOwn = turns.count
  }

  /// Results of tools are a turn of their own, in the order of the calls, also where a wire has a message for each; then what else the
  /// client says.
  private mutating func addClient(_ message: Message, _ calls: inout Calls) {
    var rest: [Part] = []
    for content in message.contents {
      if case .result(let result) = content.part { calls.results.append(result) } else { rest.append(content.part) }
    }
    let said = TurnContent(parts: rest, glue: "\n")
    guard !said.isEmpty else { return }
    addResults(&calls)
    add(message.role.rawValue, said)
  }

  private mutating func addResults(_ calls: inout Calls) {
    let results = calls.results
    calls.results = []
    let ordered = results.enumerated().sorted { left, right in
      let (a, b) = (calls.place(left.element.id), calls.place(right.element.id))
      return a != b ? a < b : left.offset < right.offset
    }
    for (_, result) in ordered {
      var content = TurnContent(parts: result.parts, glue: "\n")
      content.tool = result.name ?? calls.name(result.id) ?? ""
      add("tool", content)
    }
  }

  private mutating func add(_ role: String, _ content: TurnContent) {
    let canonical = content.canonical(role)
    turns.append(Turn(hash: Turn.hash(turns.last?.hash, canonical), role: role, canonical: canonical, words: content.words))
  }
}

extension Turn {
  /// The hash of a turn with this canonical text, behind the turn with the hash `previous`; nil for the first.
  package static func hash(_ previous: [UInt8]?, _ canonical: [UInt8]) -> [UInt8] { Digest.sha256((previous ?? seed) + canonical) }

  private static let seed = [UInt8](repeating: 0, count: 32)
}

/// The calls of the model's last turn, by their ids, and the results that came since.
private struct Calls {
  var results: [ToolResult] = []
  private var known: [String: (place: Int, name: String)] = [:]

  init() {}

  init(_ said: TurnContent) {
    // Of two with one id the first counts.
    for (place, call) in said.calls.enumerated() where known[call.id] == nil { known[call.id] = (place, call.name) }
  }

  /// Where a call stands; behind all for an unknown one.
  func place(_ id: String) -> Int { known[id]?.place ?? .max }
  func name(_ id: String) -> String? { known[id]?.name }
}

/// What one turn says.
private struct TurnContent {
  var text = ""
  var calls: [(id: String, name: String, arguments: String)] = []
  /// Digests of what isn't text.
  var media: [String] = []
  var reasoning = ""
  /// The tool whose result it is; nil for what is none.
  var tool: String?

  init(text: String = "") {
    self.text = text
  }

  /// `glue` stands between two texts.
  init(parts: [Part], glue: String) {
    var texts: [String] = []
    for part in parts {
      switch part {
      case .text(let text, _), .refusal(let text): if !text.isEmpty { texts.append(text) }
      case .reasoning(let thought): reasoning += thought.text
      case .call(let call): calls.append((call.id, call.name, call.arguments))
      case .media(let medium): media.append(Self.digest(medium.source))
      case .opaque(_, let json): media.append(Self.digest(Array(ArgumentText.compact(json).utf8)))
      case .result(let result): texts.append(result.text)
      }
    }
    text = texts.joined(separator: glue)
  }

  mutating func append(_ other: TurnContent) {
    text += other.text
    calls += other.calls
    media += other.media
    reasoning += other.reasoning
  }

  private static func digest(_ source: Media.Source) -> String {
    switch source {
    case .data(let text, _): digest(Array(text.utf8))
    case .url(let address, _): digest(Array(address.utf8))
    case .file(let id, _): digest(Array(id.utf8))
    }
  }

  private static func digest(_ bytes: [UInt8]) -> String { Digest.hex(Digest.sha256(bytes)) }

  var isEmpty: Bool { text.isEmpty && calls.isEmpty && media.isEmpty && tool == nil }

  /// The message as compact JSON.
  func canonical(_ role: String) -> [UInt8] {
    var writer = JSONWriter(capacity: text.utf8.count + 128)
    writer.beginObject()
    writer.member("role", role)
    if let tool { writer.member("tool", tool) }
    writer.member("text", CanonicalText.of(text))
    if !calls.isEmpty {
      writer.key("calls")
      writer.beginArray()
      for call in calls { write(call.name, call.arguments, &writer) }
      writer.endArray()
    }
    if !media.isEmpty { writer.member("media", .array(media.map { JSON($0) })) }
    writer.endObject()
    return writer.bytes
  }

  private func write(_ name: String, _ arguments: String, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", name)
    if let object = ArgumentText(arguments).object {
      writer.key("arguments")
      Self.writeSorted(object, &writer)
    } else {
      writer.member("text", CanonicalText.of(arguments))
    }
    writer.endObject()
  }

  private static func writeSorted(_ json: JSON, _ writer: inout JSONWriter) {
    switch json.kind {
    case .object:
      // Of duplicates the last counts.
      let members = Dictionary(json.members.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      writer.beginObject()
      for (name, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        writer.key(name)
        writeSorted(value, &writer)
      }
      writer.endObject()
    case .array:
      writer.beginArray()
      for element in json.elements { writeSorted(element, &writer) }
      writer.endArray()
    case .string: writer.value(json.string ?? "")
    default: writer.value(json)
    }
  }

  /// What a search finds it by.
  var words: String {
    var parts = [reasoning, text]
    for call in calls { parts += [call.name, call.arguments] }
    if let tool { parts.insert(tool, at: 0) }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }
}
