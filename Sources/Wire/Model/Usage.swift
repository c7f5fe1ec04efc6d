/// How many tokens a reply took, as totals.
///
/// Input holds everything, cache reads and writes included; output holds everything, reasoning included. Source: wire-formats §8.
/// The parts are 0 when the upstream did not name them.
package struct Usage: Sendable, Equatable {
  /// All tokens of the input.
  package var input = 0
  /// Of the input: read from a cache.
  package var cacheRead = 0
  /// Of the input: written to a cache that is kept for five minutes, or for a time that is not known.
  package var cacheWrite = 0
  /// Of the input: written to a cache that is kept for an hour.
  package var cacheWriteHour = 0
  /// Of the input: audio.
  package var inputAudio = 0
  /// Of the input: images.
  package var inputImage = 0
  /// All tokens of the output.
  package var output = 0
  /// Of the output: reasoning.
  package var reasoning = 0
  /// Of the output: audio.
  package var outputAudio = 0
  /// Of the output: images.
  package var outputImage = 0

  /// No tokens at all.
  package init(input: Int = 0, output: Int = 0) {
    self.input = input
    self.output = output
  }

  /// Input and output; one that is too large to add counts as the largest number.
  package var total: Int {
    let (sum, isTooLarge) = input.addingReportingOverflow(output)
    return isTooLarge ? .max : sum
  }
}
