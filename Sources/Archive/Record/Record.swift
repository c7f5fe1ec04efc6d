/// What is kept of one exchange: the raw bytes of both sides and what was known at its end. No credential is in it.
///
/// The gateway makes it when the last byte of a reply is about to leave, the spool keeps it, and everything else is read from it
/// later: see `Reading`.
package struct Record: Sendable, Equatable {
  /// 26 letters of Crockford's base 32; later ones sort behind earlier ones. The client knows it as `x-apus-id`.
  package var id: String
  /// Milliseconds since 1970, when the request's head was complete.
  package var time: Int
  /// The name of the key that called; `owner` where there are no keys.
  package var key = ""
  /// What was asked for: `chat`, `embeddings`, `proxy` …
  package var endpoint = ""
  /// The wire of both bodies, as the raw value of `ClientWire`; empty when it is none that is known.
  package var clientWire = ""
  /// The request's method.
  package var method = "POST"
  /// The path without the query, which may hold secrets.
  package var path = ""
  /// Who answered; for the proxy by path its domain. Empty when nobody was asked.
  package var provider = ""
  /// The model that the client asked for.
  package var model = ""
  /// The upstream's name of the model that answered.
  package var modelServed = ""
  /// What the client got; 499 when it left before the head.
  package var status = 0
  /// The `FinishReason` of the first candidate; empty when there was none.
  package var finish = ""
  /// Whether the client asked for a stream.
  package var isStream = false
  /// Whether the reply reached its own end. Never for an error, a cut stream, or a client that left.
  package var isComplete = false
  /// Tokens as the upstream counted them; nil when it did not say.
  package var tokens: Tokens?
  /// Microseconds from the head of the request to the end of the reply.
  package var latency = 0
  /// Microseconds until the head of the reply left; nil when none did.
  package var firstByte: Int?
  /// How many upstreams were tried.
  package var tries = 0
  /// The kind of the fault that ended it; empty when all was well.
  package var error = ""
  /// What the client was told of the fault.
  package var errorMessage = ""
  /// What changed its meaning between two wires, as `path:action`.
  package var losses: [String] = []
  /// How much is kept; for `metadata` both bodies are absent.
  package var keeps = Keeps.full
  /// What the client sent, and what it got: byte for byte, without the framing of HTTP.
  package var request = Body()
  /// What the client got, as far as it was sent.
  package var response = Body()

  /// Of an exchange that began `time` milliseconds after 1970; `id` is unlike all others.
  package init(id: String, time: Int) {
    self.id = id
    self.time = time
  }

  /// One side's bytes, and what its head said of them.
  package struct Body: Sendable, Equatable {
    /// The bytes as they were on the wire, without the framing of chunks.
    package var bytes: [UInt8] = []
    /// `content-type`; empty without one.
    package var type = ""
    /// `content-encoding`; empty for none.
    package var coding = ""
    /// Whether the end is missing because the body was longer than what is kept.
    package var isCut = false

    /// Of bytes with their `Content-Type` and `Content-Encoding`; empty where there was none.
    package init(_ bytes: [UInt8] = [], type: String = "", coding: String = "") {
      self.bytes = bytes
      self.type = type
      self.coding = coding
    }
  }

  /// What a reply took.
  package struct Tokens: Sendable, Equatable {
    /// All that went in, what was cached with it.
    package var input = 0
    /// All that came out, thoughts with it.
    package var output = 0
    /// Of `input`, what was read from a cache.
    package var cached = 0
    /// Of `output`, what was thought.
    package var reasoning = 0
    /// Whether the gateway counted them itself.
    package var isEstimated = false

    /// None.
    package init() {}
  }

  /// How much of an exchange is kept.
  package enum Keeps: UInt8, Sendable { case full, metadata }
}
