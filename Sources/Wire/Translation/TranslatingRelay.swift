package import Base

/// Hands a stream of one wire on to a client of another: frame → events → the client's frames.
package struct TranslatingRelay: StreamRelay {
  private var decoder: any EventDecoder
  private var tools: ToolRestorer
  private var reasoning: ReasoningRewriter
  private var encoder: any EventEncoder
  /// Whether something useful came.
  package private(set) var isUseful = false
  /// The last total of tokens.
  package private(set) var usage: Usage?
  /// Why the first candidate ended.
  package private(set) var finish: FinishReason?

  /// From a decoder of the upstream's wire to an encoder of the client's; `tools` are the names of the request that went up.
  package init(
    from decoder: any EventDecoder, to encoder: any EventEncoder, tools: ToolNames, reasoning: ReasoningOutput = .field
  ) {
    self.decoder = decoder
    self.encoder = encoder
    self.tools = ToolRestorer(tools)
    self.reasoning = ReasoningRewriter(reasoning)
  }

  /// Takes a frame in; gives the client's bytes, which may be none.
  package mutating func relay(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    let events = try decoder.decode(frame)
    guard !events.isEmpty else { return [] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)  // a piece of text on any wire, without growing three times
    write(events, &bytes)
    return bytes[...]
  }

  /// Ends the stream; `.broken` when the upstream's answer is not complete.
  package mutating func end() throws(Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    write(try decoder.end(), &bytes)
    return bytes
  }

  /// Takes events in that came in another way than as frames.
  package mutating func write(_ events: [Event], _ bytes: inout [UInt8]) {
    for event in reasoning.rewrite(tools.restore(events)) {
      note(event)
      encoder.encode(event, into: &bytes)
    }
  }

  private mutating func note(_ event: Event) {
    switch event {
    case .open, .delta: isUseful = true
    case .finish(let candidate, let reason, _):
      isUseful = true
      if candidate == 0 { finish = reason }
    case .usage(let usage): self.usage = usage
    default: break
    }
  }

  /// What tells the client of a failure, in its own wire.
  package mutating func failure(_ fault: Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    encoder.fail(fault, into: &bytes)
    return bytes
  }

  /// What changed its meaning on the way down.
  package var losses: [Loss] { encoder.losses }
}
