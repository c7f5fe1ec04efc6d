package import Base

/// Writes events as a Messages stream. Source: wire-formats §3.3, §6.3, §7.2.
package struct AnthropicStreamEncoder: EventEncoder {
  private let model: String
  private let id: String
  private var queue = AnthropicBlockQueue()
  private var hasStarted = false
  private var hasEnded = false
  private var isBlocked = false
  private var usage: Usage?
  private var refusal = ""
  private var refusals: Set<Place> = []
  private var finish: AnthropicFinish?
  private var own: Set<Loss> = []
  private var others: [Loss] = []

  /// An encoder at the start of a reply.
  package init(_ context: ReplyContext) {
    model = context.model
    id = context.id ?? Identifier.make("msg_")
  }

  /// Appends an event with the error.
  package func fail(_ fault: Fault, into bytes: inout [UInt8]) { bytes += ErrorShape.anthropic.frame(fault) }

  /// Whether something of the reply waits unsent: blocks behind an open call, arguments that are no object, or the end.
  package var isHolding: Bool { queue.isHolding || (finish != nil && !hasEnded) }

  /// What changed its meaning on the way, the upstream's side included.
  package var losses: [Loss] { others + queue.losses }

  /// Appends the events of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .usage(let usage): self.usage = usage
    case .loss(let loss): others.append(loss)
    case .end: end(&bytes)
    default:
      start(&bytes)
      if finish == nil { write(event, &bytes) }
    }
  }

  private mutating func start(_ bytes: inout [UInt8]) {
    guard !hasStarted else { return }
    hasStarted = true
    AnthropicFrames.start(id: id, model: model, into: &bytes)
  }

  private mutating func write(_ event: Event, _ bytes: inout [UInt8]) {
    switch event {
    case .start(let head): isBlocked = head.isBlocked
    case .candidate(let index): if index != 0 { lose("choices[\(index)]") }
    case .open(let place, let part) where place.candidate == 0: open(place, part, &bytes)
    case .delta(let place, let text):
      guard place.candidate == 0 else { return }
      if !refusals.isEmpty, refusals.contains(place) { refusal += text }
      queue.grow(place, text, &bytes)
    case .signature(let place, let signature) where place.candidate == 0: queue.sign(place, signature, &bytes)
    case .close(let place) where place.candidate == 0: queue.close(place, &bytes)
    case .citation: lose("annotations")
    case .logprobs: lose("logprobs")
    case .finish(0, let reason, let sequence):
      queue.finish(isCut: reason == .length, &bytes)
      finish = AnthropicFinish(reason, sequence: sequence, refusal: refusal, hasCalls: queue.hasCalls)
    default: break
    }
  }

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    switch part {
    case .text(let text, let citations):
      queue.open(text: place, &bytes)
      queue.grow(place, text, &bytes)
      if !citations.isEmpty { lose("annotations") }
    case .refusal(let text):
      refusals.insert(place)
      refusal += text
      guard !isBlocked else { return }  // nobody said these words
      queue.open(text: place, &bytes)
      queue.grow(place, text, &bytes)
    case .reasoning(let reasoning):
      queue.open(thinking: place, &bytes)
      queue.grow(place, reasoning.text, &bytes)
      if let signature = reasoning.signature { queue.sign(place, signature, &bytes) }
    case .call(let call):
      queue.open(call, at: place, &bytes)
      queue.grow(place, call.arguments, &bytes)
    case .media(let media): lose(media.kind.rawValue)
    case .result, .opaque: lose("content[\(place.part)]")
    }
  }

  /// Reports once, however often it happens.
  private mutating func lose(_ path: String) {
    let loss = Loss(path, .dropped)
    if own.insert(loss).inserted { others.append(loss) }
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    start(&bytes)
    if finish == nil { write(.finish(candidate: 0, .stop), &bytes) }
    guard let finish, !hasEnded else { return }
    hasEnded = true
    if usage == nil { others.append(Loss("usage", .synthesized)) }
    AnthropicFrames.end(finish, usage ?? Usage(), into: &bytes)
  }
}
