package import Base
import HTTP
package import Wire

/// The frames of a reply as they come in, with back-pressure: nobody reads on until the last ones were taken.
///
///     while let frames = try await stream.next() { … }
///
/// What arrived together comes together, so that it can leave together.
package final class Frames {
  private let stream: ClientStream?
  private var whole: [UInt8]?
  private var splitter = EventStream(.upstream)
  private var isEnded = false

  init(_ stream: ClientStream) {
    self.stream = stream
  }

  /// The frames of a body that has come as a whole.
  init(whole: [UInt8]) {
    stream = nil
    self.whole = whole
  }

  /// The frames that came next, at least one; nil behind the last. Throws `broken` for a stream that is cut within an
  /// event or breaks, `timeout` when it stops.
  package func next() async throws(Fault) -> [Frame]? {
    var frames: [Frame] = []
    while frames.isEmpty, !isEnded {
      if let piece = try await piece() {
        try splitter.feed(piece[...], into: &frames)
        if splitter.isDone { finish() }
      } else {
        isEnded = true
        try splitter.end(into: &frames)
      }
    }
    return frames.isEmpty ? nil : frames
  }

  private func piece() async throws(Fault) -> [UInt8]? {
    guard let stream else {
      defer { whole = nil }
      return whole
    }
    return try await stream.next()
  }

  /// Behind the end mark nothing is waited for; what is already there is taken, so that the connection can be used again.
  private func finish() {
    isEnded = true
    stream?.drain()
  }

  /// Whether nothing more will come.
  package var isFinished: Bool { isEnded }

  /// Lets the upstream go.
  package func cancel() { stream?.cancel() }
}
