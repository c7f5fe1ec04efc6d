import Base

/// Writes events as a stream of the legacy completions: text, and nothing else. Source: wire-formats §11.
package struct CompletionsStreamEncoder: EventEncoder {
  private let context: ReplyContext
  private var created: Int
  /// Made with the first chunk, when the head of the reply is known.
  private var made: ChunkText?
  /// The parts that are text to read.
  private var visible: [Place] = []
  private var finishes: [(index: Int, reason: FinishReason)] = []
  private var usage: Usage?
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client's request.
  package init(_ context: ReplyContext) {
    self.context = context
    created = context.created
  }

  /// Whether a finish waits for the end.
  package var isHolding: Bool { !finishes.isEmpty }

  /// Appends the events of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .start(let head): created = head.created ?? created
    case .open(let place, let part): open(place, part, &bytes)
    case .delta(let place, let text):
      if visible.contains(place) { write(text, place.candidate, &bytes) }
    case .close(let place): visible.removeAll { $0 == place }
    case .finish(let index, let reason, let sequence): finish(index, reason, sequence)
    case .usage(let usage): self.usage = usage
    case .loss(let loss): losses.append(loss)
    case .end: end(&bytes)
    case .candidate, .signature, .citation, .logprobs: break
    }
  }

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    switch part {
    case .text(let text, _), .refusal(let text):
      visible.append(place)
      write(text, place.candidate, &bytes)
    case .reasoning, .call, .result, .media, .opaque: losses.append(Loss("content[\(place.part)]", .dropped))
    }
  }

  private mutating func finish(_ index: Int, _ reason: FinishReason, _ sequence: String?) {
    guard !finishes.contains(where: { $0.index == index }) else { return }
    if let loss = reason.completionsLoss(sequence: sequence) { losses.append(loss) }
    finishes.append((index, reason))
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    for (index, reason) in finishes { write("", index, finish: reason.completions, &bytes) }
    finishes = []
    if context.showsUsage, usage == nil { losses.append(Loss("usage", .synthesized)) }
    chunk.end(context.showsUsage ? usage ?? Usage() : nil, &bytes)
  }

  private mutating func write(_ text: String, _ index: Int, finish: String? = nil, _ bytes: inout [UInt8]) {
    guard !text.isEmpty || finish != nil else { return }
    let chunk = self.chunk
    chunk.beginChoice(index, &bytes)
    bytes += ",\"text\":".utf8
    JSONWriter.escape(text, into: &bytes)
    bytes += ",\"logprobs\":null".utf8
    chunk.endChoice(finish: finish, &bytes)
  }

  private var chunk: ChunkText {
    mutating get {
      if let made { return made }
      let new = ChunkText(
        object: "text_completion", id: context.id ?? Identifier.make("cmpl-"), created: created, model: context.model, extra: [],
        showsUsage: context.showsUsage)
      made = new
      return new
    }
  }
}

extension FinishReason {
  /// The word of the legacy completions for it, which knew no tools.
  var completions: String { self == .tool ? "stop" : chat }

  /// What they cannot say of it.
  func completionsLoss(sequence: String?) -> Loss? {
    self == .tool ? Loss("finish_reason", .downgraded) : chatLoss(sequence: sequence)
  }
}
