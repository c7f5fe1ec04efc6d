package import Base

/// One step of a reply. Every wire's decoder gives them and every wire's encoder takes them. Source: wire-formats §1.
///
/// A reply is: `start`, then per candidate `candidate`, its parts and one `finish`; `usage` any number of times, each a total so far;
/// `end`. A part is: `open` (with what is known of it), deltas that its text grows by, a signature, citations, `close`. Parts of a
/// candidate count from 0 in the order they open; several calls may be open at once, and candidates run side by side. A failure is no
/// event: the decoder throws a `Fault`, and the encoder's wire renders it (`ErrorShape`).
package enum Event: Sendable, Equatable {
  case start(ReplyHead)
  case candidate(Int)
  case open(Place, Part)
  case delta(Place, String)
  case signature(Place, Signature)
  case citation(Place, Citation)
  case close(Place)
  /// Logprobs of the tokens that follow the last ones, in the shape of Chat's `logprobs` object.
  case logprobs(candidate: Int, JSON)
  /// `sequence` is the stop sequence that came, where the wire tells.
  case finish(candidate: Int, FinishReason, sequence: String? = nil)
  case usage(Usage)
  case loss(Loss)
  case end
}

/// A part's place in a reply.
package struct Place: Sendable, Hashable {
  /// The candidate it belongs to, from 0.
  package var candidate: Int
  /// Its number among the candidate's parts, from 0.
  package var part: Int

  /// The place of a candidate's part.
  package init(_ candidate: Int, _ part: Int) {
    self.candidate = candidate
    self.part = part
  }
}

/// What a reply says of itself before its content.
package struct ReplyHead: Sendable, Equatable {
  /// The upstream's id, nil when it gives none.
  package var id: String?
  /// The upstream's name of the model, nil when it gives none.
  package var model: String?
  /// Unix time in seconds, nil when the upstream gives none.
  package var created: Int?
  /// Whether the upstream refused the prompt itself (Gemini's `promptFeedback`): then the words of the refusal are the gateway's own.
  package var isBlocked = false
  /// Further members that other replies of the same wire take over, such as `system_fingerprint`.
  package var extra: [Extra] = []

  /// A member by name.
  package struct Extra: Sendable, Equatable {
    /// The member's name.
    package var name: String
    /// Its value, verbatim.
    package var value: JSON

    /// A member with its value.
    package init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// A head of what is known.
  package init(id: String? = nil, model: String? = nil, created: Int? = nil, extra: [Extra] = []) {
    self.id = id
    self.model = model
    self.created = created
    self.extra = extra
  }
}
