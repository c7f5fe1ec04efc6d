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
  private let budget = RecordingBudget()
  /// Rings while records wait for the disk.
  private var alarm: Alarm?

  /// Nanoseconds until the disk is asked again.
  private static let patience = 200_000_000

  init(_ keeper: RecordKeeper, _ loop: EventLoop) {
    self.keeper = keeper
    writer = SpoolWriter(keeper.spool, loop: loop.index)
    alarm = Alarm(loop) { [weak self] in self?.flush() }
  }

  /// What is wrong with the record as a whole; empty when nothing is.
  var troubles: [String] { keeper.troubles }

  /// Brings the figures of the record up to date.
  func measure(_ metrics: GatewayMetrics) { keeper.measure(metrics) }

  /// What is to be kept of an exchange; nil for nothing.
  func recording(_ policy: RecordPolicy) -> Recording? {
    switch policy {
    case .full: Recording(.full, budget)
    case .metadata: Recording(.metadata, budget)
    case .sample(let percent): random.next() % 100 < UInt64(percent) ? Recording(.full, budget) : nil
    case .none: nil
    }
  }

  /// Whether there is room for another record, where those without room are refused.
  var hasRoom: Bool { !keeper.spool.isFull && !writer.isWaiting }

  /// Keeps a record; false when it was dropped. `isPromised`: whether it was accepted, so that it is kept although the spool is full.
  func keep(_ record: Record, isPromised: Bool) -> Bool {
    defer { if writer.isWaiting { setAlarm() } }
    return writer.append(record, isPromised: isPromised)
  }

  private func setAlarm() { alarm?.set(Int64(Time.monotonic + Self.patience)) }

  /// Tries once more what the disk did not take.
  private func flush() {
    if !writer.flush() { setAlarm() }
  }

  /// Waits until the disk has what was kept so far.
  func sync(on loop: EventLoop) async {
    guard let file = writer.segment else { return }
    await keeper.syncer.sync(file, on: loop)
  }

  /// Ends the segment.
  func end() {
    alarm?.clear()
    writer.end()
  }
}
