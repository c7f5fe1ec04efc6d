import Base
import HTTP
import Upstream
import Wire

/// A reply on its way to the client, of which something useful has come.
protocol OpenReply: AnyObject {
  /// The silence after which the client gets a heartbeat; zero for none.
  var keepAlive: Duration { get }
  /// Whether nothing more comes, and all is well.
  var isEnded: Bool { get }
  var usage: Usage? { get }
  var finish: FinishReason? { get }
  var losses: [Loss] { get }
  /// Takes what came next; false behind the end. Throws what is wrong with it, once everything before it was taken.
  func advance() async throws(Fault) -> Bool
  /// The upstream's head, once; nil where there is none to pass on.
  func takeHead() -> ResponseHead?
  /// The bytes for the client since the last time.
  func takeBytes() -> [UInt8]
  /// What tells the client of a failure.
  func failure(_ fault: Fault) -> [UInt8]
}

/// An upstream's stream on its way to the client.
final class OpenStream: OpenReply {
  private var head: ResponseHead?
  /// The silence after which the client gets a heartbeat; zero for none.
  let keepAlive: Duration
  private let frames: Frames
  private var relay: any StreamRelay
  private var bytes: [UInt8] = []
  /// What is wrong behind bytes that the client shall still get.
  private var fault: Fault?
  /// Whether nothing more comes, and all is well.
  private(set) var isEnded = false

  @inline(never)
  init(_ frames: Frames, _ head: ResponseHead, _ reader: ReplyReader) {
    self.frames = frames
    self.head = head
    relay = reader.relay()
    keepAlive = reader.offer.provider.file.keepAlive
  }

  var isUseful: Bool { relay.isUseful }
  var usage: Usage? { relay.usage }
  var finish: FinishReason? { relay.finish }
  var losses: [Loss] { relay.losses }

  /// What tells the client of a failure.
  func failure(_ fault: Fault) -> [UInt8] { relay.failure(fault) }

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
