import Base

/// Puts a Responses stream together: its last event shows the whole response.
struct ResponsesFold: ReplyFold {
  var isDone = false
  private var items: [JSON] = []
  private var response: JSON?

  var isComplete: Bool { response != nil }

  /// The response's id and what it says; nil without an id.
  var reply: (id: String, items: [JSON])? {
    guard let response, let id = response["id"]?.string, !id.isEmpty else { return nil }
    let output = Array((response["output"] ?? .null).elements)
    return (id, output.isEmpty ? items : output)
  }

  /// Takes a whole response.
  mutating func take(_ response: JSON) { self.response = response }

  mutating func read(_ json: JSON, _ notes: inout Notes) {
    let response = json["response"] ?? .null
    switch json["type"]?.string {
    case "response.output_item.done":
      if let item = json["item"], item.kind == .object { items.append(item) }
    case "response.completed", "response.incomplete": self.response = response
    case "response.failed": notes.refuse(.upstreamError, AnswerReader.error(in: response) ?? "response.failed")
    default: break
    }
  }

  func end(isStream: Bool, into answer: inout Answer, _ notes: inout Notes) {
    guard let response else { return }
    if let error = AnswerReader.error(in: response) { return notes.refuse(.upstreamError, error) }
    Self.read(response, items: items, into: &answer, &notes)
  }

  /// Reads a response object; `items` stand in for its output where it has none.
  static func read(_ body: JSON, items: [JSON], into answer: inout Answer, _ notes: inout Notes) {
    let output = Array((body["output"] ?? .null).elements)
    for (position, item) in (output.isEmpty ? items : output).enumerated() {
      let place = "output[\(position)]"
      guard item["type"]?.string == "message" else {
        answer.parts += ResponsesItems.parts(item, place, isReply: true, &notes)
        continue
      }
      let content = item["content"]
      if (content ?? .null).elements.contains(where: { $0["type"]?.string == "refusal" }) { notes.refuse(.refusal, place) }
      answer.parts.append(.boundary)
      answer.parts += ChatParts.parts(content, "\(place).content", isModel: true, &notes)
    }
    Finish.note(responses: body["status"]?.string, body.at("incomplete_details.reason")?.string, &notes)
  }
}
