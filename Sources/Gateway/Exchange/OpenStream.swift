import Base
import HTTP
import Upstream
import Wire

/// An upstream's stream on its way to a client of the same wire.
final class OpenStream {
  private var head: ResponseHead?
  let provider: Provider
  private let frames: Frames
  private var relay: ChatRelay
  private var bytes: [UInt8] = []
  /// What is wrong behind bytes that the client shall still get.
  private var fault: Fault?
  /// Whether nothing more comes, and all is well.
  private(set) var isEnded = false

  init(_ frames: Frames, _ head: ResponseHead, _ provider: Provider, model: String, showsUsage: Bool) {
    self.frames = frames
    self.head = head
    self.provider = provider
    let rules = provider.file.response
    relay = ChatRelay(
      model: model, showsUsage: showsUsage, finishWords: rules.finish, rules: provider.file.errors, endMeansStop: rules.eof == .stop)
  }

  var isUseful: Bool { relay.isUseful }
  var usage: Usage? { relay.usage }
  var finish: FinishReason? { relay.finishes[0] }

  /// Takes what came next; false behind the end. Throws what is wrong with it, once everything before it was taken.
  func advance() async throws(Fault) -> Bool {
    if let fault { throw fault }
    let next = try await frames.next()
    do throws(Fault) {
      for frame in next ?? [] { bytes += try relay.relay(frame) }
      guard next == nil || frames.isFinished else { return true }
      bytes += try relay.end()
      isEnded = true
      return false
    } catch {
      guard isUseful, !bytes.isEmpty else { throw error }
      fault = error
      return true
    }
  }

  /// The upstream's head, once: a stream may stand open for long.
  func takeHead() -> ResponseHead? {
    defer { head = nil }
    return head
  }

  /// The bytes for the client since the last time.
  func takeBytes() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}
