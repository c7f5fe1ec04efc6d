import Archive
import Base
import HTTP

/// The record of a running gateway: the spool that the loops write, and the ingester behind it.
final class RecordKeeper: Sendable {
  let spool: Spool
  let syncer = Syncer()
  private let ingester: Ingester

  /// Nanoseconds that another program may take to let go of the spool: a command that files what was left there, a gateway that ends.
  private static let patience: Int64 = 5_000_000_000

  /// Takes the spool and starts to ingest what earlier runs left there. Throws `internal` when the spool can't be used or another process
  /// has it; trouble with the archive is no reason to stop: records wait in the spool.
  init(_ config: RecordConfig, _ source: ConfigSource) throws(Fault) {
    let places = RecordPlaces(config, source)
    guard let folder = try SpoolFolder.open(places.spool, patience: Self.patience) else {
      throw Fault(
        .internal, "Another program records into \(places.spool). Give this one a folder of its own: --data DIR, or record.spool.")
    }
    spool = Spool(folder, limit: config.spoolLimit)
    ingester = Ingester(
      spool, places.archive, keep: Retention(age: config.mostAge, bytes: config.mostBytes), isDurable: config.sync == .disk)
    ingester.start()
  }

  func recorder(on loop: EventLoop) -> Recorder { Recorder(self, loop) }

  /// What is wrong, in words for the owner; empty when nothing is.
  var troubles: [String] {
    var troubles: [String] = []
    let dropped = spool.droppedCount
    if dropped > 0 { troubles.append("\(dropped) records were dropped") }
    if spool.isFull { troubles.append("the spool is full") }
    let trouble = ingester.trouble
    if !trouble.isEmpty { troubles.append(trouble) }
    return troubles
  }

  /// Brings the figures of the record up to date.
  func measure(_ metrics: GatewayMetrics) {
    metrics.spoolBytes.set(spool.bytes)
    metrics.recorded.set(spool.appendedCount)
    metrics.dropped.set(spool.droppedCount)
    metrics.archiveIsDown.set(ingester.trouble.isEmpty ? 0 : 1)
  }

  /// Files what is left, for a few seconds at most.
  func end() { ingester.end() }
}
