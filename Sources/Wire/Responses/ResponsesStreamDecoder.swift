package import Base

/// Reads the events of a Responses stream: nothing until the last one, which shows the whole response. Source: wire-formats §3.2, datasets §11.
package struct ResponsesStreamDecoder: EventDecoder {
  private let rules: [ErrorRule]
  private var items = ResponsesItems()
  private var head: JSON = .null
  /// Whether the answer's own end came.
  package private(set) var isFinished = false

  /// A decoder at the start of a stream; `rules` are the provider's, for what errors mean.
  package init(rules: [ErrorRule] = []) {
    self.rules = rules
  }

  /// The events of a frame; all of the reply's for the last one. Throws what an error in the stream means, `.broken` for data that are
  /// no JSON.
  package mutating func decode(_ frame: Frame) throws(Fault) -> [Event] {
    guard frame.kind == .data, frame.event != "ping", !isFinished else { return [] }
    let json = try frame.json()
    let response = json["response"] ?? .null
    switch json["type"]?.string ?? frame.event {
    case "response.completed", "response.incomplete":
      let events = try ResponsesReading(rules).events(response, items: items.items)
      isFinished = true
      return events
    case "response.failed", "response.cancelled":
      if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: response), rules: rules) { throw fault }
      throw Fault(.broken, "The upstream gave up. Try again.", detail: "the response failed without an error")
    case "response.created", "response.in_progress", "response.queued": head = response
    case let type? where type.utf8.starts(with: "response.".utf8): items.read(type, json)
    default:
      if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: json, event: frame.event), rules: rules) { throw fault }
    }
    return []
  }

  /// The last event. `.broken` when the stream ended before the answer did.
  package mutating func end() throws(Fault) -> [Event] {
    guard isFinished else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a whole response")
    }
    return [.end]
  }

  /// The events of what came so far of a stream that broke off or failed.
  package var soFar: [Event] {
    let items = items.items
    return items.isEmpty && head.isNull ? [] : ResponsesReading(rules).events(of: items, head: head)
  }
}

/// The items of a stream as its events tell of them: whole ones, and those that still grow.
struct ResponsesItems: Sendable {
  /// An item and what it grew by.
  fileprivate struct Item: Sendable {
    var json: JSON = .null
    var isDone = false
    var pieces: [Piece] = []
  }

  /// One text of an item.
  fileprivate struct Piece: Sendable {
    let kind: Kind
    let index: Int
    var text = ""
  }

  fileprivate enum Kind: String, Sendable {
    case text = "response.output_text.delta"
    case refusal = "response.refusal.delta"
    case summary = "response.reasoning_summary_text.delta"
    case thought = "response.reasoning_text.delta"
    case arguments = "response.function_call_arguments.delta"
    case input = "response.custom_tool_call_input.delta"
  }

  private var known: [Int: Item] = [:]
  private var last = -1

  /// The items in their order, those that still grow as far as they came.
  var items: [JSON] { known.sorted { $0.key < $1.key }.map { Self.json($0.value) } }

  /// Reads an event; those that tell nothing of items are ignored.
  mutating func read(_ type: String, _ json: JSON) {
    switch type {
    case "response.output_item.added", "response.output_item.done":
      guard let item = json["item"], item.kind == .object else { return }
      let isDone = type.utf8.last == UInt8(ascii: "e")
      // Some relays don't number their items.
      last = json["output_index"]?.int ?? (isDone && known[last]?.isDone == false ? last : last < .max ? last + 1 : last)
      known[last, default: Item()].json = item
      known[last]?.isDone = isDone
    default:
      guard let kind = Kind(rawValue: type), let delta = json["delta"]?.string else { return }
      last = json["output_index"]?.int ?? max(0, last)
      known[last, default: Item()].grow(kind, json["content_index"]?.int ?? json["summary_index"]?.int ?? 0, delta)
    }
  }

  /// The item as its own last event would show it.
  private static func json(_ item: Item) -> JSON {
    guard !item.isDone, let kind = item.pieces.first?.kind else { return item.json }
    func member(_ name: String) -> (String, JSON) { (name, item.json[name] ?? "") }
    func list(_ kind: Kind, _ type: String, _ name: String) -> [JSON] {
      item.pieces.filter { $0.kind == kind }.map { .object([("type", JSON(type)), (name, JSON($0.text))]) }
    }
    switch kind {
    case .text, .refusal:
      let parts = item.pieces.map { piece -> JSON in
        piece.kind == .refusal
          ? ["type": "refusal", "refusal": JSON(piece.text)] : ["type": "output_text", "text": JSON(piece.text)]
      }
      return ["type": "message", "content": .array(parts)]
    case .summary, .thought:
      return [
        "type": "reasoning", "summary": .array(list(.summary, "summary_text", "text")),
        "content": .array(list(.thought, "reasoning_text", "text")),
      ]
    case .arguments, .input:
      let text = item.pieces.first?.text ?? ""
      let isInput = kind == .input
      return .object([
        ("type", isInput ? "custom_tool_call" : "function_call"), member("call_id"), member("name"),
        (isInput ? "input" : "arguments", JSON(text)),
      ])
    }
  }
}

extension ResponsesItems.Item {
  fileprivate mutating func grow(_ kind: ResponsesItems.Kind, _ index: Int, _ text: String) {
    if pieces.last?.kind != kind || pieces.last?.index != index { pieces.append(ResponsesItems.Piece(kind: kind, index: index)) }
    pieces[pieces.count - 1].text += text
  }
}
