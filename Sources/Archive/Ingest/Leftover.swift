package import Base
internal import CSystem

/// What lies in a spool and isn't in the archive yet, seen by a command beside the gateway or without one.
package struct Leftover {
  private let spool: String
  private let location: Secret
  /// Nanoseconds that a command waits for the gateway to file what it has.
  private static let patience: Int64 = 5_000_000_000

  /// What a spool folder holds that the archive of a location doesn't have yet.
  package init(spool: String, archive location: Secret) {
    self.spool = spool
    self.location = location
  }

  /// Sees to it that what lies in the spool now is filed: files it itself where no gateway runs, else waits for the gateway, but not for
  /// long. Throws as `Archive`.
  package func settle() throws(Fault) {
    guard !SpoolFolder.segments(spool).isEmpty else { return }
    if let folder = try SpoolFolder.open(spool) {
      let spool = Spool(folder, limit: .max)
      try Archive.makeFolder(of: location.exposed)
      let archive = try Archive.open(location.exposed, mode: .write)
      let reader = BatchReader(spool, from: try archive.places(of: spool))
      while true {
        let batch = reader.next()
        guard !batch.isEmpty else { break }
        try archive.file(batch, of: spool)
      }
    } else {
      try wait()
    }
  }

  private func wait() throws(Fault) {
    let deadline = sys_now() + Self.patience
    var goals: [String: Int]?
    var pause: Int64 = 10_000_000
    while sys_now() < deadline {
      let places = try places()
      let ends = goals ?? self.ends(behind: places)
      goals = ends
      let present = Set(SpoolFolder.segments(spool).map(\.name))
      if ends.allSatisfy({ places[$0.key] ?? 0 >= $0.value || !present.contains($0.key) }) { return }
      // Every look is a connection of its own.
      sys_sleep(pause)
      pause = min(2 * pause, 200_000_000)
    }
  }

  /// Records that are not in the archive yet.
  package func count() throws(Fault) -> Int {
    let places = try places()
    return SpoolFolder.segments(spool).reduce(0) { $0 + read($1.name, from: places[$1.name] ?? 0).records }
  }

  /// Where the archive is in each segment.
  private func places() throws(Fault) -> [String: Int] {
    guard let name = SpoolFolder.peek(spool)?.name else { return [:] }
    do throws(Fault) {
      return try Archive.open(location.exposed, mode: .read).position(spool: name)
    } catch {
      // One that isn't there yet has nothing.
      if error.storeTrouble == .missing { return [:] }
      throw error
    }
  }

  /// Where the last whole frames end.
  private func ends(behind places: [String: Int]) -> [String: Int] {
    var ends: [String: Int] = [:]
    for (name, _) in SpoolFolder.segments(spool) {
      let read = read(name, from: places[name] ?? 0)
      if read.records > 0 { ends[name] = read.end }
    }
    return ends
  }

  private func read(_ segment: String, from place: Int) -> (records: Int, end: Int) {
    // nil is right: what can't be read has no records for us.
    guard let reader = try? SegmentReader(spool + "/" + segment, from: place) else { return (0, place) }
    var (records, end) = (0, place)
    while reader.next() != nil {
      records += 1
      end = reader.offset
    }
    return (records, end)
  }
}
