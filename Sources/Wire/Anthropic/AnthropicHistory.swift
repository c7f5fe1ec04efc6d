import Base

/// A conversation before it becomes Messages turns: one assistant's turns are one, and every call has an id of its own.
/// Source: wire-formats §2.5, §2.10.
struct AnthropicHistory {
  private(set) var messages: [Message] = []
  private(set) var losses: [Loss] = []
  private let wire: ClientWire
  private var ids = CallIDs(.messages)
  /// How often the client used an id for a call.
  private var uses: [String: Int] = [:]
  /// The ids under which calls of the last assistant turn went up, by the client's ids.
  private var open: [String: [String]] = [:]

  init(_ source: [Message], from wire: ClientWire) {
    self.wire = wire
    for message in source { add(message) }
  }

  private mutating func add(_ message: Message) {
    let continues = message.role == .assistant && messages.last?.role == .assistant
    if message.role == .assistant, !continues { open = [:] }
    var message = message
    for position in message.contents.indices { identify(&message.contents[position]) }
    if continues {
      messages[messages.count - 1].contents += message.contents
    } else {
      messages.append(message)
    }
  }

  private mutating func identify(_ content: inout Message.Content) {
    switch content.part {
    case .call(var call):
      let id = newID(call.id)
      if id != call.id {
        losses.append(Loss(content.path.text(wire.member(.callID)), call.id.isEmpty ? .synthesized : .renamed))
      }
      open[call.id, default: []].append(id)
      call.id = id
      content.part = .call(call)
    case .result(var result):
      guard let first = open[result.id]?.first else { return }
      open[result.id]?.removeFirst()
      result.id = first
      content.part = .result(result)
    default: break
    }
  }

  /// The id of a new call: the wire wants all of one conversation to differ.
  private mutating func newID(_ id: String) -> String {
    guard !id.isEmpty else { return ids.outgoing("") }
    let number = uses[id, default: 0] + 1
    uses[id] = number
    // No client's id holds a line end, so this asks for one that nobody has.
    return ids.outgoing(number == 1 ? id : "\(id)\n\(number)")
  }
}
