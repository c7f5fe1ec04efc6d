import Base

/// How many tokens an input probably has, for targets whose own tokenizer can't be asked. Always told as an estimate.
///
/// Tokenizers differ by some tens of percent, so that more than this is not worth its time:
///
/// | what | tokens |
/// |---|---|
/// | ASCII (English, code, JSON) | a quarter for each byte |
/// | other letters of two bytes (Latin with accents, Cyrillic, Greek, Arabic, Hebrew) | a half for each |
/// | other letters of three bytes (Indic scripts, Thai), dashes and quotes | three quarters for each |
/// | Chinese, Japanese, Korean characters | one for each |
/// | characters of four bytes (emoji, rare characters) | two for each |
/// | a turn, a call, a result | 4 more each |
/// | a tool | 8 more than its texts and schema |
/// | an image | 1,000; audio, film and PDF by their size |
///
/// The numbers are this project's own rule of thumb: about four characters of English to a token, one Chinese character to a token.
package struct TokenEstimate: Sendable, Equatable {
  /// The tokens of the input, at least 1.
  package let tokens: Int

  /// The tokens of a chat's turns, tools and output schema.
  package init(_ chat: Chat) {
    var quarters = 0
    for message in chat.messages { quarters += Self.quarters(of: message) }
    for tool in chat.tools { quarters += Self.quarters(of: tool) }
    if case .schema(let schema) = chat.format, let json = schema.schema { quarters += Self.quarters(of: json.bytes) }
    tokens = max(1, Self.rounded(quarters))
  }

  /// A number from elsewhere.
  package init(tokens: Int) { self.tokens = max(1, tokens) }

  /// The tokens of a text.
  package static func tokens(of text: String) -> Int { rounded(quarters(of: text.utf8)) }

  /// The tokens of a text in UTF-8.
  package static func tokens(of bytes: some Sequence<UInt8>) -> Int { rounded(quarters(of: bytes)) }

  // MARK: Replies

  /// The reply of Messages' `count_tokens`. Source: wire-formats §11.
  package var messagesReply: [UInt8] { Array(#"{"input_tokens":\#(tokens)}"#.utf8) }

  /// The reply of Gemini's `:countTokens`. Source: wire-formats §11.
  package var geminiReply: [UInt8] { Array(#"{"totalTokens":\#(tokens)}"#.utf8) }

  /// What tells a client of this wire that the number is an estimate.
  package static func loss(for wire: ClientWire) -> Loss {
    Loss(wire == .gemini ? "totalTokens" : "input_tokens", .estimated)
  }

  // MARK: Parts

  private static let perTurn = 4 * 4
  private static let perTool = 4 * 8
  private static let image = 4 * 1000
  private static let document = 4 * 2000

  private static func quarters(of message: Message) -> Int {
    message.contents.reduce(perTurn) { $0 + quarters(of: $1.part) }
  }

  private static func quarters(of tool: Tool) -> Int {
    perTool + quarters(of: tool.name.utf8) + quarters(of: (tool.description ?? "").utf8) + quarters(of: tool.parameters?.bytes ?? [])
  }

  private static func quarters(of part: Part) -> Int {
    switch part {
    case .text(let text, _), .refusal(let text): quarters(of: text.utf8)
    case .reasoning(let reasoning): quarters(of: reasoning.text.utf8)
    case .call(let call): perTurn + quarters(of: call.name.utf8) + quarters(of: call.arguments.utf8)
    case .result(let result): result.parts.reduce(perTurn) { $0 + quarters(of: $1) }
    case .media(let media): quarters(of: media)
    case .opaque(_, let json): quarters(of: json.bytes)
    }
  }

  /// Sound has about 32 tokens a second, film 260, a page of a PDF 2,000; what a second and a page weigh is a guess.
  private static func quarters(of media: Media) -> Int {
    guard case .data(let text, let type) = media.source else { return media.kind == .image ? image : document }
    let size = text.utf8.count / 4 * 3
    switch media.kind {
    case .image: return image
    case .document where type.hasPrefix("text/"): return size
    case .document: return max(document, 4 * size / 40)
    case .audio: return 4 * max(1, size / (type.contains("wav") ? 1000 : 500))
    case .video: return 4 * max(1, size / 1000)
    }
  }

  static func rounded(_ quarters: Int) -> Int { (quarters + 3) / 4 }

  /// Counts by the first byte of each character; the others count nothing.
  static func quarters(of bytes: some Sequence<UInt8>) -> Int {
    var quarters = 0
    for byte in bytes {
      switch byte {
      case ..<0x80: quarters += 1
      case ..<0xc0: break
      case ..<0xe0: quarters += 2
      case ..<0xe3: quarters += 3  // U+0800…U+2FFF
      case ..<0xf0: quarters += 4  // U+3000…U+FFFF: kana, Chinese characters, Hangul, full-width forms
      default: quarters += 8
      }
    }
    return quarters
  }
}
