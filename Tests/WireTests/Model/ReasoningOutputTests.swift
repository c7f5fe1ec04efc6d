import Testing

@testable import Wire

private func place(_ part: Int) -> Place { Place(0, part) }

/// The events of a reply, each text in two pieces.
private func events(_ parts: [Part], finish: FinishReason? = .stop) -> [Event] {
  var reply = Reply()
  var candidate = Reply.Candidate(0)
  candidate.parts = parts
  candidate.finish = finish
  reply.candidates = [candidate]
  reply.isComplete = finish != nil
  return reply.events.flatMap { event -> [Event] in
    guard case .delta(let place, let text) = event else { return [event] }
    return [.delta(place, String(text.prefix(1))), .delta(place, String(text.dropFirst()))]
  }
}

/// The parts that a client sees, and whether all of them were opened in order and closed.
private func rewritten(_ source: [Event], _ output: ReasoningOutput) -> (parts: [Part], isSound: Bool) {
  var rewriter = ReasoningRewriter(output)
  let events = rewriter.rewrite(source)
  var open: Set<Place> = []
  var next = 0
  var isSound = true
  for event in events {
    switch event {
    case .open(let place, _):
      isSound = isSound && place.part == next && open.insert(place).inserted
      next += 1
    case .delta(let place, _), .signature(let place, _), .citation(let place, _): isSound = isSound && open.contains(place)
    case .close(let place): isSound = isSound && open.remove(place) != nil
    default: break
    }
  }
  return (Reply(events).candidates.first?.parts ?? [], isSound && open.isEmpty)
}

private let called = Part.call(ToolCall(id: "a", name: "f", arguments: "{}"))
private let signed = Part.reasoning(Reasoning("hm", signature: Signature(.anthropic, "s")))

@Suite struct `Reasoning in the answer` {
  @Test(
    arguments: [
      ([signed, .text("Hi")], [.text("<think>hm</think>Hi")], [.text("<think:hm>Hi")], [.text("Hi")]),
      // Without an answer the tag still closes, before calls and before the end.
      ([signed], [.text("<think>hm</think>")], [.text("<think:hm>")], []),
      ([signed, called], [.text("<think>hm</think>"), called], [.text("<think:hm>"), called], [called]),
      ([signed, .refusal("no")], [.text("<think>hm</think>"), .refusal("no")], [.text("<think:hm>"), .refusal("no")], [.refusal("no")]),
      // Reasoning that goes on gets marks of its own.
      (
        [signed, .reasoning(Reasoning("so")), .text("Hi")], [.text("<think>hm</think><think>so</think>Hi")],
        [.text("<think:hm><think:so>Hi")],
        [.text("Hi")]
      ),
      (
        [.text("A1"), signed, .text("B2"), called, .reasoning(Reasoning("so")), .text("C3")],
        [.text("A1"), .text("<think>hm</think>B2"), called, .text("<think>so</think>C3")],
        [.text("A1"), .text("<think:hm>B2"), called, .text("<think:so>C3")], [.text("A1"), .text("B2"), called, .text("C3")]
      ),
      // A thought that is hidden leaves nothing.
      ([.reasoning(Reasoning(signature: Signature(.anthropicRedacted, "x"))), .text("Hi")], [.text("Hi")], [.text("Hi")], [.text("Hi")]),
      ([.text("Hi"), called], [.text("Hi"), called], [.text("Hi"), called], [.text("Hi"), called]),
    ] as [([Part], [Part], [Part], [Part])])
  func `stands where the client wants it`(parts: [Part], tags: [Part], colon: [Part], hidden: [Part]) {
    for (output, expected) in [(ReasoningOutput.thinkTags, tags), (.thinkColon, colon), (.hide, hidden), (.field, parts)] {
      for finish in [FinishReason.stop, nil] {
        let source = events(parts, finish: finish)
        let found = rewritten(source, output)
        #expect(found.parts == expected || finish == nil, "\(output)")
        #expect(found.isSound || finish == nil, "\(output)")
        #expect(ReasoningRewriter.rewrite(Reply(source), output).candidates.first?.parts ?? [] == expected, "\(output)")
      }
    }
  }

  @Test func `survives parts that interleave and never close`() {
    let source: [Event] = [
      .candidate(0), .open(place(0), .reasoning(Reasoning("a"))), .open(place(1), .call(ToolCall(id: "c", name: "f"))),
      .delta(place(0), "b"), .delta(place(1), "{"), .open(place(2), .text("T")), .delta(place(0), "c"), .delta(place(2), "U"),
      .delta(place(1), "}"), .delta(place(9), "nobody's"), .close(place(1)), .close(place(2)), .finish(candidate: 0, .tool), .end,
    ]
    let found = rewritten(source, .thinkTags)
    #expect(
      found.parts == [.text("<think>a</think>"), call(id: "c"), .text("<think>b</think>T<think>c</think>U")])
    #expect(found.isSound)
    #expect(rewritten(source, .hide).parts == [call(id: "c"), .text("TU")])
  }

  private func call(id: String) -> Part { .call(ToolCall(id: id, name: "f", arguments: "{}")) }

  @Test func `moves citations with their text`() {
    let citation = Citation(url: "u", range: 1..<3)
    let source = events([.reasoning(Reasoning("hm")), .text("Héy", citations: [citation])])
    guard case .text(let text, let cited)? = rewritten(source, .thinkTags).parts.first, let range = cited.first?.range else {
      Issue.record("no citation")
      return
    }
    let scalars = Array(text.unicodeScalars)[range]
    #expect(String(String.UnicodeScalarView(scalars)) == "éy")
  }

  @Test func `keeps candidates apart, and everything that is no part`() {
    var rewriter = ReasoningRewriter(.thinkTags)
    let events = rewriter.rewrite([
      .start(ReplyHead(id: "x")), .candidate(1), .open(Place(1, 0), .reasoning(Reasoning())), .candidate(0),
      .open(Place(0, 0), .reasoning(Reasoning())), .delta(Place(1, 0), "b"), .delta(Place(0, 0), "a"), .usage(Usage(input: 1)),
      .close(Place(0, 0)), .finish(candidate: 0, .stop), .finish(candidate: 1, .length), .end,
    ])
    let reply = Reply(events)
    #expect(reply.candidates.map(\.parts) == [[.text("<think>a</think>")], [.text("<think>b</think>")]])
    #expect(reply.candidates.map(\.finish) == [.stop, .length] && reply.usage?.input == 1 && reply.isComplete && reply.head.id == "x")
  }

  @Test func `keeps the signature of a call`() {
    let signed = Part.call(ToolCall(id: "a", name: "f", arguments: "{}", signature: Signature(.gemini, "s")))
    #expect(rewritten(events([.reasoning(Reasoning("hm")), signed]), .hide).parts == [signed])
    let late: [Event] = [.open(place(0), .call(ToolCall(id: "a", name: "f"))), .signature(place(0), Signature(.gemini, "s"))]
    var rewriter = ReasoningRewriter(.hide)
    #expect(rewriter.rewrite(late) == late)
  }
}
