import Base
import HTTP
import Upstream
import Wire

/// A web app's reply on its way to the client: events, written in the client's wire.
final class OpenRecipe: OpenReply {
  let keepAlive: Duration
  private let run: RecipeRun
  private var relay: TranslatingRelay
  private var bytes: [UInt8] = []
  /// What is wrong behind bytes that the client shall still get.
  private var fault: Fault?
  private(set) var isEnded = false

  init(_ run: RecipeRun, _ reader: ReplyReader) {
    self.run = run
    relay = reader.translation()
    keepAlive = reader.offer.provider.file.keepAlive
  }

  var usage: Usage? { relay.usage }
  var finish: FinishReason? { relay.finish }
  var losses: [Loss] { relay.losses }

  func advance() async throws(Fault) -> Bool {
    if let fault { throw fault }
    do throws(Fault) {
      if let events = try await run.next() { relay.write(events, &bytes) }
      isEnded = run.isFinished
      return !isEnded
    } catch {
      guard !bytes.isEmpty else { throw error }
      fault = error
      return true
    }
  }

  func takeHead() -> ResponseHead? { nil }

  func takeBytes() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  func failure(_ fault: Fault) -> [UInt8] { relay.failure(fault) }
}
