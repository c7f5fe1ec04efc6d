import Base

/// What stands in `thoughtSignature`, a member typed as bytes: a signature of Gemini's own, or an envelope of ours with that of another
/// vendor. Source: wire-formats §2.7, §3.4.
enum GeminiSignature: Equatable {
  /// Gemini's own, as it was written.
  case native(String)
  /// What an envelope held.
  case foreign(Signature)
  /// The words that some clients put where they have no signature.
  case sentinel
  /// An envelope that can't be read.
  case unknown

  /// What Gemini takes for a signature where none can be had. Source: wire-formats §2.7.
  static let sentinelWords = "skip_thought_signature_validator"

  /// Reads the member; nil for an empty text.
  init?(_ text: String) {
    guard !text.isEmpty else { return nil }
    guard text != Self.sentinelWords else {
      self = .sentinel
      return
    }
    // Most signatures are long and none of ours: the first letters tell.
    guard text.hasPrefix(Self.envelopeStart) || text.hasPrefix(Self.sentinelStart), let bytes = Base64.decode(Base64.standardized(text))
    else {
      self = .native(text)
      return
    }
    let inner = String(decoding: bytes, as: UTF8.self)
    if inner == Self.sentinelWords {
      self = .sentinel
    } else if inner.hasPrefix("apus1:") {
      self = Signature(envelope: inner).map { .foreign($0) } ?? .unknown
    } else {
      self = .native(text)
    }
  }

  /// The text for a signature of any origin on a Gemini client's wire; nil for a Chat upstream's own, which would be taken for Gemini's.
  static func text(_ signature: Signature) -> String? {
    switch signature.origin {
    case .gemini: signature.value
    case .anthropic, .anthropicRedacted, .geminiNext: Base64.encode(Array(signature.envelope.utf8))
    case .chat, .chatEncrypted: nil
    }
  }

  /// `apus1:` and the beginning of the sentinel in base64, as far as the letters do not depend on what follows.
  private static let envelopeStart = "YXB1czE6"
  private static let sentinelStart = "c2tpcF90aG91Z2h0"
}

extension Base64 {
  /// A text in the standard alphabet with its padding, whatever alphabet it was written in.
  static func standardized(_ text: String) -> String {
    let isStandard = text.utf8.count % 4 == 0 && !text.utf8.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    guard !isStandard else { return text }
    var bytes = Array(text.utf8)
    for position in bytes.indices {
      if bytes[position] == UInt8(ascii: "-") { bytes[position] = UInt8(ascii: "+") }
      if bytes[position] == UInt8(ascii: "_") { bytes[position] = UInt8(ascii: "/") }
    }
    while bytes.count % 4 != 0 { bytes.append(UInt8(ascii: "=")) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
