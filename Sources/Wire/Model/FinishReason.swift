/// Why a candidate ended. Source: wire-formats §9. The raw value is the word of provider files.
package enum FinishReason: String, Sendable, CaseIterable {
  /// It was done.
  case stop
  /// A stop sequence came.
  case stopSequence = "stop_sequence"
  /// It calls tools.
  case tool
  /// The limit of output tokens was reached.
  case length
  /// The model's context is full.
  case contextWindow = "context_window"
  /// A content filter, or the model's own refusal.
  case filter
  /// The upstream paused a long turn of its own tools.
  case pause
}
