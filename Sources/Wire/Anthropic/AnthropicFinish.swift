import Base

/// Why a Messages reply ended.
struct AnthropicFinish: Sendable {
  private(set) var reason: FinishReason
  private let sequence: String?
  /// The words of a refusal, nil where there are none.
  let explanation: String?

  /// The reason as the wire has it: calls decide between an ordinary end and one that calls. Source: wire-formats §9.
  init(_ reason: FinishReason, sequence: String?, refusal: String, hasCalls: Bool) {
    self.reason = reason
    self.sequence = reason == .stopSequence ? sequence : nil
    explanation = reason == .filter && !refusal.isEmpty ? refusal : nil
    if reason == .stop, hasCalls { self.reason = .tool } else if reason == .tool, !hasCalls { self.reason = .stop }
  }

  func write(_ writer: inout JSONWriter) {
    writer.member("stop_reason", reason.messages(sequence: sequence))
    writer.key("stop_sequence")
    if let sequence { writer.value(sequence) } else { writer.null() }
  }
}

/// Members that a stream's events and a whole reply of Messages have alike. Source: wire-formats §3.3.
enum AnthropicReplyMembers {
  static func head(id: String, model: String, _ writer: inout JSONWriter) {
    writer.member("id", id)
    writer.member("type", "message")
    writer.member("role", "assistant")
    writer.member("model", model)
  }

  /// `stop_reason` and what belongs to it; nulls while the reply has not ended.
  static func end(_ finish: AnthropicFinish?, _ explanation: String?, _ writer: inout JSONWriter) {
    if let finish {
      finish.write(&writer)
    } else {
      writer.member("stop_reason", JSON.null)
      writer.member("stop_sequence", JSON.null)
    }
    guard let explanation else { return }
    writer.key("stop_details")
    writer.beginObject()
    writer.member("type", "refusal")
    writer.member("category", JSON.null)
    writer.member("explanation", explanation)
    writer.endObject()
  }
}
