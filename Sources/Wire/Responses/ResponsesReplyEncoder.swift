import Base

/// Writes a whole Responses reply: the object that the last event of its stream shows. Source: wire-formats §3.2, §6.2.
package struct ResponsesReplyEncoder: ReplyEncoder {
  private let context: ReplyContext
  /// What changed its meaning on the way, the upstream's side included.
  package private(set) var losses: [Loss] = []

  /// An encoder for a reply.
  package init(_ context: ReplyContext) {
    self.context = context
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    var stream = ResponsesStreamEncoder(context)
    var unsent: [UInt8] = []
    for event in Self.events(reply) + [.end] {
      stream.encode(event, into: &unsent)
      unsent.removeAll(keepingCapacity: true)
    }
    losses += stream.losses
    return stream.body()
  }

  /// The reply's events with the logprobs of each text in front of it, as they come in a stream.
  private static func events(_ reply: Reply) -> [Event] {
    guard reply.candidates.contains(where: { !$0.logprobs.isEmpty }) else { return reply.events }
    var tokens: [Int: ArraySlice<JSON>] = [:]
    for candidate in reply.candidates { tokens[candidate.index] = candidate.logprobs.flatMap(ResponsesLogprobs.tokens)[...] }
    var last: [Int: Int] = [:]
    for candidate in reply.candidates { last[candidate.index] = candidate.parts.lastIndex(where: \.isText) }
    var events: [Event] = []
    var texts: Set<Place> = []
    for event in reply.events {
      if case .logprobs = event { continue }
      if case .open(let place, let part) = event, part.isText { texts.insert(place) }
      if case .delta(let place, let text) = event, texts.contains(place), var rest = tokens[place.candidate] {
        let own = place.part == last[place.candidate] ? rest.count : count(rest, of: text)
        events.append(.logprobs(candidate: place.candidate, ["content": .array(Array(rest.prefix(own)))]))
        rest = rest.dropFirst(own)
        tokens[place.candidate] = rest
      }
      events.append(event)
    }
    return events
  }

  /// How many of the tokens make up a text.
  private static func count(_ tokens: ArraySlice<JSON>, of text: String) -> Int {
    var length = text.utf8.count
    var count = 0
    for token in tokens {
      guard length > 0 else { break }
      length -= ResponsesLogprobs.length(token)
      count += 1
    }
    return count
  }
}

extension Part {
  /// Whether it is text to read.
  fileprivate var isText: Bool { if case .text = self { true } else { false } }
}
