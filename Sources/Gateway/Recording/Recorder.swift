import Archive
import Base
import HTTP

/// One loop's way into the spool.
///
/// A record is appended before the last byte of its reply leaves: what a client has seen complete is kept, whatever happens then.
final class Recorder {
  private let keeper: RecordKeeper
  private let writer: SpoolWriter
  private let random = RandomSource()

  init(_ keeper: RecordKeeper, loop: Int) {
    self.keeper = keeper
    writer = SpoolWriter(keeper.spool, loop: loop)
  }

  /// What is wrong with the record as a whole; empty when nothing is.
  var troubles: [String] { keeper.troubles }

  /// Brings the figures of the record up to date.
  func measure(_ metrics: GatewayMetrics) { keeper.measure(metrics) }

  /// What is to be kept of an exchange; nil for nothing.
  func recording(_ policy: RecordPolicy) -> Recording? {
    switch policy {
    case .full: Recording(.full)
    case .metadata: Recording(.metadata)
    case .sample(let percent): random.next() % 100 < UInt64(percent) ? Recording(.full) : nil
    case .none: nil
    }
  }

  /// Whether there is room for another record, where those without room are refused.
  var hasRoom: Bool { !keeper.spool.isFull && !writer.isWaiting }

  /// Keeps a record; false when it was dropped. `isPromised`: whether it was accepted, so that it is kept although the spool is full.
  func keep(_ record: Record, isPromised: Bool) -> Bool {
    writer.append(record, isPromised: isPromised)
  }

  /// Waits until the disk has what was kept so far.
  func sync(on loop: EventLoop) async {
    guard let file = writer.segment else { return }
    await keeper.syncer.sync(file, on: loop)
  }

  /// Tries once more what the disk did not take.
  func flush() { _ = writer.flush() }

  /// Ends the segment.
  func end() { writer.end() }
}
