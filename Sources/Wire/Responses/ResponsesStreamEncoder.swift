package import Base

/// Writes events as a Responses stream. Source: wire-formats §3.2, §6.2, §7.2.
package struct ResponsesStreamEncoder: EventEncoder {
  /// A part of the upstream that is open.
  private struct Slot: Sendable {
    let place: Place
    let kind: ResponsesItem.Kind
    /// The item it grows; nil while it has nothing to say.
    var item: Int?
  }

  private let object: ResponsesObject
  private var output = ResponsesOutput()
  private var slots: [Slot] = []
  /// Candidates that were left out; the wire has one.
  private var others: Set<Int> = []
  private var ids = CallIDs(.responses)
  private var calls = 0
  private var hasBegun = false
  private var hasEnded = false
  private var finish: ResponsesFinish?
  private var usage: Usage?
  /// What changed its meaning on the way, the upstream's side included.
  package private(set) var losses: [Loss] = []

  /// An encoder at the start of a reply.
  package init(_ context: ReplyContext) {
    object = ResponsesObject(context)
  }

  /// Whether the end waits for the upstream's.
  package var isHolding: Bool { finish != nil && !hasEnded }

  /// Appends the events of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .loss(let loss): losses.append(loss)
    case .usage(let usage): self.usage = usage
    case .end: end(&bytes)
    default:
      guard !hasEnded else { return }
      begin(&bytes)
      if finish == nil { write(event, &bytes) } else if case .candidate(let index) = event { _ = isTold(index) }
    }
  }

  /// Appends the event that tells of a failure and ends the stream; only the items that are done stand in it.
  package mutating func fail(_ fault: Fault, into bytes: inout [UInt8]) {
    guard !hasEnded else { return }
    begin(&bytes)
    hasEnded = true
    let (object, items, usage) = (object, output.done, usage)
    output.show("failed", &bytes) { bytes in
      object.write(status: "failed", error: (Self.code(fault.kind), fault.message), items: items, usage: usage, into: &bytes)
    }
  }

  /// The response object as the last event shows it.
  func body() -> [UInt8] {
    var bytes: [UInt8] = []
    let finish = finish ?? ResponsesFinish(.stop)
    object.write(status: finish.status, incomplete: finish.incomplete, items: output.done, usage: usage, into: &bytes)
    return bytes
  }

  /// The wire's own words for failures are these two. Source: wire-formats §3.2.
  private static func code(_ kind: Fault.Kind) -> String {
    switch kind {
    case .rateLimited, .keyLimit, .muted, .dailyLimit: "rate_limit_exceeded"
    default: "server_error"
    }
  }

  // MARK: Beginning and end

  private mutating func begin(_ bytes: inout [UInt8]) {
    guard !hasBegun else { return }
    hasBegun = true
    for type in ["created", "in_progress"] {
      output.show(type, &bytes) { object.write(status: "in_progress", into: &$0) }
    }
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    guard !hasEnded else { return }
    begin(&bytes)
    if finish == nil { finish(.stop, sequence: nil, &bytes) }
    hasEnded = true
    let (body, status) = (body(), finish?.status ?? "completed")
    output.show(status, &bytes) { $0 += body }
  }

  private mutating func finish(_ reason: FinishReason, sequence: String?, _ bytes: inout [UInt8]) {
    if let loss = reason.chatLoss(sequence: sequence) { losses.append(loss) }
    let finish = ResponsesFinish(reason)
    if output.isEmpty, finish.wantsText { _ = output.beginText(.message(isRefusal: false), &bytes) }
    output.finishAll(isCut: finish.incomplete != nil, &bytes)
    slots = []
    self.finish = finish
  }

  // MARK: Parts

  private mutating func write(_ event: Event, _ bytes: inout [UInt8]) {
    switch event {
    case .candidate(let index): _ = isTold(index)
    case .open(let place, let part): if isTold(place.candidate) { open(place, part, &bytes) }
    case .delta(let place, let text): grow(place, text, &bytes)
    case .signature(let place, let signature): if isTold(place.candidate) { sign(place, signature, &bytes) }
    case .citation(let place, let citation): if isTold(place.candidate) { cite(place, citation, &bytes) }
    case .close(let place):
      guard let slot = slot(place) else { return }
      if let item = slots.remove(at: slot).item { output.close(item, &bytes) }
    case .logprobs(let index, let json): if isTold(index) { output.expect(ResponsesLogprobs.tokens(json)) }
    case .finish(let index, let reason, let sequence): if isTold(index) { finish(reason, sequence: sequence, &bytes) }
    case .start, .usage, .loss, .end: break
    }
  }

  /// Whether this is the candidate that the client gets: not the first that comes, which candidates side by side leave to chance.
  private mutating func isTold(_ index: Int) -> Bool {
    if index != 0, others.insert(index).inserted { losses.append(Loss("choices[\(index)]", .dropped)) }
    return index == 0
  }

  private func slot(_ place: Place) -> Int? { slots.lastIndex { $0.place == place } }

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    switch part {
    case .text(let text, let citations):
      begin(place, .message(isRefusal: false), text, &bytes)
      for citation in citations { cite(place, citation, &bytes) }
    case .refusal(let text): begin(place, .message(isRefusal: true), text, &bytes)
    case .reasoning(let reasoning):
      begin(place, .reasoning, reasoning.text, &bytes)
      if let signature = reasoning.signature { sign(place, signature, &bytes) }
    case .call(let call): open(place, call, &bytes)
    case .media(let media): open(place, media, &bytes)
    case .result, .opaque: losses.append(Loss("content[\(place.part)]", .dropped))
    }
  }

  private mutating func begin(_ place: Place, _ kind: ResponsesItem.Kind, _ text: String, _ bytes: inout [UInt8]) {
    output.settle(before: kind, &bytes)
    slots.append(Slot(place: place, kind: kind))
    grow(place, text, &bytes)
  }

  private mutating func open(_ place: Place, _ call: ToolCall, _ bytes: inout [UInt8]) {
    let isSigned = call.signature.map { output.signThought(Signature(.geminiNext, $0.value)) } ?? true
    let kind = ResponsesItem.Kind.call(isFreeform: call.kind == .freeform)
    output.settle(before: kind, &bytes)
    if !isSigned, let signature = call.signature { addThought(Signature(.geminiNext, signature.value), &bytes) }
    var item = output.item(kind)
    item.name = call.name
    item.callID = ids.outgoing(call.id)
    if item.callID != call.id { losses.append(Loss("tool_calls[\(calls)].id", call.id.isEmpty ? .synthesized : .renamed)) }
    calls += 1
    slots.append(Slot(place: place, kind: kind, item: output.add(item, &bytes)))
    grow(place, call.arguments, &bytes)
  }

  /// A thought without words that carries a signature. Source: wire-formats §2.7.
  private mutating func addThought(_ signature: Signature, _ bytes: inout [UInt8]) {
    let index = output.add(output.item(.reasoning), &bytes)
    _ = output.sign(index, signature)
    output.close(index, &bytes)
    output.settle(before: .call(isFreeform: false), &bytes)
  }

  /// An image of the model's own is what the vendor's tool for images gives; nothing else has a place.
  private mutating func open(_ place: Place, _ media: Media, _ bytes: inout [UInt8]) {
    guard media.kind == .image, case .data(let data, _) = media.source else {
      return losses.append(Loss(media.kind.rawValue, .dropped))
    }
    output.settle(before: .image, &bytes)
    let index = output.add(output.item(.image), &bytes)
    output.fill(index, data)
    output.close(index, &bytes)
  }

  private mutating func grow(_ place: Place, _ text: String, _ bytes: inout [UInt8]) {
    guard !text.isEmpty, let slot = slot(place) else { return }
    output.grow(item(slot, &bytes), text, &bytes)
  }

  /// The item of an open part; it begins with its first content.
  private mutating func item(_ slot: Int, _ bytes: inout [UInt8]) -> Int {
    if let item = slots[slot].item { return item }
    let kind = slots[slot].kind
    let item = kind == .reasoning ? output.add(output.item(kind), &bytes) : output.beginText(kind, &bytes)
    slots[slot].item = item
    return item
  }

  private mutating func sign(_ place: Place, _ signature: Signature, _ bytes: inout [UInt8]) {
    if let slot = slot(place) {
      guard slots[slot].kind == .reasoning else { return losses.append(Loss("signature", .dropped)) }
      _ = output.sign(item(slot, &bytes), signature)
    } else if !output.signLast(signature) {  // it came behind the part
      output.settle(before: .reasoning, &bytes)
      addThought(signature, &bytes)
    }
  }

  private mutating func cite(_ place: Place, _ citation: Citation, _ bytes: inout [UInt8]) {
    let isTaken: Bool
    if let slot = slot(place), slots[slot].kind == .message(isRefusal: false) {
      isTaken = output.cite(item(slot, &bytes), citation)
    } else {
      isTaken = output.citeLast(citation)
    }
    if !isTaken { losses.append(Loss("annotations", .dropped)) }
  }
}
