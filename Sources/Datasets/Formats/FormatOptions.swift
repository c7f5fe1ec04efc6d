/// What is done with what the model thought.
package enum ReasoningRule: String, Sendable, CaseIterable {
  /// It is written where the format has a place for it.
  case keep
  /// It is left out.
  case drop
  /// It is written as a member of its own (`reasoning_content`) in every format that has messages.
  case split
}

/// What of a conversation is trained.
package enum LossRule: String, Sendable, CaseIterable {
  /// Every turn of the model.
  case all
  /// The last turn of the model alone.
  case last
}

/// How records are written, whatever the format.
package struct FormatOptions: Sendable {
  /// What becomes of thoughts.
  package var reasoning = ReasoningRule.keep
  /// Which answers are trained.
  package var loss = LossRule.all
  /// Whether text beside calls is kept in formats where that needs a tag (ShareGPT).
  package var keepsTextBesideCalls = true

  /// As the rules say.
  package init() {}
}

/// A record as it is written: one JSON object, and what was changed for its format.
package struct WrittenRecord: Sendable {
  /// The object's text, without a line end.
  package var line: [UInt8]
  /// What was changed for this format alone.
  package var warnings: Set<Warning> = []
  /// The images beside the file.
  package var images: [Picture] = []
}
