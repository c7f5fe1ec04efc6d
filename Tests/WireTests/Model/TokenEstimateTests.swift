import Base
import Testing

@testable import Wire

@Suite struct `An estimate of tokens` {
  @Test(arguments: [
    ("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("中文", 2), ("かな", 2), ("한국어", 3), ("привет", 3), ("🙂", 2), ("𠀀", 2), ("ไทย", 3), ("é", 1),
    (String(repeating: "word ", count: 100), 125),
  ])
  func `counts a text by its script`(text: String, tokens: Int) {
    #expect(TokenEstimate.tokens(of: text) == tokens)
    #expect(TokenEstimate.tokens(of: Array(text.utf8)) == tokens)
  }

  private func chat(_ parts: [Part]) -> Chat {
    var chat = Chat(wire: .messages, model: "m")
    let path = SourcePath("messages", 0)
    chat.messages = [Message(.user, parts.map { Message.Content($0, at: path) }, at: path)]
    return chat
  }

  @Test(
    arguments: [
      ([], 4), ([.text("abcd")], 5), ([.refusal("abcd"), .reasoning(Reasoning("abcd"))], 6),
      ([.call(ToolCall(id: "x", name: "f123", arguments: "{\"a\":123}"))], 12),
      ([.result(ToolResult(id: "x", parts: [.text("abcd"), .media(Media(.image, .url("u")))]))], 1009),
      ([.media(Media(.image, .data("AAAA", mediaType: "image/png")))], 1004), ([.media(Media(.document, .url("u")))], 2004),
      ([.media(Media(.document, .data(String(repeating: "A", count: 160), mediaType: "text/plain")))], 34),
      ([.media(Media(.document, .data("AAAA", mediaType: "application/pdf")))], 2004),
      ([.media(Media(.audio, .data(String(repeating: "A", count: 40_000), mediaType: "audio/wav")))], 34),
      ([.opaque(vendor: .gemini, ["a": 1])], 6),
    ] as [([Part], Int)])
  func `counts what a turn holds`(parts: [Part], tokens: Int) {
    #expect(TokenEstimate(chat(parts)).tokens == tokens)
  }

  @Test func `counts tools and the schema of the answer`() {
    var chat = chat([])
    chat.tools = [Tool("f123", description: "does", .function(parameters: ["a": 1], strict: nil), at: SourcePath("tools", 0))]
    #expect(TokenEstimate(chat).tokens == 4 + 8 + 1 + 1 + 2)
    chat.format = .schema(OutputFormat.Schema(schema: ["b": 22]))
    #expect(TokenEstimate(chat).tokens == 4 + 8 + 1 + 1 + 4)
  }

  @Test func `is told in the client's own words, as an estimate`() {
    let estimate = TokenEstimate(tokens: 7)
    #expect(String(decoding: estimate.messagesReply, as: UTF8.self) == #"{"input_tokens":7}"#)
    #expect(String(decoding: estimate.geminiReply, as: UTF8.self) == #"{"totalTokens":7}"#)
    #expect(TokenEstimate.loss(for: .messages).description == "input_tokens:estimated")
    #expect(TokenEstimate.loss(for: .gemini).description == "totalTokens:estimated")
    #expect(TokenEstimate(Chat(wire: .chat, model: "m")).tokens == 1)
  }
}
