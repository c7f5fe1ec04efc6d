/// A vendor's proof that reasoning is its own; the next request must bring it back unchanged.
///
/// On a foreign wire it travels in an envelope, `apus1:ORIGIN:VALUE`, so that it finds its way home. Source: wire-formats §2.7.
package struct Signature: Sendable, Equatable {
  /// Whose it is and what it stands on.
  package enum Origin: String, Sendable, CaseIterable {
    /// The signature of a Messages thinking block.
    case anthropic
    /// The data of a Messages redacted_thinking block.
    case anthropicRedacted = "anthropic-redacted"
    /// Gemini, on the part itself.
    case gemini = "gemini:part"
    /// Gemini, on the part that follows the thought.
    case geminiNext = "gemini:next"
    /// A Chat upstream's own, in `reasoning_details`; it travels as it is.
    case chat
    /// The data of an encrypted entry of a Chat upstream's `reasoning_details`; it travels as it is.
    case chatEncrypted = "chat-encrypted"
  }

  /// Whose it is.
  package var origin: Origin
  /// The vendor's own text.
  package var value: String

  /// A signature as the vendor gave it.
  package init(_ origin: Origin, _ value: String) {
    self.origin = origin
    self.value = value
  }

  /// Reads an envelope; nil when the text is none.
  package init?(envelope: String) {
    for origin in Origin.allCases where origin != .chat && origin != .chatEncrypted {
      let opening = "apus1:\(origin.rawValue):"
      guard envelope.hasPrefix(opening) else { continue }
      self.init(origin, String(envelope.dropFirst(opening.count)))
      return
    }
    return nil
  }

  /// The text that travels on a foreign wire; a Chat upstream's own is at home there.
  package var envelope: String {
    switch origin {
    case .chat, .chatEncrypted: value
    default: "apus1:\(origin.rawValue):\(value)"
    }
  }

  /// Whether it is a blob in place of a text that the client may not see.
  package var isEncrypted: Bool { origin == .anthropicRedacted || origin == .chatEncrypted }
}
