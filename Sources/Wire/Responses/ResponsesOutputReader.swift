import Base

/// Reads the items of a Responses output into the parts of one candidate. Source: wire-formats §3.2.
struct ResponsesOutputReader: Sendable {
  private var next = 0
  private var calls = 0
  private var hasRefused = false
  /// Code points of the texts so far: a citation's range is one of the joined text, an annotation's one of its own.
  private var codePoints = 0

  /// Reads one item.
  mutating func read(_ item: JSON, _ events: inout [Event]) {
    switch item["type"]?.string {
    case "message", nil: for part in (item["content"] ?? .null).elements { read(part: part, &events) }
    case "reasoning": reasoning(item, &events)
    case "function_call": call(item, "arguments", .function, &events)
    case "custom_tool_call": call(item, "input", .freeform, &events)
    case "image_generation_call": image(item, &events)
    default: whole(.opaque(vendor: .openAI, item), &events)
    }
  }

  /// The reason as the parts make it. Source: wire-formats §9.
  func finish(_ reason: FinishReason) -> FinishReason {
    guard reason == .stop else { return reason }
    return calls > 0 ? .tool : hasRefused ? .filter : .stop
  }

  private mutating func read(part: JSON, _ events: inout [Event]) {
    switch part["type"]?.string {
    case "output_text", "text": text(part, &events)
    case "refusal":
      hasRefused = true
      grow(.refusal(""), part["refusal"]?.string ?? "", &events)
    default: whole(.opaque(vendor: .openAI, part), &events)
    }
  }

  private mutating func text(_ part: JSON, _ events: inout [Event]) {
    let text = part["text"]?.string ?? ""
    if let tokens = part["logprobs"], tokens.count > 0 { events.append(.logprobs(candidate: 0, ["content": tokens])) }
    guard !text.isEmpty else { return }
    let place = newPlace()
    events += [.open(place, .text("")), .delta(place, text)]
    for annotation in (part["annotations"] ?? .null).elements { cite(place, annotation, &events) }
    events.append(.close(place))
    codePoints += text.unicodeScalars.count
  }

  private func cite(_ place: Place, _ annotation: JSON, _ events: inout [Event]) {
    guard let url = annotation["url"]?.string, !url.isEmpty else {
      return events.append(.loss(Loss("content[\(place.part)].annotations", .dropped)))
    }
    var range: Range<Int>?
    // Both are 0 where nothing is known: the members are mandatory.
    if let start = annotation["start_index"]?.int, let end = annotation["end_index"]?.int, 0 <= start, start <= end, end > 0,
      end <= Int.max - codePoints
    {
      range = (codePoints + start)..<(codePoints + end)
    }
    let title = annotation["title"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    events.append(.citation(place, Citation(url: url, title: title, range: range)))
  }

  /// The thought itself where it is shown, else its summary. Source: datasets §9.1.
  private mutating func reasoning(_ item: JSON, _ events: inout [Event]) {
    func texts(_ name: String) -> String {
      (item[name] ?? .null).elements.compactMap { $0["text"]?.string }.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
    let content = texts("content")
    let text = content.isEmpty ? texts("summary") : content
    let blob = item["encrypted_content"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard !text.isEmpty || blob != nil else { return }
    let place = newPlace()
    events.append(.open(place, .reasoning(Reasoning())))
    if !text.isEmpty { events.append(.delta(place, text)) }
    if let blob { events.append(.signature(place, Signature(envelope: blob) ?? Signature(.chatEncrypted, blob))) }
    events.append(.close(place))
  }

  private mutating func call(_ item: JSON, _ member: String, _ kind: ToolCall.Kind, _ events: inout [Event]) {
    calls += 1
    // The item's own id is another thing than the call's, and better than none.
    let id = item["call_id"]?.string ?? item["id"]?.string ?? ""
    grow(.call(ToolCall(id: id, name: item["name"]?.string ?? "", kind: kind)), item[member]?.string ?? "", isCall: true, &events)
  }

  private mutating func image(_ item: JSON, _ events: inout [Event]) {
    guard let data = item["result"]?.string, !data.isEmpty else { return whole(.opaque(vendor: .openAI, item), &events) }
    let type = "image/" + (item["output_format"]?.string ?? "png")
    whole(.media(Media(.image, .data(data, mediaType: type))), &events)
  }

  // MARK: Events

  private mutating func grow(_ part: Part, _ text: String, isCall: Bool = false, _ events: inout [Event]) {
    guard isCall || !text.isEmpty else { return }
    let place = newPlace()
    events.append(.open(place, part))
    if !text.isEmpty { events.append(.delta(place, text)) }
    events.append(.close(place))
  }

  private mutating func whole(_ part: Part, _ events: inout [Event]) {
    let place = newPlace()
    events += [.open(place, part), .close(place)]
  }

  private mutating func newPlace() -> Place {
    defer { next += 1 }
    return Place(0, next)
  }
}
