package import Base

/// Writes events as a Chat stream. Source: wire-formats §3.1, §7.2.
///
/// Text, reasoning and arguments go out at once. The reasons why choices end wait for the end of all: a stream that breaks off behind
/// the first of them has then said nothing that looks like an end.
package struct ChatStreamEncoder: EventEncoder {
  /// An open part.
  private struct Open: Sendable {
    enum Kind: Sendable { case text, refusal, silent, reasoning, call(number: Int, isFreeform: Bool) }

    let place: Place
    let kind: Kind
    /// A thought so far; its signature is told beside all of it.
    var text = ""
    var signature: Signature?
    var hasArguments = false
  }

  /// What is known of a choice: how many calls, details and images it has, and why it ended.
  private struct Choice: Sendable {
    let index: Int
    var calls = 0
    var details = 0
    var images = 0
    var finish: FinishReason?
  }

  private let model: String
  private let showsUsage: Bool
  private let takesID: Bool
  private var id: String?
  private var created: Int
  private var extra: [ReplyHead.Extra] = []
  /// Made with the first chunk, when the head of the reply is known.
  private var made: ChunkText?
  private var parts: [Open] = []
  private var choices: [Choice] = []
  private var usage: Usage?
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []
  /// Whether a finish waits for the end.
  package private(set) var isHolding = false

  /// An encoder for a client of another wire's upstream: the id is the gateway's own. Source: wire-formats §2.5.
  package init(_ context: ReplyContext) {
    model = context.model
    id = context.id
    created = context.created
    showsUsage = context.showsUsage
    takesID = false
  }

  /// An encoder for the same wire, for a client that asked for `model`; `id` nil takes the upstream's, or a new one. `created` is Unix
  /// time in seconds.
  ///
  /// `showsUsage`: the client asked for `stream_options.include_usage`.
  package init(model: String, id: String? = nil, created: Int, showsUsage: Bool) {
    self.model = model
    self.id = id
    self.created = created
    self.showsUsage = showsUsage
    takesID = true
  }

  /// Appends an event with the error.
  package func fail(_ fault: Fault, into bytes: inout [UInt8]) { bytes += ErrorShape.openAI.frame(fault) }

  /// Appends the events of the stream that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    switch event {
    case .start(let head): start(head)
    case .candidate(let index): _ = choice(index, &bytes)
    case .open(let place, let part): open(place, part, &bytes)
    case .delta(let place, let text): grow(place, text, &bytes)
    case .signature(let place, let signature): sign(place, signature, &bytes)
    case .citation(let place, let citation): chunk(place.candidate, &bytes) { ChatMembers.annotations([citation], &$0) }
    case .close(let place): close(place, &bytes)
    case .logprobs(let index, let json): logprobs(index, json, &bytes)
    case .finish(let index, let reason, let sequence): finish(index, reason, sequence, &bytes)
    case .usage(let usage): self.usage = usage
    case .loss(let loss): losses.append(loss)
    case .end: end(&bytes)
    }
  }

  private mutating func start(_ head: ReplyHead) {
    guard made == nil else { return }
    if takesID { id = id ?? head.id }
    created = head.created ?? created
    extra = head.extra
  }

  // MARK: Parts

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    switch part {
    case .text(let text, let citations):
      begin(Open(place: place, kind: .text), text, &bytes)
      if !citations.isEmpty { chunk(place.candidate, &bytes) { ChatMembers.annotations(citations, &$0) } }
    case .refusal(let text): begin(Open(place: place, kind: .refusal), text, &bytes)
    case .reasoning(let reasoning):
      begin(Open(place: place, kind: .reasoning, signature: reasoning.signature), reasoning.text, &bytes)
    case .call(let call): open(place, call, &bytes)
    case .media(let media):
      begin(Open(place: place, kind: .silent), "", &bytes)
      guard media.kind == .image else { return losses.append(Loss(media.kind.rawValue, .dropped)) }
      let position = choice(place.candidate, &bytes)
      let number = choices[position].images
      choices[position].images += 1
      chunk(place.candidate, &bytes) { ChatMembers.images([media], from: number, &$0) }
    case .result, .opaque:
      begin(Open(place: place, kind: .silent), "", &bytes)
      losses.append(Loss("content[\(place.part)]", .dropped))
    }
  }

  private mutating func begin(_ part: Open, _ text: String, _ bytes: inout [UInt8]) {
    parts.append(part)
    grow(part.place, text, &bytes)
  }

  private mutating func open(_ place: Place, _ call: ToolCall, _ bytes: inout [UInt8]) {
    let position = choice(place.candidate, &bytes)
    let number = choices[position].calls
    choices[position].calls += 1
    let kind = Open.Kind.call(number: number, isFreeform: call.kind == .freeform)
    parts.append(Open(place: place, kind: kind, hasArguments: !call.arguments.isEmpty))
    var call = call
    if !takesID {
      let id = CallIDs.shown(call.id, .chat)
      if id != call.id { losses.append(Loss("tool_calls[\(number)].id", .renamed)) }
      call.id = id
    }
    chunk(place.candidate, &bytes) { ChatMembers.calls([call], from: number, &$0) }
  }

  private mutating func grow(_ place: Place, _ text: String, _ bytes: inout [UInt8]) {
    guard !text.isEmpty, let position = position(of: place) else { return }
    switch parts[position].kind {
    case .text: write(text, "content", place.candidate, &bytes)
    case .refusal: write(text, "refusal", place.candidate, &bytes)
    case .reasoning:
      parts[position].text += text
      write(text, "reasoning_content", place.candidate, &bytes)
    case .call(let number, let isFreeform):
      parts[position].hasArguments = true
      write(arguments: text, isFreeform: isFreeform, of: number, place.candidate, &bytes)
    case .silent: break
    }
  }

  private mutating func sign(_ place: Place, _ signature: Signature, _ bytes: inout [UInt8]) {
    guard let position = position(of: place) else {  // it came behind the part
      return detail(place, Reasoning(signature: signature), &bytes)
    }
    switch parts[position].kind {
    case .reasoning: parts[position].signature = signature
    case .call(let number, _): chunk(place.candidate, &bytes) { ChatMembers.signature(signature, of: number, &$0) }
    default: break
    }
  }

  private mutating func close(_ place: Place, _ bytes: inout [UInt8]) {
    guard let position = position(of: place) else { return }
    let part = parts.remove(at: position)
    switch part.kind {
    case .reasoning:
      if let signature = part.signature { detail(place, Reasoning(part.text, signature: signature), &bytes) }
    case .call(let number, isFreeform: false) where !part.hasArguments:
      write(arguments: "{}", isFreeform: false, of: number, place.candidate, &bytes)
    default: break
    }
  }

  private mutating func detail(_ place: Place, _ reasoning: Reasoning, _ bytes: inout [UInt8]) {
    let position = choice(place.candidate, &bytes)
    let number = choices[position].details
    choices[position].details += 1
    chunk(place.candidate, &bytes) { ChatMembers.details([reasoning], from: number, &$0) }
  }

  // MARK: Ends

  private mutating func finish(_ index: Int, _ reason: FinishReason, _ sequence: String?, _ bytes: inout [UInt8]) {
    if let loss = reason.chatLoss(sequence: sequence) { losses.append(loss) }
    closeAll(of: index, &bytes)
    choices[choice(index, &bytes)].finish = reason
    isHolding = true
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    for choice in choices {
      guard let finish = choice.finish else { continue }
      text.beginChoice(choice.index, &bytes)
      bytes += ",\"delta\":{}".utf8
      text.endChoice(finish: finish.chat, &bytes)
    }
    if showsUsage, usage == nil { losses.append(Loss("usage", .synthesized)) }
    text.end(showsUsage ? usage ?? Usage() : nil, &bytes)
    isHolding = false
  }

  /// Closes what the upstream's wire left open, so that signatures and empty arguments still come.
  private mutating func closeAll(of index: Int, _ bytes: inout [UInt8]) {
    while let part = parts.first(where: { $0.place.candidate == index }) { close(part.place, &bytes) }
  }

  // MARK: Finding

  private func position(of place: Place) -> Int? {
    parts.lastIndex { $0.place == place }
  }

  /// Where a choice stands; the first time its role goes out.
  private mutating func choice(_ index: Int, _ bytes: inout [UInt8]) -> Int {
    if let position = choices.firstIndex(where: { $0.index == index }) { return position }
    choices.append(Choice(index: index))
    text.beginChoice(index, &bytes)
    bytes += ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"}".utf8
    text.endChoice(&bytes)
    return choices.count - 1
  }

  private var text: ChunkText {
    mutating get {
      if let made { return made }
      let new = ChunkText(
        object: "chat.completion.chunk", id: id ?? Identifier.make("chatcmpl-"), created: created, model: model, extra: extra,
        showsUsage: showsUsage)
      made = new
      return new
    }
  }

  // MARK: Chunks

  /// A piece of text: the chunk that most of a stream consists of.
  private mutating func write(_ text: String, _ member: StaticString, _ index: Int, _ bytes: inout [UInt8]) {
    _ = choice(index, &bytes)
    let chunk = self.text
    chunk.beginChoice(index, &bytes)
    bytes += ",\"delta\":{\"".utf8
    member.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes += "\":".utf8
    JSONWriter.escape(text, into: &bytes)
    bytes.append(UInt8(ascii: "}"))
    chunk.endChoice(&bytes)
  }

  /// A piece of a call's arguments.
  private mutating func write(arguments piece: String, isFreeform: Bool, of number: Int, _ index: Int, _ bytes: inout [UInt8]) {
    _ = choice(index, &bytes)
    let chunk = self.text
    chunk.beginChoice(index, &bytes)
    bytes += ",\"delta\":{\"tool_calls\":[{\"index\":".utf8
    ChunkText.append(number, &bytes)
    bytes += (isFreeform ? ",\"custom\":{\"input\":" : ",\"function\":{\"arguments\":").utf8
    JSONWriter.escape(piece, into: &bytes)
    bytes += "}}]}".utf8
    chunk.endChoice(&bytes)
  }

  /// A chunk with any other members of `delta`.
  private mutating func chunk(_ index: Int, _ bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    _ = choice(index, &bytes)
    var writer = JSONWriter()
    writer.beginObject()
    members(&writer)
    writer.endObject()
    let chunk = self.text
    chunk.beginChoice(index, &bytes)
    bytes += ",\"delta\":".utf8
    bytes += writer.bytes
    chunk.endChoice(&bytes)
  }

  private mutating func logprobs(_ index: Int, _ json: JSON, _ bytes: inout [UInt8]) {
    _ = choice(index, &bytes)
    let chunk = self.text
    chunk.beginChoice(index, &bytes)
    bytes += ",\"delta\":{},\"logprobs\":".utf8
    bytes += json.bytes
    chunk.endChoice(&bytes)
  }
}
