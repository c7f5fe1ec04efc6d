import Base
import Testing

@testable import Wire

private func tokens(_ text: String) -> JSON { ["content": [["token": JSON(text), "logprob": -0.5]]] }

@Suite struct `The Responses stream encoder and logprobs` {
  @Test func `keeps those that come before their text`() {
    var encoder = ResponsesStreamEncoder(ReplyContext(model: "m", created: 1))
    var bytes: [UInt8] = []
    let text = Place(0, 0)
    // In a Chat stream a chunk has its logprobs beside its text; the first come before anything is open.
    let events: [Event] = [
      .candidate(0), .logprobs(candidate: 0, tokens("He")), .open(text, .text("")), .delta(text, "He"),
      .logprobs(candidate: 0, tokens("y")), .delta(text, "y"), .close(text), .finish(candidate: 0, .stop), .end,
    ]
    for event in events { encoder.encode(event, into: &bytes) }
    let all = #""logprobs":[{"token":"He","logprob":-0.5,"top_logprobs":[]},{"token":"y","logprob":-0.5,"top_logprobs":[]}]"#
    #expect(String(decoding: bytes, as: UTF8.self).contains(#""text":"Hey",\#(all)"#))
  }
}
