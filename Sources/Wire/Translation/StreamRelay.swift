package import Base

/// Hands an upstream's stream on to a client, frame by frame: as it is on the same wire, through events on another.
package protocol StreamRelay: Sendable {
  /// Takes a frame in; gives the bytes for the client, which may be none. Throws what an error in the stream means.
  mutating func relay(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8>
  /// Ends the stream; gives the last bytes for the client. `.broken` when the upstream's answer is not complete.
  mutating func end() throws(Fault) -> [UInt8]
  /// The bytes that tell the client of a failure behind the first byte; nothing that looks like an end may follow.
  mutating func failure(_ fault: Fault) -> [UInt8]
  /// Whether anything came that a client can use; until then another upstream may be tried.
  var isUseful: Bool { get }
  /// The last total of tokens that the upstream told, nil when it told none.
  var usage: Usage? { get }
  /// Why the first candidate ended, nil while it has not.
  var finish: FinishReason? { get }
  /// What changed its meaning on the way down.
  var losses: [Loss] { get }
}

extension StreamRelay {
  /// On the same wire nothing changes its meaning.
  package var losses: [Loss] { [] }
}

extension ChatRelay: StreamRelay {
  /// Why the first choice ended.
  package var finish: FinishReason? { finishes[0] }

  /// An event with the error.
  package func failure(_ fault: Fault) -> [UInt8] { ErrorShape.openAI.frame(fault) }
}

extension AnthropicRelay: StreamRelay {
  /// Why the reply ended.
  package var finish: FinishReason? { finishes[0] }

  /// An event with the error.
  package func failure(_ fault: Fault) -> [UInt8] { ErrorShape.anthropic.frame(fault) }
}

extension GeminiRelay: StreamRelay {
  /// Why the first candidate ended.
  package var finish: FinishReason? { finishes[0] }

  /// An event with the error, or the last element of the array.
  package mutating func failure(_ fault: Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    fail(ErrorShape.gemini.body(fault), into: &bytes)
    return bytes
  }
}

extension GeminiStreamEncoder {
  /// Appends an event with the error, or the last element of the array.
  package mutating func fail(_ fault: Fault, into bytes: inout [UInt8]) {
    fail(ErrorShape.gemini.body(fault), into: &bytes)
  }
}
