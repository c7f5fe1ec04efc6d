import Base

/// What one call of the Responses wire adds to a conversation that the vendor keeps.
struct ResponseLink: Sendable {
  /// Of its response; nil where it has none, or did not end.
  private(set) var id: String?
  /// Of the response that it goes on from; nil where it begins a conversation.
  private(set) var previous: String?
  /// What was sent and what was answered.
  private(set) var items: [JSON] = []
  /// Whether it refers to something else that the vendor keeps.
  private(set) var isOpen = false
  /// What it was read from.
  private(set) var bytes = 0

  /// Reads both bodies, without their content coding.
  init(request: [UInt8], response: [UInt8]) {
    guard let body = try? JSON(parsing: request) else { return }  // nil is right: a body may be anything
    bytes = request.count + response.count
    previous = body["previous_response_id"]?.present?.string
    isOpen = body["conversation"]?.present != nil || body["prompt"]?.present != nil
    guard let reply = AnswerReader.responsesReply(response) else { return }
    id = reply.id
    let input = body["input"] ?? .null
    if input.kind == .string { items.append(["role": "user", "content": input]) }
    items += input.elements + reply.items
  }

  /// So many calls before one are read at most.
  static let limit = 256

  /// The items that a response's id stands for, the first call's first; nil where a call of them is not known. `find` gives the call with a
  /// response's id.
  static func history(
    _ id: String, limit: Int = limit, find: (String) throws(Fault) -> ResponseLink?
  ) throws(Fault) -> [JSON]? {
    var links: [ResponseLink] = []
    var next: String? = id
    var bytes = 0
    while let id = next {
      guard links.count < limit, let link = try find(id), link.id == id, !link.isOpen else { return nil }
      bytes += link.bytes
      // What one request could not have said is no conversation either.
      guard bytes <= JSON.Limits.standard.bytes else { return nil }
      links.append(link)
      next = link.previous
    }
    return links.reversed().flatMap(\.items)
  }
}
