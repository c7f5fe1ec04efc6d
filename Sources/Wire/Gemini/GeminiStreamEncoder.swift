import Base

/// Writes events as a Gemini stream: calls whole, the finish and the usage in the last chunk, no end marker. Source: wire-formats §3.4, §7.2.
package struct GeminiStreamEncoder: EventEncoder {
  private var frames: GeminiFrames
  private var queues: [Int: GeminiPartQueue] = [:]
  private var averages: [Int: GeminiAverage] = [:]
  private var finishes: [Int: FinishReason] = [:]
  private var usage: Usage?
  private var own: [Loss] = []

  /// An encoder for a client that asked with this context; its reply's id is the gateway's own.
  package init(_ context: ReplyContext) {
    self.init(context, form: .events)
  }

  /// An encoder for events or, without `alt=sse`, for one JSON array.
  package init(_ context: ReplyContext, form: GeminiStreamForm) {
    frames = GeminiFrames(model: context.model, id: context.id ?? Identifier.make(""), form: form)
  }

  /// Whether something of the reply waits unsent for what comes next.
  package var isHolding: Bool { queues.values.contains(where: \.isHolding) }

  /// What changed its meaning on the way.
  package var losses: [Loss] { own + queues.keys.sorted().flatMap { queues[$0]?.losses ?? [] } }

  /// Appends the chunks of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .start: break
    case .candidate(let index): if queues[index] == nil { queues[index] = GeminiPartQueue() }
    case .open(let place, let part): change(place, &bytes) { $0.open(place, part) }
    case .delta(let place, let text): change(place, &bytes) { $0.grow(place, text) }
    case .signature(let place, let signature): change(place, &bytes) { $0.sign(place, signature) }
    case .citation(let place, _): change(place, &bytes) { $0.cite() }
    case .close(let place): change(place, &bytes) { $0.close(place) }
    case .logprobs(let index, let json): logprobs(index, json, &bytes)
    case .finish(let index, let reason, let sequence):
      if let loss = reason.chatLoss(sequence: sequence) { own.append(loss) }
      if finishes[index] == nil { finishes[index] = reason }
      change(Place(index, 0), &bytes) { $0.finish(isCut: reason == .length || reason == .contextWindow) }
    case .usage(let usage): self.usage = usage
    case .loss(let loss): own.append(loss)
    case .end: end(&bytes)
    }
  }

  /// Ends a stream that broke with an error; `error` is the whole object of this wire's errors.
  package mutating func fail(_ error: [UInt8], into bytes: inout [UInt8]) {
    frames.object(error, into: &bytes)
    frames.end(into: &bytes)
  }

  private mutating func change(_ place: Place, _ bytes: inout [UInt8], _ body: (inout GeminiPartQueue) -> Void) {
    body(&queues[place.candidate, default: GeminiPartQueue()])
    for piece in queues[place.candidate]?.take() ?? [] { write(piece, of: place.candidate, &bytes) }
  }

  private mutating func write(_ piece: GeminiPartQueue.Piece, of candidate: Int, _ bytes: inout [UInt8]) {
    var loss: Loss?
    switch piece {
    case .media(let media):
      guard let part = GeminiParts.media(media) else { return own.append(Loss(media.kind.rawValue, .dropped)) }
      frames.part(of: candidate, into: &bytes) { $0 += part.bytes }
    default:
      frames.part(of: candidate, into: &bytes) { bytes in
        switch piece {
        case .text(let text): GeminiParts.text(text, into: &bytes)
        case .thought(let text): GeminiParts.text(text, isThought: true, into: &bytes)
        case .signature(let signature, let text): GeminiParts.text(text, isThought: true, signature: signature, into: &bytes)
        case .call(let call, let number): loss = GeminiParts.call(call, number: number, into: &bytes)
        case .media: break
        }
      }
    }
    if let loss { own.append(loss) }
  }

  private mutating func logprobs(_ index: Int, _ json: JSON, _ bytes: inout [UInt8]) {
    if queues[index] == nil { queues[index] = GeminiPartQueue() }
    let tokens = GeminiLogprobs.tokens([json])
    guard !tokens.isEmpty else { return }
    averages[index, default: GeminiAverage()].add(tokens)
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("index", index)
    GeminiLogprobs.write(tokens, &writer)
    writer.endObject()
    frames.chunk([writer.json()], usage: nil, into: &bytes)
  }

  /// The last chunk: how all candidates ended, and the usage.
  private mutating func end(_ bytes: inout [UInt8]) {
    var candidates: [JSON] = []
    for index in queues.keys.sorted() {
      var writer = JSONWriter()
      writer.beginObject()
      writer.member("content", ["role": "model", "parts": []])
      writer.member("index", index)
      writer.member("finishReason", (finishes[index] ?? .stop).gemini)
      if let average = averages[index]?.value { writer.member("avgLogprobs", average) }
      writer.endObject()
      candidates.append(writer.json())
    }
    frames.chunk(candidates, usage: usage, into: &bytes)
    frames.end(into: &bytes)
  }
}
