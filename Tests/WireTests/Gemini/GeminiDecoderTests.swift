import Base
import Testing

@testable import Wire

/// A chunk of these parts of the first candidate.
private func chunk(_ parts: String, finish: String? = nil, more: String = "") -> String {
  let finish = finish.map { #","finishReason":"\#($0)""# } ?? ""
  return
    #"{"candidates":[{"content":{"role":"model","parts":[\#(parts)]},"index":0\#(finish)}],"modelVersion":"up","responseId":"r"\#(more)}"#
}

/// The fold of a stream of these parts, one chunk each, that ends well.
private func reply(_ parts: [String], finish: String = "STOP") throws -> Reply {
  Reply(try geminiEvents(parts.map { chunk($0) } + [chunk("", finish: finish)]))
}

private func parts(_ reply: Reply) -> [String] { reply.candidates.first?.parts.map(\.short) ?? [] }

@Suite struct `A Gemini reply` {
  @Test(
    arguments: [
      // Text goes on as long as its kind stays; empty pieces open nothing.
      ([#"{"text":"Hel"}"#, #"{"text":""}"#, #"{"text":"lo"}"#], ["text:Hello"], []),
      (
        [#"{"text":"a","thought":true}"#, #"{"text":"b","thought":true}"#, #"{"text":"c"}"#, #"{"text":"d","thought":true}"#],
        ["think:ab", "text:c", "think:d"], []
      ),
      // A call's signature closes the thought before it; without one the call has it alone.
      (
        [#"{"text":"a","thought":true}"#, #"{"functionCall":{"id":"1","name":"f","args":{"x": 1}},"thoughtSignature":"S"}"#],
        ["think:a[gemini:next S]", #"call f#1:{"x":1}[gemini:next S]"#], []
      ),
      ([#"{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"S"}"#], ["call f#1:[gemini:part S]"], []),
      (
        [#"{"text":"a","thought":true}"#, #"{"text":"b"}"#, #"{"functionCall":{"id":"1","name":"f"},"thoughtSignature":"S"}"#],
        ["think:a", "text:b", "call f#1:[gemini:part S]"], []
      ),
      // A thought's own signature ends it; one that comes late is an empty thought.
      ([#"{"text":"a","thought":true,"thoughtSignature":"S"},{"text":"b","thought":true}"#], ["think:a[gemini:part S]", "think:b"], []),
      ([#"{"text":"a","thought":true}"#, #"{"text":"","thought":true,"thoughtSignature":"S"}"#], ["think:a[gemini:part S]"], []),
      ([#"{"thought":true,"thoughtSignature":"S"}"#, #"{"text":"a"}"#], ["think:[gemini:part S]", "text:a"], []),
      // On a text behind a thought it is the thought's; on others it is not needed.
      ([#"{"text":"a","thought":true}"#, #"{"text":"b","thoughtSignature":"S"}"#], ["think:a[gemini:next S]", "text:b"], []),
      (
        [#"{"text":"a"}"#, #"{"text":"","thoughtSignature":"S"}"#], ["text:a"], ["candidates[0].content.parts[0].thoughtSignature:dropped"]
      ),
      (
        [#"{"text":"a"},{"text":"b","thoughtSignature":"S"}"#], ["text:ab"],
        ["candidates[0].content.parts[1].thoughtSignature:dropped"]
      ),
      // Ids are made up.
      (
        [#"{"functionCall":{"name":"f","args":{"s":"\u00e9"}}},{"functionCall":{"name":"f"}}"#], [#"call f#new:{"s":"é"}"#, "call f#new:"],
        ["candidates[0].content.parts[0].functionCall.id:synthesized", "candidates[0].content.parts[1].functionCall.id:synthesized"]
      ),
      // Images; traces of the vendor's tools and parts that nobody knows.
      (
        [#"{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"-_8="}},{"text":"b"}"#],
        ["text:a", "image:image/png,+/8=", "text:b"], []
      ),
      (
        [#"{"executableCode":{"code":"x"}},{"text":"a"},{"hologram":{}}"#], ["text:a"],
        ["candidates[0].content.parts[0]:dropped", "candidates[0].content.parts[2]:dropped"]
      ),
    ] as [([String], [String], [String])])
  func `has its parts, streamed and whole`(pieces: [String], expected: [String], losses: [String]) throws {
    let streamed = try reply(pieces)
    #expect(parts(streamed) == expected)
    let whole = try GeminiReplyDecoder().decode(.of(chunk(pieces.joined(separator: ","), finish: "STOP")))
    #expect(parts(whole) == expected)
    if pieces.count == 1 { #expect(whole.losses.map(\.description) == losses) }
    #expect(streamed.losses.map(\.action) == losses.map { $0.hasSuffix("dropped") ? .dropped : .synthesized })
    #expect(streamed.isComplete && whole.isComplete)
  }

  @Test(
    arguments: [
      ("STOP", #"{"text":"a"}"#, .stop), ("STOP", #"{"functionCall":{"id":"1","name":"f"}}"#, .tool),
      ("MAX_TOKENS", #"{"text":"a"}"#, .length),
      ("SAFETY", "", .filter), ("RECITATION", #"{"text":"a"}"#, .filter), ("BLOCKLIST", "", .filter), ("PROHIBITED_CONTENT", "", .filter),
      ("SPII", "", .filter), ("MODEL_ARMOR", "", .filter), ("IMAGE_SAFETY", "", .filter), ("MAX_TOKENS", "", .length),
      ("LANGUAGE", #"{"text":"a"}"#, .stop), ("OTHER", #"{"functionCall":{"id":"1","name":"f"}}"#, .tool), ("STOP", "", .stop),
    ] as [(String, String, FinishReason)])
  func `ends for a reason`(word: String, part: String, expected: FinishReason) throws {
    let found = Reply(try geminiEvents([chunk(part, finish: word)]))
    #expect(found.candidates.first?.finish == expected)
    let isDowngraded = ["LANGUAGE", "OTHER"].contains(word)
    #expect(found.losses.contains(Loss("finish_reason", .downgraded)) == isDowngraded)
  }

  @Test(arguments: [
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "LANGUAGE",
    "OTHER", "NO_IMAGE", "IMAGE_OTHER", "CONTINUATION", "SOMETHING_NEW",
  ])
  func `is no success where the upstream gave up`(word: String) {
    for part in ["", #"{"text":"hm","thought":true}"#] {
      let found = fault { _ = try geminiEvents([chunk(part, finish: word)]) }
      #expect(found?.kind == .broken && found?.message.contains(word) == true)
    }
  }

  @Test func `goes on behind a finish that stands in every chunk`() throws {
    let found = Reply(try geminiEvents([chunk(#"{"text":"a"}"#, finish: "STOP"), chunk(#"{"text":"b"}"#, finish: "MAX_TOKENS")]))
    #expect(parts(found) == ["text:ab"] && found.candidates[0].finish == .length)
  }

  @Test func `is a refusal where the prompt was blocked`() throws {
    let body = #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}}"#
    for events in [try geminiEvents([body]), try GeminiReplyDecoder().events(.of(body))] {
      let found = Reply(events)
      #expect(found.head.isBlocked && found.candidates[0].finish == .filter && found.usage?.input == 8)
      guard case .refusal(let words) = found.candidates[0].parts.first else {
        Issue.record("no refusal")
        return
      }
      #expect(words.contains("SAFETY"))
    }
  }

  @Test(
    arguments: [
      (#"{"promptTokenCount":8,"candidatesTokenCount":2,"thoughtsTokenCount":6,"cachedContentTokenCount":4}"#, [8, 8, 6, 4, 16]),
      (#"{"promptTokenCount":8,"toolUsePromptTokenCount":3,"totalTokenCount":11}"#, [11, 0, 0, 0, 11]),
      (#"{"promptTokenCount":-1,"candidatesTokenCount":9223372036854775807,"thoughtsTokenCount":5}"#, [0, .max, 5, 0, .max]),
    ] as [(String, [Int])])
  func `counts its tokens`(json: String, expected: [Int]) throws {
    let found = try #require(Usage(gemini: .of(json)))
    #expect([found.input, found.output, found.reasoning, found.cacheRead, found.total] == expected)
  }

  @Test func `has the last usage, its own name and id`() throws {
    let first = #","usageMetadata":{"promptTokenCount":5,"totalTokenCount":5}"#
    let last = #","usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2}"#
    let found = Reply(try geminiEvents([chunk(#"{"text":"a"}"#, more: first), chunk("", finish: "STOP", more: last)]))
    #expect(found.usage == Usage(input: 5, output: 2))
    #expect(found.head.id == "r" && found.head.model == "up")
  }

  @Test func `has candidates side by side`() throws {
    let found = Reply(
      try geminiEvents([
        #"{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}},{"index":0,"content":{"parts":[{"text":"a"}]}}]}"#,
        #"{"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"c"}]},"finishReason":"MAX_TOKENS"}]}"#,
      ]))
    #expect(found.candidates.map { $0.parts.map(\.short) } == [["text:a"], ["text:bc"]])
    #expect(found.candidates.map(\.finish) == [.stop, .length])
  }

  @Test func `has logprobs in Chat's form`() throws {
    let result =
      #"{"chosenCandidates":[{"token":"Hi","tokenId":1,"logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"Ho","logProbability":-1}]}]}"#
    let found = Reply(
      try geminiEvents([#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"logprobsResult":\#(result),"finishReason":"STOP"}]}"#]))
    #expect(
      found.candidates[0].logprobs == [
        [
          "content": [
            ["token": "Hi", "logprob": -0.5, "bytes": nil, "top_logprobs": [["token": "Ho", "logprob": -1, "bytes": nil]]]
          ], "refusal": nil,
        ]
      ])
  }

  @Test func `reports what it refers to, which other wires can't show`() throws {
    let body =
      #"{"candidates":[{"content":{"parts":[{"text":"a"}]},"groundingMetadata":{"groundingChunks":[{}]},"citationMetadata":{},"finishReason":"STOP"}]}"#
    #expect(Reply(try geminiEvents([body])).losses.map(\.description) == ["candidates[0].groundingMetadata:dropped"])
  }

  @Test(
    arguments: [
      // Cut off, empty, or of one candidate only.
      ([], .broken), ([chunk(#"{"text":"a"}"#)], .broken), (["{}"], .broken),
      ([#"{"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"a"}]}}]}"#], .broken),
      // Errors, also in a list of one.
      ([chunk(#"{"text":"a"}"#), #"{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}"#], .rateLimited),
      ([#"[{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}]"#], .overloaded), (["nonsense"], .broken),
    ] as [([String], Fault.Kind)])
  func `is never complete when its stream broke`(chunks: [String], kind: Fault.Kind) {
    #expect(fault { _ = try geminiEvents(chunks) }?.kind == kind)
  }

  @Test func `may end without a finish where the provider is known for it`() throws {
    #expect(Reply(try geminiEvents([chunk(#"{"text":"a"}"#)], endMeansStop: true)).candidates[0].finish == .stop)
    #expect(fault { _ = try geminiEvents([chunk("")], endMeansStop: true) }?.kind == .broken)
  }

  @Test func `is read from one JSON array too, however it is cut`() throws {
    let text = "[" + chunk(#"{"text":"a"}"#) + "\n,\r\n" + chunk(#"{"text":"b"}"#, finish: "STOP") + "\n]\n"
    for size in [1, 7, 4096] {
      var decoder = GeminiStreamDecoder()
      var events: [Event] = []
      for frame in try frames(text, size: size) { events += try decoder.decode(frame) }
      #expect(parts(Reply(events + (try decoder.end()))) == ["text:ab"])
    }
    #expect(parts(try GeminiReplyDecoder().decode(.of(text))) == ["text:ab"])
  }

  @Test(arguments: [#"{}"#, #"{"candidates":[]}"#, #"[]"#, #""x""#, #"{"usageMetadata":{"promptTokenCount":1}}"#])
  func `is broken as a body without candidates`(body: String) {
    #expect(fault { _ = try GeminiReplyDecoder().events(.of(body)) }?.kind == .broken)
  }

  @Test func `may lack the finish as a whole body`() throws {
    #expect(try GeminiReplyDecoder().decode(.of(chunk(#"{"functionCall":{"name":"f"}}"#))).candidates[0].finish == .tool)
  }
}
