package import Base

/// Writes events as a Responses stream. Source: wire-formats §3.2, §6.2, §7.2.
///
/// Parts become items: a run of text is one message, each thought and each call is an item of its own. A message stays open until
/// something else opens, a thought until it is known whether the call behind it brings its signature.
package struct ResponsesStreamEncoder: EventEncoder {
  private let object: ResponsesObject
  private var out = ResponsesEvents()
  private var items: [ResponsesItem] = []
  /// Where a part's item is, and which part of its content it is.
  private var places: [Place: (item: Int, content: Int)] = [:]
  /// The message or thought that is open.
  private var current: Int?
  private var calls = 0
  private var hasStarted = false
  private var finish: FinishReason?
  private var usage: Usage?
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client, whose request's members are repeated.
  package init(_ context: ReplyContext) {
    object = ResponsesObject(context)
  }

  /// Nothing that was told is held back for long.
  package var isHolding: Bool { false }

  /// Appends the events that an event becomes; none for some.
  package mutating func encode(_ event: Event, into bytes: inout [UInt8]) {
    start(&bytes)
    switch event {
    case .start, .candidate: break
    case .open(let place, let part) where place.candidate == 0: open(place, part, &bytes)
    case .delta(let place, let text) where place.candidate == 0: grow(place, text, &bytes)
    case .signature(let place, let signature) where place.candidate == 0: sign(place, signature, &bytes)
    case .citation(let place, let citation):
      if let (item, content) = places[place], content >= 0 { items[item].contents[content].citations.append(citation) }
    case .close(let place):
      if let (item, content) = places[place], content < 0, items[item].kind != .reasoning { end(call: item, &bytes) }
    case .logprobs(0, let json): note(json)
    case .finish(0, let reason, let sequence):
      finish = reason
      if let loss = reason.responsesLoss(sequence: sequence) { losses.append(loss) }
    case .usage(let usage): self.usage = usage
    case .loss(let loss): losses.append(loss)
    case .end: end(&bytes)
    case .open(let place, _): losses.append(Loss("choices[\(place.candidate)]", .dropped))
    case .delta, .signature, .logprobs, .finish: break
    }
  }

  /// Appends the event of a failure; nothing may follow.
  package mutating func fail(_ fault: Fault, into bytes: inout [UInt8]) {
    start(&bytes)
    let object = object
    let closed = items.filter(\.isClosed)
    let usage = usage
    out.write("response.failed", &bytes) { writer in
      writer.key("response")
      object.write(.failed(fault), closed, usage, &writer)
    }
  }

  private mutating func start(_ bytes: inout [UInt8]) {
    guard !hasStarted else { return }
    hasStarted = true
    let object = object
    for name in ["response.created", "response.in_progress"] {
      out.write(name, &bytes) { writer in
        writer.key("response")
        object.write(.none, [], nil, &writer)
      }
    }
  }

  // MARK: Parts

  private mutating func open(_ place: Place, _ part: Part, _ bytes: inout [UInt8]) {
    closeCompleteCalls(&bytes)
    switch part {
    case .text(let text, let citations):
      let item = message(&bytes)
      let content = addContent(to: item, isRefusal: false, &bytes)
      items[item].contents[content].citations = citations
      places[place] = (item, content)
      grow(place, text, &bytes)
    case .refusal(let text):
      // An explanation that comes with a text is a message of its own.
      endCurrent(&bytes)
      let item = message(&bytes)
      places[place] = (item, addContent(to: item, isRefusal: true, &bytes))
      grow(place, text, &bytes)
    case .reasoning(let reasoning):
      endCurrent(&bytes)
      let item = add(ResponsesItem(.reasoning, index: items.count), &bytes)
      current = item
      places[place] = (item, -1)
      grow(place, reasoning.text, &bytes)
      items[item].signature = reasoning.signature
    case .call(let call): open(place, call, &bytes)
    case .media, .opaque, .result:
      losses.append(Loss("content[\(place.part)]", .dropped))
    }
  }

  private mutating func open(_ place: Place, _ call: ToolCall, _ bytes: inout [UInt8]) {
    if let signature = call.signature { sign(next: signature, &bytes) }
    endCurrent(&bytes)
    var item = ResponsesItem(call.kind == .freeform ? .custom : .function, index: items.count)
    item.callID = CallIDs.shown(call.id, .responses)
    if item.callID != call.id { losses.append(Loss("tool_calls[\(calls)].id", .renamed)) }
    calls += 1
    item.name = call.name
    places[place] = (add(item, &bytes), -1)
    grow(place, call.arguments, &bytes)
  }

  /// A call's signature goes to the thought before it, or to an empty one. Source: wire-formats §2.7.
  private mutating func sign(next signature: Signature, _ bytes: inout [UInt8]) {
    let next = signature.origin == .gemini ? Signature(.geminiNext, signature.value) : signature
    if let current, items[current].kind == .reasoning, items[current].signature ?? next == next {
      items[current].signature = next
      return
    }
    endCurrent(&bytes)
    let item = add(ResponsesItem(.reasoning, index: items.count), &bytes)
    items[item].signature = next
    current = item
  }

  private mutating func grow(_ place: Place, _ text: String, _ bytes: inout [UInt8]) {
    guard !text.isEmpty, let (position, content) = places[place], !items[position].isClosed else { return }
    let (id, index) = (items[position].id, items[position].index)
    switch items[position].kind {
    case .message:
      items[position].contents[content].text += text
      let isRefusal = items[position].contents[content].isRefusal
      out.write(isRefusal ? "response.refusal.delta" : "response.output_text.delta", item: id, index, &bytes) { writer in
        writer.member("content_index", content)
        writer.member("delta", text)
        if !isRefusal { writer.member("logprobs", []) }
      }
    case .reasoning:
      if !items[position].hasText {
        items[position].hasText = true
        out.write("response.reasoning_summary_part.added", item: id, index, &bytes) { ResponsesEvents.summary("", &$0) }
      }
      items[position].text += text
      out.write("response.reasoning_summary_text.delta", item: id, index, &bytes) { writer in
        writer.member("summary_index", 0)
        writer.member("delta", text)
      }
    case .function, .custom:
      items[position].text += text
      items[position].progress.append(text)
      let name = items[position].kind == .function ? "function_call_arguments" : "custom_tool_call_input"
      out.write("response.\(name).delta", item: id, index, &bytes) { $0.member("delta", text) }
    }
  }

  private mutating func sign(_ place: Place, _ signature: Signature, _ bytes: inout [UInt8]) {
    guard let (position, _) = places[place] else { return losses.append(Loss("signature", .dropped)) }
    switch items[position].kind {
    case .reasoning where !items[position].isClosed: items[position].signature = signature
    default: losses.append(Loss("signature", .dropped))
    }
  }

  private mutating func note(_ json: JSON) {
    guard let current, items[current].kind == .message, let last = items[current].contents.indices.last else { return }
    items[current].contents[last].logprobs += (json["content"] ?? .null).elements.map { $0 }
  }

  // MARK: Items

  private mutating func add(_ item: ResponsesItem, _ bytes: inout [UInt8]) -> Int {
    items.append(item)
    out.write("response.output_item.added", &bytes) { writer in
      writer.member("output_index", item.index)
      writer.key("item")
      item.write(&writer)
    }
    return items.count - 1
  }

  /// The open message, or a new one.
  private mutating func message(_ bytes: inout [UInt8]) -> Int {
    if let current, items[current].kind == .message, items[current].contents.last?.isRefusal != true { return current }
    endCurrent(&bytes)
    let item = add(ResponsesItem(.message, index: items.count), &bytes)
    current = item
    return item
  }

  private mutating func addContent(to position: Int, isRefusal: Bool, _ bytes: inout [UInt8]) -> Int {
    endContent(of: position, &bytes)
    let number = items[position].contents.count
    let content = ResponsesItem.Content(isRefusal: isRefusal)
    items[position].contents.append(content)
    out.write("response.content_part.added", item: items[position].id, items[position].index, &bytes) { writer in
      writer.member("content_index", number)
      writer.key("part")
      ResponsesItem.write(content, &writer)
    }
    return number
  }

  private mutating func endContent(of position: Int, _ bytes: inout [UInt8]) {
    guard let content = items[position].contents.last else { return }
    let number = items[position].contents.count - 1
    let (id, index) = (items[position].id, items[position].index)
    out.write(content.isRefusal ? "response.refusal.done" : "response.output_text.done", item: id, index, &bytes) { writer in
      writer.member("content_index", number)
      writer.member(content.isRefusal ? "refusal" : "text", content.text)
      if !content.isRefusal { writer.member("logprobs", .array(content.logprobs)) }
    }
    out.write("response.content_part.done", item: id, index, &bytes) { writer in
      writer.member("content_index", number)
      writer.key("part")
      ResponsesItem.write(content, &writer)
    }
  }

  private mutating func endCurrent(_ bytes: inout [UInt8]) {
    guard let position = current else { return }
    current = nil
    close(position, &bytes)
  }

  /// A call that may have been cut by the limit closes when it is known whether it was. Source: wire-formats §7.2.
  private mutating func end(call position: Int, _ bytes: inout [UInt8]) {
    items[position].isEnded = true
    if items[position].kind == .function, items[position].progress.isComplete { close(position, &bytes) }
  }

  /// A call that is whole is closed before something else opens.
  private mutating func closeCompleteCalls(_ bytes: inout [UInt8]) {
    for position in items.indices where !items[position].isClosed && items[position].isWhole { close(position, &bytes) }
  }

  private mutating func close(_ position: Int, _ bytes: inout [UInt8]) {
    guard !items[position].isClosed else { return }
    items[position].isClosed = true
    let item = items[position]
    switch item.kind {
    case .message: endContent(of: position, &bytes)
    case .reasoning where item.hasText:
      out.write("response.reasoning_summary_text.done", item: item.id, item.index, &bytes) { writer in
        writer.member("summary_index", 0)
        writer.member("text", item.text)
      }
      out.write("response.reasoning_summary_part.done", item: item.id, item.index, &bytes) { writer in
        ResponsesEvents.summary(item.text, &writer)
      }
    case .reasoning: break
    case .function:
      out.write("response.function_call_arguments.done", item: item.id, item.index, &bytes) { $0.member("arguments", item.arguments) }
    case .custom:
      out.write("response.custom_tool_call_input.done", item: item.id, item.index, &bytes) { $0.member("input", item.text) }
    }
    let isCut = finish.flatMap { ResponsesObject.incomplete($0) } != nil && item.kind != .reasoning
    items[position].status = isCut && !(item.kind == .function && item.progress.isComplete) ? "incomplete" : "completed"
    let closed = items[position]
    out.write("response.output_item.done", &bytes) { writer in
      writer.member("output_index", closed.index)
      writer.key("item")
      closed.write(&writer)
    }
  }

  private mutating func end(_ bytes: inout [UInt8]) {
    let reason = finish ?? .stop
    if items.isEmpty, ResponsesObject.incomplete(reason) == nil {
      let item = message(&bytes)
      _ = addContent(to: item, isRefusal: false, &bytes)
    }
    for position in items.indices { close(position, &bytes) }
    current = nil
    let (object, items, usage) = (object, items, usage)
    out.write("response." + ResponsesObject.status(.finished(reason)), &bytes) { writer in
      writer.key("response")
      object.write(.finished(reason), items, usage, &writer)
    }
  }

  /// The whole response as the last event has it.
  func whole() -> [UInt8] {
    var writer = JSONWriter(capacity: 2048)
    object.write(.finished(finish ?? .stop), items, usage, &writer)
    return writer.bytes
  }
}

/// Writes the events of a Responses stream, counted from 0.
struct ResponsesEvents: Sendable {
  private var number = 0

  /// Appends one event.
  mutating func write(_ type: String, _ bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", type)
    writer.member("sequence_number", number)
    members(&writer)
    writer.endObject()
    number += 1
    bytes += "event: ".utf8
    bytes += type.utf8
    bytes += "\ndata: ".utf8
    bytes += writer.bytes
    bytes += "\n\n".utf8
  }

  /// Appends an event of an item.
  mutating func write(_ type: String, item id: String, _ index: Int, _ bytes: inout [UInt8], _ members: (inout JSONWriter) -> Void) {
    write(type, &bytes) { writer in
      writer.member("item_id", id)
      writer.member("output_index", index)
      members(&writer)
    }
  }

  /// The members of an event about a summary's part.
  static func summary(_ text: String, _ writer: inout JSONWriter) {
    writer.member("summary_index", 0)
    writer.key("part")
    ResponsesItem.writeSummary(text, &writer)
  }
}

/// Writes a whole Responses reply: what the stream's last event would have told.
package struct ResponsesReplyEncoder: ReplyEncoder {
  private let context: ReplyContext
  /// What changed its meaning on the way.
  package private(set) var losses: [Loss] = []

  /// An encoder for a client, whose request's members are repeated.
  package init(_ context: ReplyContext) {
    self.context = context
  }

  /// The body that a reply is.
  package mutating func encode(_ reply: Reply) -> [UInt8] {
    var stream = ResponsesStreamEncoder(context)
    var events: [UInt8] = []
    // The finish comes first, so that what was cut is known before it closes.
    if let finish = reply.candidates.first?.finish { stream.encode(.finish(candidate: 0, finish), into: &events) }
    for event in reply.events {
      stream.encode(event, into: &events)
      events.removeAll(keepingCapacity: true)
    }
    if !reply.isComplete { stream.encode(.end, into: &events) }
    losses += stream.losses
    return stream.whole()
  }
}

extension FinishReason {
  /// What Responses can't say of it.
  fileprivate func responsesLoss(sequence: String?) -> Loss? {
    switch self {
    case .pause: Loss("stop_reason", .downgraded)
    case .stopSequence where sequence != nil: Loss("stop_sequence", .dropped)
    default: nil
    }
  }
}
